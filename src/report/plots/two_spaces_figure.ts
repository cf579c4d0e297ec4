/** @file The same pairs in both matrices: encoder cosine across, decoder cosine up. What lies on the diagonal is alike in both. */

import type { DrawnPair, DrawnSae } from './figure_rows.ts';
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
  const { dot, link, ruleX, ruleY } = await import('@observablehq/plot');
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
          ],
        },
      },
    ],
  });
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
