/**
 * @file Figures as SVG files: panels drawn by Observable Plot on a document of linkedom, one below the other. Readable in light and dark by the reader's
 * setting; numbers rounded, so that the last digit of a sum changes no byte. Leaves out what to draw.
 */

import type { PlotOptions } from '@observablehq/plot';
import { visibleText } from '../../formats/visible_text.ts';

export interface Panel {
  /** Empty for a panel that goes on where the one above ends. */
  readonly title: string;
  /** Of Plot; `document`, `width`, `style` and `title` are set here. */
  readonly options: PlotOptions;
}

export interface FigureOptions {
  readonly title: string;
  /** For those who do not see it. */
  readonly description: string;
  readonly width: number;
  /** Entries by their colour, under the title. */
  readonly legend: readonly { readonly label: string; readonly color: string }[];
  /** Drawn in this order, from the top. */
  readonly panels: readonly Panel[];
}

const MARGIN = 16;
const TITLE_HEIGHT = 26;
const LEGEND_HEIGHT = 24;
const PANEL_TITLE_HEIGHT = 22;
const PANEL_GAP = 10;

const STYLE = `
  svg.antipode { color: #1f1f24; background: #ffffff; --antipode-ground: #ffffff; }
  .background { fill: #ffffff; }
  @media screen and (prefers-color-scheme: dark) {
    svg.antipode { color: #e7e7ea; background: #17171b; --antipode-ground: #17171b; }
    .background { fill: #17171b; }
  }
  text.title { font-weight: 600; font-size: 15px; }
  text.panel { font-weight: 600; font-size: 12px; }
  text.legend { font-size: 12px; }
`;

/** Standalone SVG, ending in a line break. */
export async function figureSvg(options: FigureOptions): Promise<string> {
  const { width, panels, title, description, legend } = options;
  const drawn: { readonly svg: string; readonly title: string; readonly height: number }[] = [];
  for (const panel of panels) drawn.push(await drawPanel(panel, width - 2 * MARGIN));
  const parts: string[] = [];
  let y = MARGIN + TITLE_HEIGHT;
  const entries = drawLegend(legend, y, width);
  parts.push(...entries.parts);
  y += entries.height;
  for (const panel of drawn) {
    if (panel.title !== '') {
      parts.push(`<text class="panel" x="${MARGIN}" y="${y + 14}">${escapeXml(panel.title)}</text>`);
      y += PANEL_TITLE_HEIGHT;
    }
    parts.push(
      panel.svg.replace(
        '<svg ',
        `<svg x="${MARGIN}" y="${y}" role="img" aria-label="${escapeXml(panel.title || title)}" `,
      ),
    );
    y += panel.height + PANEL_GAP;
  }
  const height = y - PANEL_GAP + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="antipode" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(title)}" font-family="system-ui, sans-serif" fill="currentColor">`,
    `<title>${escapeXml(title)}</title>`,
    `<desc>${escapeXml(description)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="background" width="${width}" height="${height}"/>`,
    `<text class="title" x="${MARGIN}" y="${MARGIN + 14}">${escapeXml(title)}</text>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

async function drawPanel(
  { title, options }: Panel,
  width: number,
): Promise<{ readonly svg: string; readonly title: string; readonly height: number }> {
  // Both take a tenth of a second to load: only those who draw wait for it.
  const [{ plot }, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = plot({ ...options, document, width }).outerHTML;
  if (!svg.startsWith('<svg ')) throw new Error('internal: Plot drew something other than one SVG');
  return { svg: tidy(svg), title, height: Number(/ height="(\d+)"/.exec(svg)?.[1]) };
}

/** Without Plot's own style sheet, whose white would shine through in the dark; two digits after the point wherever something is drawn. */
function tidy(svg: string): string {
  return inXml(svg)
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]+>/g, (tag) =>
      tag
        .replace(/ class="plot-[0-9a-f]+"/g, '')
        // Groups of marks may not be named: to readers of screens a panel is one picture.
        .replace(/ aria-label="[^"]*"/g, '')
        .replace(/-?\d+\.\d{3,}(e-?\d+)?/g, (text) => String(Number(Number(text).toFixed(2)))),
    );
}

/** Widths of letters are not known here: 7 pixels each is generous at 12 pixels. */
const LETTER = 7;

/** Entries one behind the other, in as many lines as they take. */
function drawLegend(
  legend: FigureOptions['legend'],
  top: number,
  width: number,
): { readonly parts: string[]; readonly height: number } {
  let x = MARGIN;
  let y = top;
  const parts = legend.map(({ label, color }) => {
    const needed = 17 + LETTER * label.length;
    if (x > MARGIN && x + needed > width - MARGIN) {
      x = MARGIN;
      y += LEGEND_HEIGHT;
    }
    const entry = `<rect x="${x}" y="${y}" width="12" height="12" rx="2" fill="${color}" stroke="currentColor" stroke-opacity="0.35"/><text class="legend" x="${x + 17}" y="${y + 10}">${escapeXml(label)}</text>`;
    x += needed + 18;
    return entry;
  });
  return { parts, height: legend.length === 0 ? 0 : y - top + LEGEND_HEIGHT };
}

/** For text and for attributes in quotes; control and format characters become visible codes. */
export function escapeXml(text: string): string {
  return inXml(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

/** Besides what is invisible, two code points have no place in XML, escaped or not. */
function inXml(text: string): string {
  return visibleText(text).replace(/[\ufffe\uffff]/g, '\ufffd');
}
