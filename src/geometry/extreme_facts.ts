/**
 * @file What the extremes of a dictionary are: how many of the most aligned and most opposed pairs fall in each class, how many of them join dense features, and
 * how many are opposites by the concepts; and how antipodal features of different kinds are.
 */

import { type ConceptSet, crossPairs, featuresOf } from '../concepts/concept_set.ts';
import type { Space } from '../sae/sae.ts';
import type { Antipodality } from '../search/antipodality.ts';
import { maxBy, mean } from '../stats/summary.ts';
import type { ExtremePair } from './extremes.ts';
import { classifyPair, PAIR_CLASSES, type PairClass } from './pair_class.ts';

/** What is known about features beside their directions. */
export interface FeatureKinds {
  /** Undefined where it is not known how often the feature is active. */
  readonly isDense: (feature: number) => boolean | undefined;
  /** On any side of any concept. */
  readonly isInConcepts: (feature: number) => boolean;
  /** On the two sides of one concept. */
  readonly areOpposites: (featureA: number, featureB: number) => boolean;
  /** Whether the density of any feature is known. */
  readonly knowsDensities: boolean;
}

export interface FeatureKindsOptions {
  readonly concepts: ConceptSet;
  readonly dSae: number;
  readonly densityOf?: ((feature: number) => number | undefined) | undefined;
  /** Share of tokens above which a feature is dense. */
  readonly denseAbove: number;
}

export function featureKinds({ concepts, dSae, densityOf, denseAbove }: FeatureKindsOptions): FeatureKinds {
  const members = new Set(featuresOf(concepts));
  const keyOf = (a: number, b: number): number => Math.min(a, b) * dSae + Math.max(a, b);
  const opposites = new Set(
    concepts.concepts.flatMap((concept) => crossPairs(concept).pairs.map(({ a, b }) => keyOf(a, b))),
  );
  let knowsDensities = false;
  for (let feature = 0; feature < dSae && !knowsDensities; feature++)
    knowsDensities = densityOf?.(feature) !== undefined;
  return {
    isDense(feature) {
      const density = densityOf?.(feature);
      return density === undefined ? undefined : density > denseAbove;
    },
    isInConcepts: (feature) => members.has(feature),
    areOpposites: (a, b) => opposites.has(keyOf(a, b)),
    knowsDensities,
  };
}

/** The extremes of one class at one end of one space. */
export interface ClassCount {
  readonly space: Space;
  readonly end: ExtremePair['end'];
  /** Undefined for pairs of which a feature has no direction in the other space. */
  readonly pairClass: PairClass | undefined;
  readonly pairs: number;
  /** Pairs kept at this end. */
  readonly of: number;
  /** Of them: both features dense, exactly one; undefined where no density is known. */
  readonly bothDense: number | undefined;
  readonly oneDense: number | undefined;
  /** Of them: opposites by the concepts, and pairs with a feature of a concept at all. */
  readonly opposites: number;
  readonly withConceptFeature: number;
}

/** Classes that no pair falls in are left out. @param extremes of any spaces */
export function countClasses(extremes: readonly ExtremePair[], kinds: FeatureKinds): ClassCount[] {
  const groups = new Map<string, ExtremePair[]>();
  for (const pair of extremes) {
    const key = `${pair.space} ${pair.end}`;
    groups.set(key, [...(groups.get(key) ?? []), pair]);
  }
  return [...groups.values()].flatMap((group) =>
    [...PAIR_CLASSES, undefined].flatMap((pairClass) => {
      const pairs = group.filter((pair) => pair.pairClass === pairClass);
      return pairs.length === 0 ? [] : [countPairs(pairs, group, kinds)];
    }),
  );
}

function countPairs(
  pairs: readonly ExtremePair[],
  { length }: readonly ExtremePair[],
  { isDense, isInConcepts, areOpposites, knowsDensities }: FeatureKinds,
): ClassCount {
  const { space, end, pairClass } = pairs[0]!;
  const withDense = (count: number): number =>
    pairs.filter(
      ({ featureA, featureB }) => [featureA, featureB].filter((feature) => isDense(feature)).length === count,
    ).length;
  return {
    space,
    end,
    pairClass,
    pairs: pairs.length,
    of: length,
    bothDense: knowsDensities ? withDense(2) : undefined,
    oneDense: knowsDensities ? withDense(1) : undefined,
    opposites: pairs.filter(({ featureA, featureB }) => areOpposites(featureA, featureB)).length,
    withConceptFeature: pairs.filter(
      ({ featureA, featureB }) => isInConcepts(featureA) || isInConcepts(featureB),
    ).length,
  };
}

export type AntipodalGroupName = 'all' | 'dense' | 'not dense' | 'concepts' | 'random pairs';

/** Antipodality of the features of one kind. */
export interface AntipodalGroup {
  readonly group: AntipodalGroupName;
  /** Features with a score. */
  readonly n: number;
  readonly mean: number;
  /** Features whose partner is strongly opposed in both matrices, and those whose partner is strongly alike in both. */
  readonly antipodal: number;
  readonly duplicate: number;
  /** The feature with the highest score. */
  readonly highest: number | undefined;
}

/** @param randomFeatures of the random pairs; each feature counts once. Groups without a feature are left out. */
export function antipodalGroups(
  { score, partner, cosEncoder, cosDecoder }: Antipodality,
  { isDense, isInConcepts }: FeatureKinds,
  randomFeatures: readonly number[],
): AntipodalGroup[] {
  const all = Array.from(partner, (_, feature) => feature).filter((feature) => partner[feature] !== -1);
  const random = new Set(randomFeatures);
  const summarize = (
    group: AntipodalGroupName,
    belongs: (feature: number) => boolean | undefined,
  ): AntipodalGroup[] => {
    const features = all.filter((feature) => belongs(feature) === true);
    const ofClass = (wanted: PairClass): number =>
      features.filter((feature) => classifyPair(cosEncoder[feature]!, cosDecoder[feature]!) === wanted)
        .length;
    if (features.length === 0) return [];
    return [
      {
        group,
        n: features.length,
        mean: mean(features.map((feature) => score[feature]!)),
        antipodal: ofClass('antipodal'),
        duplicate: ofClass('duplicate'),
        highest: maxBy(features, (feature) => score[feature]!),
      },
    ];
  };
  return [
    ...summarize('all', () => true),
    ...summarize('dense', isDense),
    ...summarize('not dense', (feature) => isDense(feature) === false),
    ...summarize('concepts', isInConcepts),
    ...summarize('random pairs', (feature) => random.has(feature)),
  ];
}
