/**
 * @file One space (encoder or decoder) of one SAE: concept pairs, random pairs, the population of all pairs and its extremes, as METHOD
 * sections 1 to 3 of the documentation define them. Everything that is reported is a float64 cosine.
 */

import { type Concept, crossPairs } from '../concepts/concept_set.ts';
import type { Space } from '../sae/sae.ts';
import type { PairSearchResult, ScoredPair } from '../search/pairs.ts';
import { rankPairs } from '../search/rank_pairs.ts';
import type { RankQuery } from '../search/ranks.ts';
import { searchPairs } from '../search/search_pairs.ts';
import { maxBy, mean, minBy } from '../stats/summary.ts';
import { cosine, type FeatureMatrix } from '../tensor/matrix.ts';
import { createCentring } from './centring.ts';
import type { FeaturePair } from './random_pairs.ts';

/** A cosine and its place among all pairs of the space; the place is absent where the population was not searched. */
export interface PlacedCosine {
  readonly cos: number;
  /** Pairs of the whole dictionary with a strictly smaller cosine, counted. */
  readonly pairsBelow?: number;
  /** 100 * pairsBelow / all pairs. */
  readonly percentile?: number;
  /** (cos - population mean) / population sd; absent where all cosines are equal. */
  readonly z?: number;
}

export interface ConceptPairCosine extends PlacedCosine {
  readonly concept: Concept;
  readonly featureA: number;
  readonly featureB: number;
  /** Place of b among all features seen from a (1 = most aligned), and the reverse. Absent when only single rows were read. */
  readonly rankOfB?: number;
  readonly rankOfA?: number;
  /** Cosine after the mean direction of the dictionary is removed. */
  readonly centredCos?: number;
}

/** A pair outside the concepts: drawn at random, or asked for by name. */
export interface FeaturePairCosine extends PlacedCosine {
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

export interface Population {
  readonly pairs: number;
  readonly mean: number;
  readonly sd: number;
  /** How many pairs there are, where only those of features drawn at random were counted. */
  readonly sampledFrom?: number;
  /** Counts over [-1, 1] in equal bins. */
  readonly histogram: Float64Array;
}

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
  readonly top?: readonly ScoredPair[];
  readonly bottom?: readonly ScoredPair[];
  /** Length of the mean unit direction, in [0, 1]. */
  readonly meanDirectionLength?: number;
}

/** Where to find feature f: row `rowOf(f)` of `rows`. A full matrix maps each feature to itself. */
export interface SpaceRows {
  readonly rows: FeatureMatrix;
  readonly rowOf: (feature: number) => number;
  readonly isWhole: boolean;
}

export interface MeasureSpaceOptions {
  readonly space: Space;
  readonly rows: SpaceRows;
  readonly concepts: readonly Concept[];
  readonly random: readonly FeaturePair[];
  /** Further pairs to measure, in no mean and no test. */
  readonly named: readonly FeaturePair[];
  /** Pairs at each end; undefined: no exhaustive pass, and no population. */
  readonly top: number | undefined;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

interface RawPair {
  readonly concept: Concept;
  readonly featureA: number;
  readonly featureB: number;
  readonly cos: number;
}

/** @throws {AntipodeError} as `searchPairs` does */
export async function measureSpace(options: MeasureSpaceOptions): Promise<SpaceMeasures> {
  const { space, rows, concepts, random } = options;
  const cosOf = (a: number, b: number): number => cosine(rows.rows, rows.rowOf(a), rows.rows, rows.rowOf(b));
  const raw: RawPair[] = concepts.flatMap((concept) =>
    crossPairs(concept).pairs.map(({ a, b }) => ({ concept, featureA: a, featureB: b, cos: cosOf(a, b) })),
  );
  const byConcept = concepts.map((concept) => raw.filter((pair) => pair.concept === concept));
  const conceptMeans = byConcept.map((pairs) => meanOf(pairs));
  const measure = ({ a, b }: FeaturePair): Omit<RawPair, 'concept'> => ({
    featureA: a,
    featureB: b,
    cos: cosOf(a, b),
  });
  const randomRaw = random.map(measure);
  const namedRaw = options.named.map(measure);
  const means = [meanOf(raw), mean(conceptMeans.filter((value) => !Number.isNaN(value))), meanOf(randomRaw)];

  const queries = [
    ...raw.map(({ featureA, featureB }) => ({ from: featureA, to: featureB })),
    ...raw.map(({ featureA, featureB }) => ({ from: featureB, to: featureA })),
  ];
  const cosines = [...raw, ...randomRaw, ...namedRaw].map(({ cos }) => cos);
  const place = await searchPopulation(options, [...cosines, ...conceptMeans, ...means], queries);
  const whole = rows.isWhole
    ? measureAgainstAll(rows.rows, raw, place.ranks ?? (await rankPairs(rows.rows, queries)))
    : undefined;
  const pairs = raw.map(
    (pair, index): ConceptPairCosine => ({ ...pair, ...place.of(pair.cos), ...whole?.extras[index] }),
  );
  return {
    space,
    pairs,
    concepts: concepts.map((concept, c) => summarizeConcept(concept, pairs, place.of(conceptMeans[c]!))),
    pooledMean: place.of(means[0]!),
    macroMean: place.of(means[1]!),
    random: randomRaw.map((pair) => ({ ...pair, ...place.of(pair.cos) })),
    randomMean: place.of(means[2]!),
    named: namedRaw.map((pair) => ({ ...pair, ...place.of(pair.cos) })),
    ...place.found,
    ...(whole && { meanDirectionLength: whole.meanDirectionLength }),
  };
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

interface Placement {
  of(cos: number): PlacedCosine;
  readonly ranks: Float64Array | undefined;
  readonly found:
    | { population: Population; top: readonly ScoredPair[]; bottom: readonly ScoredPair[] }
    | undefined;
}

/** The exhaustive pass; each of `cosines` is counted against all pairs, and the `queries` are ranked. Without a pass both are left out. */
async function searchPopulation(
  options: MeasureSpaceOptions,
  cosines: readonly number[],
  queries: readonly RankQuery[],
): Promise<Placement> {
  const { rows, top, threads, signal, onProgress } = options;
  if (top === undefined) return { of: (cos) => ({ cos }), ranks: undefined, found: undefined };
  const asked = [...new Set(cosines.filter((cos) => !Number.isNaN(cos)))];
  const result: PairSearchResult = await searchPairs({
    a: rows.rows,
    k: top,
    countBelow: asked,
    ranks: queries,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  const { pairs, mean: center, sd, histogram, below } = result.census!;
  const belowOf = new Map(asked.map((cos, index) => [cos, below[index]!]));
  return {
    of(cos) {
      const pairsBelow = belowOf.get(cos);
      if (pairsBelow === undefined || pairs === 0) return { cos };
      const percentile = (100 * pairsBelow) / pairs;
      return sd > 0
        ? { cos, pairsBelow, percentile, z: (cos - center) / sd }
        : { cos, pairsBelow, percentile };
    },
    ranks: result.ranks,
    found: { population: { pairs, mean: center, sd, histogram }, top: result.top, bottom: result.bottom },
  };
}

type WholeExtras = Pick<Required<ConceptPairCosine>, 'rankOfA' | 'rankOfB' | 'centredCos'>;

/** @param ranks of b seen from a for each pair, then of a seen from b */
function measureAgainstAll(
  matrix: FeatureMatrix,
  pairs: readonly RawPair[],
  ranks: Float64Array,
): { readonly extras: readonly WholeExtras[]; readonly meanDirectionLength: number } {
  const centring = createCentring(matrix);
  return {
    meanDirectionLength: centring.meanLength,
    extras: pairs.map(({ featureA, featureB }, index) => ({
      rankOfB: ranks[index]!,
      rankOfA: ranks[index + pairs.length]!,
      centredCos: centring.centredCosine(featureA, featureB),
    })),
  };
}
