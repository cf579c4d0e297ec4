/** @file What there is to see in each figure, in a sentence or two from its numbers. Counts and places alone: what they mean is the verdict's to say. */

import { STRONG_COSINE } from '../../geometry/pair_class.ts';
import { formatCount, shorten } from '../display.ts';
import { SPACE_NAMES } from '../geometry_subject.ts';
import type { DrawnPair, DrawnSae, DrawnSpace } from './figure_rows.ts';
import type { PairGroup } from './palette.ts';
import type { SameFeatureDrawing } from './same_feature_figure.ts';

export const OVERVIEW_CAPTION =
  'Blue: the mean cosine of opposites, first within and then over concepts, with its 95 % interval over concepts. Grey: the same number where the sets of features are put together in other orders, or are random features: the mean, and where 95 % of draws lie. Opposites that point apart would lie to the left of 0 and of every grey line; p is two-sided.';

export function populationCaption({ spaces }: DrawnSae): string {
  const sentences = spaces
    .filter(({ bins }) => bins.length > 0)
    .map((space) => {
      const antonyms = group(space, 'antonym');
      const most = group(space, 'opposed').toSorted(byCosine)[0];
      return [
        `${SPACE_NAMES[space.space]}: all ${formatCount(space.allPairs)} pairs, counted.`,
        ...(antonyms.length === 0
          ? []
          : [
              `${countOf(antonyms, ({ cos }) => cos > 0)} of ${antonyms.length} antonym pairs have a cosine above 0${lowest(antonyms)}.`,
            ]),
        ...(most === undefined ? [] : [`The most opposed pair of all is ${pairAt(most)}${aboutOf(most)}.`]),
      ].join(' ');
    });
  return `${sentences.join(' ')} The height is logarithmic: a step is a tenfold.`;
}

export function conceptsCaption({ spaces }: DrawnSae): string {
  const sentences = spaces.flatMap((space) => {
    const means = conceptMeans(space);
    const low = means.toSorted((a, b) => a.mean - b.mean)[0];
    if (low === undefined) return [];
    const below = means.filter(({ mean }) => mean < 0).length;
    return [
      `${SPACE_NAMES[space.space]}: ${below} of ${means.length} concepts have a mean below 0; the lowest is ${low.concept}, ${low.mean.toFixed(3)} of ${low.n} ${low.n === 1 ? 'pair' : 'pairs'}.`,
    ];
  });
  return `${sentences.join(' ')} Rows are the features of one side (\u2193), columns those of the other (\u2192); blue is opposed, orange alike, white neither.`;
}

export function twoSpacesCaption({ spaces }: DrawnSae): string {
  const counted = (group: PairGroup, of: (pair: DrawnPair) => boolean): [number, number] => {
    const pairs = new Map(
      spaces.flatMap((space) =>
        space.pairs
          .filter(
            (pair) => pair.group === group && pair.cosOther !== undefined && !Number.isNaN(pair.cosOther),
          )
          .map((pair) => [`${pair.name}\n${pair.featureA}\n${pair.featureB}`, pair] as const),
      ),
    );
    return [[...pairs.values()].filter(of).length, pairs.size];
  };
  const isBelow = ({ cos, cosOther }: DrawnPair): boolean =>
    cos <= -STRONG_COSINE && cosOther! <= -STRONG_COSINE;
  const isAbove = ({ cos, cosOther }: DrawnPair): boolean =>
    cos >= STRONG_COSINE && cosOther! >= STRONG_COSINE;
  const [antipodal, opposed] = counted('opposed', isBelow);
  const [duplicate, aligned] = counted('aligned', isAbove);
  const [agreeing, antonyms] = counted('antonym', ({ cos, cosOther }) => cos < 0 && cosOther! < 0);
  return [
    ...(antonyms > 0 ? [`${agreeing} of ${antonyms} antonym pairs are below 0 in both matrices.`] : []),
    ...(opposed > 0
      ? [
          `Of the ${opposed} most opposed pairs of either matrix ${antipodal} are opposed in both (at most -${STRONG_COSINE}, bottom left).`,
        ]
      : []),
    ...(aligned > 0
      ? [
          `Of the ${aligned} most aligned ${duplicate} are alike in both (at least ${STRONG_COSINE}, top right).`,
        ]
      : []),
    'On the dashed line a pair has the same cosine in both.',
  ].join(' ');
}

export function sameFeatureCaption({ conceptFeatures, cosines }: SameFeatureDrawing): string {
  const known = cosines.filter((cos) => !Number.isNaN(cos));
  const sorted = known.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)]!;
  return `A feature\u2019s encoder column against its own decoder row, ${formatCount(known.length)} features: half of them above ${middle.toFixed(2)}, from ${sorted[0]!.toFixed(2)} to ${sorted.at(-1)!.toFixed(2)}. 1 would be the same direction. The ${conceptFeatures.length} features of concepts are marked below.`;
}

function group({ pairs }: DrawnSpace, wanted: PairGroup): DrawnPair[] {
  return pairs.filter(({ cos, group: own }) => own === wanted && !Number.isNaN(cos));
}

function byCosine(a: DrawnPair, b: DrawnPair): number {
  return a.cos - b.cos;
}

function countOf(pairs: readonly DrawnPair[], of: (pair: DrawnPair) => boolean): number {
  return pairs.filter(of).length;
}

function lowest(antonyms: readonly DrawnPair[]): string {
  const low = antonyms.toSorted(byCosine)[0]!;
  return `; the lowest is ${low.name} ${pairAt(low)}`;
}

function pairAt({ cos, featureA, featureB }: DrawnPair): string {
  return `[${featureA}, ${featureB}] at ${cos.toFixed(3)}`;
}

function aboutOf({ about }: DrawnPair): string {
  return about === undefined ? '' : ` (${about.map((text) => shorten(text, MOST_LETTERS)).join('; ')})`;
}

/** Explanations run to sentences; the tables have them whole. */
const MOST_LETTERS = 60;

function conceptMeans(space: DrawnSpace): { concept: string; mean: number; n: number }[] {
  const antonyms = group(space, 'antonym');
  return [...new Set(antonyms.map(({ name }) => name))].map((concept) => {
    const own = antonyms.filter(({ name }) => name === concept);
    return { concept, mean: own.reduce((sum, { cos }) => sum + cos, 0) / own.length, n: own.length };
  });
}
