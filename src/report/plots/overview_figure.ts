/**
 * @file The first figure of a report: for each SAE and space the mean cosine of opposites with its interval, and below it what the same statistic is in the worlds that
 * the tests compare it with.
 */

import type { Space } from '../../sae/sae.ts';
import { formatP } from '../display.ts';
import { SPACE_NAMES } from '../geometry_subject.ts';
import { GROUP_COLORS } from './palette.ts';
import { figureSvg, type Panel } from './svg_document.ts';

export interface DrawnVerdict {
  readonly label: string;
  readonly space: Space;
  readonly concepts: number;
  readonly pairs: number;
  readonly mean: number;
  /** NaN where there is no interval. */
  readonly low: number;
  readonly high: number;
  readonly nulls: readonly DrawnNull[];
}

export interface DrawnNull {
  /** `permutation`, `matched-random` or `matched-density`. */
  readonly test: string;
  readonly mean: number;
  readonly sd: number;
  readonly p: number;
}

const WIDTH = 760;
const LANE = 18;
const MARGIN_LEFT = 178;
const MARGIN_RIGHT = 206;

const NULL_NAMES: Record<string, string> = {
  permutation: 'the same sets, other orders',
  'matched-random': 'random features',
  'matched-density': 'random, of like density',
};

/** Means of a null in 95 of 100 draws lie within, as far as it is normal. */
const NORMAL_95 = 1.96;

interface Lane {
  readonly name: string;
  readonly isOwn: boolean;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly words: string;
}

/** Standalone SVG; undefined where nothing was tested. */
export async function overviewFigure(verdicts: readonly DrawnVerdict[]): Promise<string | undefined> {
  const drawn = verdicts
    .map((verdict) => ({ verdict, lanes: lanesOf(verdict) }))
    .filter(({ verdict }) => !Number.isNaN(verdict.mean));
  if (drawn.length === 0) return undefined;
  const ends = drawn.flatMap(({ lanes }) => lanes.flatMap(({ low, high }) => [low, high]));
  const span = Math.max(0, ...ends) - Math.min(0, ...ends);
  const domain: [number, number] = [Math.min(0, ...ends) - 0.06 * span, Math.max(0, ...ends) + 0.04 * span];
  const panels: Panel[] = [];
  for (const [i, { lanes, verdict }] of drawn.entries())
    panels.push(await verdictPanel(verdict, lanes, { domain, isLast: i === drawn.length - 1 }));
  return figureSvg({
    title: 'Do opposites point apart?',
    description: drawn
      .map(
        ({ lanes, verdict }) =>
          `${verdict.label}, ${SPACE_NAMES[verdict.space]}: ${lanes.map(({ name, words }) => `${name} ${words}`).join('; ')}.`,
      )
      .join(' '),
    width: WIDTH,
    legend: [],
    panels,
  });
}

function lanesOf({ high, low, mean, nulls }: DrawnVerdict): Lane[] {
  const known = (value: number): number => (Number.isNaN(value) ? mean : value);
  return [
    {
      name: 'opposites',
      isOwn: true,
      mean,
      low: known(low),
      high: known(high),
      words: Number.isNaN(low)
        ? mean.toFixed(3)
        : `${mean.toFixed(3)} (95 % ${low.toFixed(3)} to ${high.toFixed(3)})`,
    },
    ...nulls
      .filter((one) => !Number.isNaN(one.mean))
      .map((one) => ({
        name: NULL_NAMES[one.test] ?? one.test,
        isOwn: false,
        mean: one.mean,
        low: one.mean - NORMAL_95 * one.sd,
        high: one.mean + NORMAL_95 * one.sd,
        words: `${one.mean.toFixed(3)}, p ${formatP(one.p)}`,
      })),
  ];
}

async function verdictPanel(
  { concepts, label, pairs, space }: DrawnVerdict,
  lanes: readonly Lane[],
  { domain, isLast }: { readonly domain: [number, number]; readonly isLast: boolean },
): Promise<Panel> {
  const { dot, link, ruleX, text } = await import('@observablehq/plot');
  const colorOf = ({ isOwn }: Lane): string => (isOwn ? GROUP_COLORS.antonym : GROUP_COLORS.random);
  return {
    title: `${label}, ${SPACE_NAMES[space]}, ${concepts} concepts, ${pairs} pairs`,
    options: {
      height: lanes.length * LANE + (isLast ? 44 : 8),
      marginLeft: MARGIN_LEFT,
      marginRight: MARGIN_RIGHT,
      marginTop: 2,
      marginBottom: isLast ? 38 : 4,
      x: isLast
        ? { domain, label: '← opposite directions would be at -1; mean cosine of concept means →' }
        : { domain, axis: null },
      y: { type: 'band', domain: lanes.map(({ name }) => name), label: null, tickSize: 0 },
      symbol: { type: 'identity' },
      marks: [
        ruleX([0], { strokeOpacity: 0.6 }),
        ...lanes.flatMap((lane) => [
          link([lane], {
            x1: 'low',
            x2: 'high',
            y1: 'name',
            y2: 'name',
            stroke: colorOf(lane),
            strokeWidth: lane.isOwn ? 4 : 2,
            strokeLinecap: 'round',
          }),
          dot([lane], {
            x: 'mean',
            y: 'name',
            r: lane.isOwn ? 5 : 3.5,
            symbol: lane.isOwn ? 'circle' : 'diamond',
            fill: colorOf(lane),
            stroke: 'currentColor',
            strokeWidth: 0.75,
          }),
          text([lane], {
            x: () => domain[1],
            y: 'name',
            text: 'words',
            textAnchor: 'start',
            dx: 10,
            fontSize: 11,
            ...(lane.isOwn && { fontWeight: 600 }),
          }),
        ]),
      ],
    },
  };
}
