/** @file The same pairs in both matrices: encoder cosine across, decoder cosine up. What lies on the diagonal is alike in both. */

import { STRONG_COSINE } from '../../geometry/pair_class.ts';
import { type DrawnPair, type DrawnSae, shortName } from './figure_rows.ts';
import { GROUP_COLORS, GROUP_NAMES, type PairGroup } from './palette.ts';
import { figureSvg } from './svg_document.ts';

const WIDTH = 560;
const HEIGHT = 500;

/** Drawn in this order: the few behind the many would be hidden. */
const GROUPS: readonly PairGroup[] = ['random', 'aligned', 'opposed', 'antonym'];

/** A shape each, so that colour is not needed to tell them apart. */
const SYMBOLS: Record<PairGroup, 'circle' | 'square' | 'triangle' | 'times'> = {
  antonym: 'circle',
  random: 'times',
  aligned: 'triangle',
  opposed: 'square',
};

const SHAPE_NAMES: Record<PairGroup, string> = {
  antonym: 'circles',
  random: 'crosses',
  aligned: 'triangles',
  opposed: 'squares',
};

interface Dot {
  readonly encoder: number;
  readonly decoder: number;
  readonly pair: DrawnPair;
}

/** Standalone SVG; undefined where the pairs were measured in one space alone. */
export async function twoSpacesFigure(sae: DrawnSae): Promise<string | undefined> {
  const dots = dotsOf(sae);
  if (dots.length === 0) return undefined;
  const { dot, link, rect, ruleX, ruleY, text } = await import('@observablehq/plot');
  const groups = GROUPS.filter((group) => dots.some(({ pair }) => pair.group === group));
  const reach = Math.min(
    1,
    1.08 * Math.max(0.2, ...dots.flatMap(({ encoder, decoder }) => [Math.abs(encoder), Math.abs(decoder)])),
  );
  return figureSvg({
    title: `Encoder against decoder: ${sae.label}`,
    description: groups.map((group) => groupWords(group, dots)).join(' '),
    width: WIDTH,
    legend: groups.map((group) => ({
      label: `${GROUP_NAMES[group]} (${SHAPE_NAMES[group]})`,
      color: GROUP_COLORS[group],
    })),
    panels: [
      {
        title: '',
        options: {
          height: HEIGHT,
          marginLeft: 52,
          x: { domain: [-reach, reach], label: 'encoder cosine', grid: true },
          y: { domain: [-reach, reach], label: 'decoder cosine', grid: true },
          symbol: { type: 'identity' },
          marks: [
            rect(cornersWithin(reach), {
              x1: 'x1',
              x2: 'x2',
              y1: 'y1',
              y2: 'y2',
              fill: 'currentColor',
              fillOpacity: 0.06,
            }),
            ...cornersWithin(reach).map((corner) =>
              text([corner], {
                x: corner.x1 < 0 ? 'x1' : 'x2',
                y: corner.y1 < 0 ? 'y1' : 'y2',
                text: 'name',
                textAnchor: corner.x1 < 0 ? 'start' : 'end',
                dx: corner.x1 < 0 ? 4 : -4,
                dy: corner.y1 < 0 ? -7 : 8,
                fontSize: 10,
                fontStyle: 'italic',
              }),
            ),
            ruleX([0]),
            ruleY([0]),
            link([{}], {
              x1: -reach,
              y1: -reach,
              x2: reach,
              y2: reach,
              strokeDasharray: '3 4',
              strokeOpacity: 0.6,
            }),
            ...groups.map((group) =>
              dot(
                dots.filter(({ pair }) => pair.group === group),
                {
                  x: 'encoder',
                  y: 'decoder',
                  symbol: SYMBOLS[group],
                  stroke: GROUP_COLORS[group],
                  ...(group !== 'random' && { fill: GROUP_COLORS[group], fillOpacity: 0.35 }),
                  r: 3.5,
                  title: dotWords,
                },
              ),
            ),
            ...namedDots(dots).map((one) =>
              text([one], {
                x: 'encoder',
                y: 'decoder',
                text: ({ pair }: Dot) => shortName(pair),
                textAnchor: one.encoder < 0 ? 'start' : 'end',
                dx: one.encoder < 0 ? 8 : -8,
                fontSize: 10,
                stroke: 'var(--antipode-ground)',
                strokeWidth: 3,
                fill: 'currentColor',
              }),
            ),
          ],
        },
      },
    ],
  });
}

interface Corner {
  readonly name: string;
  readonly x1: number;
  readonly x2: number;
  readonly y1: number;
  readonly y2: number;
}

/** Where the classes are that say something of both matrices, as far as the axes go there. */
function cornersWithin(reach: number): Corner[] {
  const [near, far] = [STRONG_COSINE, reach];
  if (reach <= STRONG_COSINE) return [];
  return [
    { name: 'antipodal', x1: -far, x2: -near, y1: -far, y2: -near },
    { name: 'duplicate', x1: near, x2: far, y1: near, y2: far },
  ];
}

/** The outermost of each group by the decoder: opposed ones at the bottom, aligned ones at the top, antonyms at both. */
function namedDots(dots: readonly Dot[]): Dot[] {
  const ends = (group: PairGroup): Dot[] => {
    const sorted = dots.filter(({ pair }) => pair.group === group).sort((a, b) => a.decoder - b.decoder);
    const [low, high] = [sorted[0], sorted.at(-1)];
    if (!low || !high) return [];
    if (group === 'opposed') return [low];
    if (group === 'aligned') return [high];
    return low === high ? [low] : [low, high];
  };
  return [...ends('opposed'), ...ends('aligned'), ...ends('antonym')];
}

/** Each pair once, though both spaces list it. */
function dotsOf({ spaces }: DrawnSae): Dot[] {
  const dots = new Map<string, Dot>();
  for (const { space, pairs } of spaces) {
    for (const pair of pairs) {
      const { cos, cosOther, group, featureA, featureB, name } = pair;
      if (cosOther === undefined || Number.isNaN(cos) || Number.isNaN(cosOther)) continue;
      const [encoder, decoder] = space === 'encoder' ? [cos, cosOther] : [cosOther, cos];
      const key = [group, name, featureA, featureB].join('\n');
      if (!dots.has(key)) dots.set(key, { encoder, decoder, pair });
    }
  }
  return [...dots.values()];
}

function dotWords({ encoder, decoder, pair: { name, featureA, featureB } }: Dot): string {
  const place = `[${featureA}, ${featureB}] encoder ${encoder.toFixed(5)}, decoder ${decoder.toFixed(5)}`;
  return name === '' ? place : `${name} ${place}`;
}

function groupWords(group: PairGroup, dots: readonly Dot[]): string {
  const own = dots.filter(({ pair }) => pair.group === group);
  const sameSign = own.filter(({ encoder, decoder }) => encoder * decoder > 0).length;
  return `${GROUP_NAMES[group]}: ${own.length}, of the same sign in both spaces ${sameSign}.`;
}
