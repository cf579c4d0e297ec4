/**
 * @file The distribution of the cosines of all pairs, counted, on a logarithmic scale; below it where antonym pairs, random pairs and the extremes of the
 * dictionary lie. A panel of each for every space.
 */

import type { PlotOptions } from '@observablehq/plot';
import { formatCount } from '../display.ts';
import { SPACE_NAMES } from '../geometry_subject.ts';
import { type DrawnPair, type DrawnSae, type DrawnSpace, pairWords, shortName } from './figure_rows.ts';
import { GROUP_COLORS, GROUP_NAMES, type PairGroup } from './palette.ts';
import { figureSvg, type Panel } from './svg_document.ts';

const WIDTH = 760;
const BARS_HEIGHT = 190;
const STRIP_HEIGHT = 34;
const MARGIN_LEFT = 112;
const MARGIN_RIGHT = 20;

const STRIPS: readonly PairGroup[] = ['antonym', 'random', 'aligned', 'opposed'];

/** Standalone SVG; undefined where no space was searched. */
export async function populationFigure(sae: DrawnSae): Promise<string | undefined> {
  const searched = sae.spaces.filter(({ bins }) => bins.length > 0);
  if (searched.length === 0) return undefined;
  const panels: Panel[] = [];
  for (const space of searched) panels.push(await barsPanel(space), await stripsPanel(space));
  return figureSvg({
    title: `Cosines of all pairs: ${sae.label}`,
    description: searched.map(wordsOf).join(' '),
    width: WIDTH,
    legend: STRIPS.filter((group) =>
      searched.some(({ pairs }) => pairs.some((pair) => pair.group === group)),
    ).map((group) => ({ label: GROUP_NAMES[group], color: GROUP_COLORS[group] })),
    panels,
  });
}

function wordsOf({ space, allPairs, pairs, bins }: DrawnSpace): string {
  const groups = STRIPS.flatMap((group) => {
    const cosines = pairs
      .filter(({ cos, group: own }) => own === group && !Number.isNaN(cos))
      .map(({ cos }) => cos);
    if (cosines.length === 0) return [];
    return [
      `${GROUP_NAMES[group]} from ${Math.min(...cosines).toFixed(3)} to ${Math.max(...cosines).toFixed(3)}`,
    ];
  });
  const range = `from ${bins[0]!.lower.toFixed(3)} to ${bins.at(-1)!.upper.toFixed(3)}`;
  return `${SPACE_NAMES[space]}: ${formatCount(allPairs)} pairs ${range}; ${groups.join(', ')}.`;
}

async function barsPanel({ space, bins, allPairs }: DrawnSpace): Promise<Panel> {
  const { areaY, ruleX } = await import('@observablehq/plot');
  const most = Math.max(...bins.map(({ count }) => count));
  const options: PlotOptions = {
    height: BARS_HEIGHT,
    marginLeft: MARGIN_LEFT,
    marginBottom: 4,
    marginRight: MARGIN_RIGHT,
    x: { domain: [-1, 1], axis: null },
    y: {
      type: 'log',
      domain: [FLOOR, most * 2],
      label: 'pairs per bin of 1/512',
      grid: true,
      ticks: powersUpTo(most * 2),
      tickFormat: powerOfTen,
    },
    marks: [
      areaY(outline(bins), { x: 'x', y1: FLOOR, y2: 'count', fill: 'currentColor', fillOpacity: 0.45 }),
      ruleX([0], { strokeOpacity: 0.5 }),
    ],
  };
  return { title: `${SPACE_NAMES[space]}, ${formatCount(allPairs)} pairs`, options };
}

/** Where the axis begins: one pair is to stand out from none. */
const FLOOR = 0.5;

/** The steps of the bins; between bins that hold something it falls to the floor. */
function outline(bins: readonly DrawnSpace['bins'][number][]): { x: number; count: number }[] {
  return bins.flatMap(({ lower, upper, count }, index) => [
    ...(index === 0 || bins[index - 1]!.upper < lower ? [{ x: lower, count: FLOOR }] : []),
    { x: lower, count },
    { x: upper, count },
    ...(index === bins.length - 1 || bins[index + 1]!.lower > upper ? [{ x: upper, count: FLOOR }] : []),
  ]);
}

function powersUpTo(most: number): number[] {
  return Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, power) => 10 ** power);
}

function powerOfTen(value: number): string {
  const power = Math.round(Math.log10(value));
  return power < 4
    ? formatCount(value)
    : `10${[...String(power)].map((digit) => SUPERSCRIPTS[Number(digit)]).join('')}`;
}

const SUPERSCRIPTS = [...'⁰¹²³⁴⁵⁶⁷⁸⁹'];

async function stripsPanel({ pairs }: DrawnSpace): Promise<Panel> {
  const { tickX, text, ruleX } = await import('@observablehq/plot');
  const shown = STRIPS.filter((group) => pairs.some((pair) => pair.group === group));
  const drawn = pairs.filter(({ cos }) => !Number.isNaN(cos));
  const options: PlotOptions = {
    height: shown.length * STRIP_HEIGHT + 42,
    marginLeft: MARGIN_LEFT,
    marginTop: 4,
    marginRight: MARGIN_RIGHT,
    x: { domain: [-1, 1], label: 'cosine', ticks: 9 },
    y: { type: 'band', domain: shown.map((group) => GROUP_NAMES[group]), label: null, padding: 0.1 },
    marks: [
      ruleX([0], { strokeOpacity: 0.5 }),
      tickX(drawn, {
        x: 'cos',
        y: ({ group }: DrawnPair) => GROUP_NAMES[group],
        stroke: ({ group }: DrawnPair) => GROUP_COLORS[group],
        strokeWidth: 1.5,
        insetTop: 13,
        title: pairWords,
      }),
      ...shown.flatMap((group) =>
        namedOf(group, drawn).map(({ pair, anchor }) =>
          text([pair], {
            x: 'cos',
            y: () => GROUP_NAMES[group],
            text: (pair: DrawnPair) => `${shortName(pair)} ${pair.cos.toFixed(2)}`,
            textAnchor: anchor,
            dy: -9,
            fontSize: 10,
          }),
        ),
      ),
    ],
  };
  return { title: '', options };
}

/** Beyond it a name that points outwards would leave the figure. */
const EDGE = 0.6;

/** Groups chosen for one end are named there, the others at both, each name pointing outwards where there is room. */
function namedOf(
  group: PairGroup,
  pairs: readonly DrawnPair[],
): { readonly pair: DrawnPair; readonly anchor: 'start' | 'end' }[] {
  const sorted = pairs.filter((pair) => pair.group === group).sort((a, b) => a.cos - b.cos);
  const [low] = sorted;
  const high = sorted.at(-1);
  if (!low || !high) return [];
  const atLow = { pair: low, anchor: low.cos < -EDGE ? ('start' as const) : ('end' as const) };
  const atHigh = { pair: high, anchor: high.cos > EDGE ? ('end' as const) : ('start' as const) };
  if (group === 'aligned') return [atHigh];
  if (group === 'opposed' || low === high) return [atLow];
  return [atLow, atHigh];
}
