/** @file Display tables as HTML: the same rows and notes as in the terminal and in Markdown; feature indices become links where a page about them is known. */

import type { DisplayTable } from '../display.ts';
import { html, type Markup } from './markup.ts';

export interface TableMarkupOptions {
  /** URL of a feature's page; undefined where there is none. */
  readonly featureUrl?: (feature: number) => string | undefined;
}

/** Columns that hold features: `5444`, or `[404, 281]`. */
const FEATURE_COLUMNS = /^(Feature( Pair)?|Index( [12])?|Published (Feature|Pair))$/;

/** Text of more letters wants room. */
const LONG = 24;

export function tableMarkup(table: DisplayTable, options: TableMarkupOptions = {}): Markup {
  const shown = table.columns
    .map((column, index) => ({ ...column, index }))
    .filter(({ index }) => table.rows.some((row) => row[index]));
  const isLong = new Set(shown.filter(({ index }) => table.rows.some((row) => row[index]!.length > LONG)));
  const notes = html`${table.notes.length === 0 ? undefined : html`<ul class="notes">${table.notes.map((note) => html`<li>${note}</li>`)}</ul>`}`;
  if (table.columns.every(({ header }) => header === '')) {
    return html`<h3>${table.title}</h3><dl>${table.rows.map(([name, ...values]) => html`<dt>${name}</dt><dd>${values.join(' ')}</dd>`)}</dl>${notes}`;
  }
  if (table.rows.length === 0) return html`<h3>${table.title}</h3>${notes}`;
  return html`<div class="scroll" role="region" aria-label="${table.title}" tabindex="0"><table>
<caption>${table.title}</caption>
<thead><tr>${shown.map(({ align, header }) => html`<th scope="col"${classOf(align === 'right' ? 'right' : '')}>${header}</th>`)}</tr></thead>
<tbody>${table.rows.map(
    (row) => html`<tr>${shown.map((column) => {
      const { align, header, index } = column;
      const kind = align === 'right' ? 'right' : isLong.has(column) ? 'text' : 'short';
      const cell = row[index]!;
      return html`<td${classOf(kind)}>${FEATURE_COLUMNS.test(header) ? linked(cell, options) : cell}</td>`;
    })}</tr>
`,
  )}</tbody>
</table></div>
${notes}`;
}

function classOf(name: string): Markup | undefined {
  return name === '' ? undefined : html` class="${name}"`;
}

/** Every whole number of the cell. */
function linked(cell: string, { featureUrl }: TableMarkupOptions): Markup {
  if (!featureUrl) return html`${cell}`;
  return html`${cell.split(/(\d+)/).map((piece) => {
    const url = /^\d+$/.test(piece) ? featureUrl(Number(piece)) : undefined;
    return url === undefined ? html`${piece}` : html`<a href="${url}">${piece}</a>`;
  })}`;
}
