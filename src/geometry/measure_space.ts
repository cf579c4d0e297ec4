/**
 * @file One space (encoder or decoder) of one SAE: concept pairs and their tests, random pairs, the population of all pairs and its extremes, as METHOD
 * sections 1 to 3 of the documentation define them. Everything that is reported is a float64 cosine.
 */

import { type Concept, crossPairs } from '../concepts/concept_set.ts';
import type { Space } from '../sae/sae.ts';
import type { ScoredPair } from '../search/pairs.ts';
import { rankPairs } from '../search/rank_pairs.ts';
import { maxBy, mean, minBy } from '../stats/summary.ts';
import { cosine, type FeatureMatrix } from '../tensor/matrix.ts';
import { type AntonymTests, type AntonymTestsOptions, testAntonyms } from './antonym_tests.ts';
import { type Centring, createCentring } from './centring.ts';
import { type CountedSearch, searchCounted } from './counted_search.ts';
import type { PlacedCosine, Population } from './population.ts';
import type { FeaturePair } from './random_pairs.ts';

/** Places of a pair's two features, each seen from the other. */
export interface PairRanks {
  /** Place of b among all features seen from a (1 = most aligned), and the reverse. Absent when only single rows were read; NaN without a direction. */
  readonly rankOfB?: number;
  readonly rankOfA?: number;
}

export interface ConceptPairCosine extends PlacedCosine, PairRanks {
  readonly concept: Concept;
  readonly featureA: number;
  readonly featureB: number;
  /** Cosine after the mean direction of the dictionary is removed. */
  readonly centredCos?: number;
}

/** A pair outside the concepts: drawn at random, or asked for by name. */
export interface FeaturePairCosine extends PlacedCosine, PairRanks {
  readonly featureA: number;
  readonly featureB: number;
}

export interface ConceptSummary {
  readonly concept: Concept;
  /** Combinations with a cosine. */
  readonly n: number;
  readonly mean: PlacedCosine;
  readonly max: ConceptPairCosine | undefined;
  readonly min: ConceptPairCosine | undefined;
}

/** One of the most extreme pairs of all. */
export interface PlacedPair extends ScoredPair, Omit<PlacedCosine, 'cos'>, PairRanks {}

export interface SpaceMeasures {
  readonly space: Space;
  readonly pairs: readonly ConceptPairCosine[];
  readonly concepts: readonly ConceptSummary[];
  /** Mean over all combinations, and mean of the concept means: they weigh concepts differently. */
  readonly pooledMean: PlacedCosine;
  readonly macroMean: PlacedCosine;
  readonly random: readonly FeaturePairCosine[];
  readonly randomMean: PlacedCosine;
  /** Pairs that were asked for by name, such as those the article prints. */
  readonly named: readonly FeaturePairCosine[];
  readonly population?: Population;
  readonly top?: readonly PlacedPair[];
  readonly bottom?: readonly PlacedPair[];
  /** Length of the mean unit direction, in [0, 1]. */
  readonly meanDirectionLength?: number;
  /** Absent where no test was asked for, or no pair has a cosine. */
  readonly tests?: AntonymTests;
}

/** Where to find feature f: row `rowOf(f)` of `rows`. A full matrix maps each feature to itself. */
export interface SpaceRows {
  readonly rows: FeatureMatrix;
  readonly rowOf: (feature: number) => number;
  readonly isWhole: boolean;
}

/** How the concepts' pairs are tested. */
export type TestPlan = Pick<AntonymTestsOptions, 'seed' | 'draws' | 'densityOf' | 'denseAbove'>;

export interface MeasureSpaceOptions {
  readonly space: Space;
  readonly rows: SpaceRows;
  readonly concepts: readonly Concept[];
  readonly random: readonly FeaturePair[];
  /** Further pairs to measure, in no mean and no test. */
  readonly named: readonly FeaturePair[];
  /** Pairs at each end; undefined: no exhaustive pass, and no population. */
  readonly top: number | undefined;
  /** Absent: nothing is tested. */
  readonly tests?: TestPlan | undefined;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Pairs outside the concepts beyond these have no ranks: every one costs a look at all features. */
const MOST_RANKED = 20_000;

interface RawPair {
  readonly concept: Concept;
  readonly featureA: number;
  readonly featureB: number;
  readonly cos: number;
}

/** @throws {AntipodeError} as `searchPairs` does */
export async function measureSpace(options: MeasureSpaceOptions): Promise<SpaceMeasures> {
  const { space, concepts, rows } = options;
  const cosines = cosinesOf(options);
  const { raw, random, named, conceptMeans, means } = cosines;
  const counted = await searchPopulation(options, [
    ...[...raw, ...random, ...named].map(({ cos }) => cos),
    ...conceptMeans,
    ...means,
  ]);
  const place = counted?.of ?? ((cos: number): PlacedCosine => ({ cos }));
  const ends = [...(counted?.top ?? []), ...(counted?.bottom ?? [])];
  const extremes = ends.map(({ i, j, cos }) => ({ featureA: i, featureB: j, cos }));
  const whole = rows.isWhole
    ? await measureAgainstAll(rows.rows, raw, [...named, ...extremes, ...random])
    : undefined;
  const placed = (pairs: readonly RawFeaturePair[], from: number): FeaturePairCosine[] =>
    pairs.map((pair, index) => ({ ...pair, ...place(pair.cos), ...whole?.ranks[from + index] }));
  const pairs = raw.map(
    (pair, index): ConceptPairCosine => ({ ...pair, ...place(pair.cos), ...whole?.extras[index] }),
  );
  const ranked = ends.map((pair, index) => ({ ...pair, ...whole?.ranks[named.length + index] }));
  const tests = await testPairs(options, pairs, whole?.centring);
  return {
    space,
    pairs,
    concepts: concepts.map((concept, c) => summarizeConcept(concept, pairs, place(conceptMeans[c]!))),
    pooledMean: place(means[0]),
    macroMean: place(means[1]),
    random: placed(random, named.length + ends.length),
    randomMean: place(means[2]),
    named: placed(named, 0),
    ...(counted && {
      population: counted.population,
      top: ranked.slice(0, counted.top.length),
      bottom: ranked.slice(counted.top.length),
    }),
    ...(whole && { meanDirectionLength: whole.centring.meanLength }),
    ...(tests && { tests }),
  };
}

type RawFeaturePair = Omit<RawPair, 'concept'>;

interface Cosines {
  readonly raw: readonly RawPair[];
  readonly random: readonly RawFeaturePair[];
  readonly named: readonly RawFeaturePair[];
  readonly conceptMeans: readonly number[];
  /** Pooled, of concept means, of the random pairs. */
  readonly means: readonly [number, number, number];
}

function cosinesOf({ rows, concepts, random, named }: MeasureSpaceOptions): Cosines {
  const cosOf = (a: number, b: number): number => cosine(rows.rows, rows.rowOf(a), rows.rows, rows.rowOf(b));
  const measure = ({ a, b }: FeaturePair): RawFeaturePair => ({ featureA: a, featureB: b, cos: cosOf(a, b) });
  const byConcept = concepts.map((concept) =>
    crossPairs(concept).pairs.map((pair) => ({ concept, ...measure(pair) })),
  );
  const raw = byConcept.flat();
  const randomRaw = random.map(measure);
  const conceptMeans = byConcept.map((pairs) => meanOf(pairs));
  return {
    raw,
    random: randomRaw,
    named: named.map(measure),
    conceptMeans,
    means: [meanOf(raw), mean(conceptMeans.filter((value) => !Number.isNaN(value))), meanOf(randomRaw)],
  };
}

async function testPairs(
  { rows, concepts, tests, signal }: MeasureSpaceOptions,
  pairs: readonly ConceptPairCosine[],
  centring: Centring | undefined,
): Promise<AntonymTests | undefined> {
  if (!tests || pairs.every(({ cos }) => Number.isNaN(cos))) return undefined;
  return testAntonyms({
    ...tests,
    rows,
    concepts,
    pairs,
    ...(centring && { centring }),
    ...(signal && { signal }),
  });
}

function meanOf(pairs: readonly { readonly cos: number }[]): number {
  return mean(pairs.map(({ cos }) => cos).filter((cos) => !Number.isNaN(cos)));
}

function summarizeConcept(
  concept: Concept,
  pairs: readonly ConceptPairCosine[],
  conceptMean: PlacedCosine,
): ConceptSummary {
  const known = pairs.filter((pair) => pair.concept === concept && !Number.isNaN(pair.cos));
  return {
    concept,
    n: known.length,
    mean: conceptMean,
    max: maxBy(known, ({ cos }) => cos),
    min: minBy(known, ({ cos }) => cos),
  };
}

/** Without a pass cosines stay unplaced. */
async function searchPopulation(
  { rows, top, threads, signal, onProgress }: MeasureSpaceOptions,
  countBelow: readonly number[],
): Promise<CountedSearch | undefined> {
  if (top === undefined) return undefined;
  return searchCounted({
    a: rows.rows,
    k: top,
    countBelow,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
}

interface AgainstAll {
  /** Of the concepts' pairs. */
  readonly extras: readonly Pick<Required<ConceptPairCosine>, 'rankOfA' | 'rankOfB' | 'centredCos'>[];
  /** Of the others. */
  readonly ranks: readonly PairRanks[];
  readonly centring: Centring;
}

async function measureAgainstAll(
  matrix: FeatureMatrix,
  pairs: readonly RawPair[],
  others: readonly RawFeaturePair[],
): Promise<AgainstAll> {
  const centring = createCentring(matrix);
  const all = [...pairs, ...others].slice(0, Math.max(pairs.length, MOST_RANKED));
  const ranks = await rankPairs(matrix, [
    ...all.map(({ featureA, featureB }) => ({ from: featureA, to: featureB })),
    ...all.map(({ featureA, featureB }) => ({ from: featureB, to: featureA })),
  ]);
  const ranksOf = (index: number) => ({ rankOfB: ranks[index]!, rankOfA: ranks[index + all.length]! });
  return {
    centring,
    ranks: all.slice(pairs.length).map((_, index) => ranksOf(pairs.length + index)),
    extras: pairs.map(({ featureA, featureB }, index) => ({
      ...ranksOf(index),
      centredCos: centring.centredCosine(featureA, featureB),
    })),
  };
}
