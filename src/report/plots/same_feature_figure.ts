/** @file How well each feature's encoder column fits its own decoder row: the whole dictionary as a histogram, the features of concepts and of random pairs marked below. */

import { GROUP_COLORS, OKABE_ITO } from './palette.ts';
import { figureSvg } from './svg_document.ts';

export interface SameFeatureDrawing {
  readonly label: string;
  /** One per feature; NaN where a side has no direction. */
  readonly cosines: readonly number[];
  readonly conceptFeatures: readonly number[];
  readonly randomFeatures: readonly number[];
}

const WIDTH = 760;
const BINS = 100;

/** Standalone SVG; undefined where no feature has a cosine. */
export async function sameFeatureFigure(drawing: SameFeatureDrawing): Promise<string | undefined> {
  const { cosines, label } = drawing;
  const bins = binned(cosines);
  if (bins.length === 0) return undefined;
  const { rectY, ruleX, ruleY, tickX } = await import('@observablehq/plot');
  const low = Math.min(0, bins[0]!.x1);
  const strips = [
    { name: 'concepts', color: GROUP_COLORS.antonym, features: drawing.conceptFeatures },
    { name: 'random', color: GROUP_COLORS.random, features: drawing.randomFeatures },
  ].filter(({ features }) => features.length > 0);
  const ticks = strips.flatMap(({ name, color, features }) =>
    features
      .filter((feature) => !Number.isNaN(cosines[feature] ?? Number.NaN))
      .map((feature) => ({ name, color, feature, cos: cosines[feature]! })),
  );
  type Tick = (typeof ticks)[number];
  return figureSvg({
    title: `Each feature’s encoder against its own decoder: ${label}`,
    description: words(drawing),
    width: WIDTH,
    legend: [
      { label: 'all features', color: GROUP_COLORS.self },
      ...strips.map(({ name, color }) => ({
        label: `features of ${name === 'random' ? 'random pairs' : 'concepts'}`,
        color,
      })),
    ],
    panels: [
      {
        title: '',
        options: {
          height: 170,
          marginLeft: 64,
          marginBottom: 4,
          marginRight: 20,
          x: { domain: [low, 1], axis: null },
          y: { label: 'features', grid: true, ticks: 5 },
          marks: [
            rectY(bins, { x1: 'x1', x2: 'x2', y: 'count', fill: GROUP_COLORS.self, fillOpacity: 0.75 }),
            ruleY([0]),
            ruleX([0], { strokeOpacity: 0.5 }),
          ],
        },
      },
      {
        title: '',
        options: {
          height: 22 * Math.max(1, strips.length) + 40,
          marginLeft: 64,
          marginTop: 2,
          marginRight: 20,
          x: { domain: [low, 1], label: 'cosine of encoder column and decoder row' },
          y: { type: 'band', domain: strips.map(({ name }) => name), label: null, padding: 0.15 },
          marks: [
            ruleX([0], { stroke: OKABE_ITO.grey }),
            tickX(ticks, {
              x: 'cos',
              y: 'name',
              stroke: ({ color }: Tick) => color,
              strokeWidth: 1.5,
              title: ({ feature, cos }: Tick) => `${feature}: ${cos.toFixed(5)}`,
            }),
          ],
        },
      },
    ],
  });
}

interface Bin {
  readonly x1: number;
  readonly x2: number;
  readonly count: number;
}

/** Bins that hold something, over [-1, 1]. */
function binned(cosines: readonly number[]): Bin[] {
  const counts = new Array<number>(BINS).fill(0);
  for (const cos of cosines) {
    if (!Number.isNaN(cos)) counts[Math.max(0, Math.min(BINS - 1, Math.floor(((cos + 1) / 2) * BINS)))]! += 1;
  }
  return counts
    .map((count, bin) => ({ x1: -1 + (2 * bin) / BINS, x2: -1 + (2 * (bin + 1)) / BINS, count }))
    .filter(({ count }) => count > 0);
}

function words({ cosines, conceptFeatures, randomFeatures }: SameFeatureDrawing): string {
  const mean = (values: readonly number[]): string => {
    const known = values.filter((value) => !Number.isNaN(value));
    return known.length === 0
      ? 'unknown'
      : (known.reduce((sum, value) => sum + value, 0) / known.length).toFixed(3);
  };
  const of = (features: readonly number[]): string =>
    mean(features.map((feature) => cosines[feature] ?? Number.NaN));
  return `Mean of all ${cosines.length} features ${mean(cosines)}, of concepts ${of(conceptFeatures)}, of random pairs ${of(randomFeatures)}.`;
}
