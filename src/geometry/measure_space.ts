/**
 * @file One space (encoder or decoder) of one SAE: concept pairs and their tests, random pairs, the population of all pairs and its extremes, as METHOD
 * sections 1 to 3 of the documentation define them: what was measured and what was found of it put together, and tested.
 */

import type { Concept } from '../concepts/concept_set.ts';
import type { Space } from '../sae/sae.ts';
import type { ScoredPair } from '../search/pairs.ts';
import { maxBy, minBy } from '../stats/summary.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { type AntonymTests, type AntonymTestsOptions, testAntonyms } from './antonym_tests.ts';
import { createCentring } from './centring.ts';
import type { PlacedCosine, Population } from './population.ts';
import { placeIn, type SpaceSearch } from './search_space.ts';
import { meanCosines, type PairCosine, type SpaceCosines } from './space_cosines.ts';

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

/** How the concepts’ pairs are tested. */
export type TestPlan = Pick<AntonymTestsOptions, 'seed' | 'draws' | 'densityOf' | 'denseAbove'>;

export interface ConcludeSpaceOptions {
  readonly concepts: readonly Concept[];
  readonly cosines: SpaceCosines;
  readonly search: SpaceSearch;
  /** Tests draw random features from these. */
  readonly rows: SpaceRows;
  /** Absent: nothing is tested. */
  readonly tests?: TestPlan | undefined;
  readonly signal?: AbortSignal;
}

/** @throws {AntipodeError} `interrupted` on abort */
export async function concludeSpace(options: ConcludeSpaceOptions): Promise<SpaceMeasures> {
  const { concepts, cosines, search } = options;
  const { population, top, bottom, ranks } = search;
  const place = placeIn(search);
  const placed = (of: readonly PairCosine[], own: readonly PairRanks[] = []): FeaturePairCosine[] =>
    of.map((pair, index) => ({ ...pair, ...place(pair.cos), ...own[index] }));
  const pairs = cosines.pairs.map(
    (pair, index): ConceptPairCosine => ({ ...pair, ...place(pair.cos), ...ranks?.pairs[index] }),
  );
  const means = meanCosines(concepts, cosines);
  const tests = await testPairs(options, pairs);
  return {
    space: cosines.space,
    pairs,
    concepts: concepts.map((concept, c) => summarizeConcept(concept, pairs, place(means.concepts[c]!))),
    pooledMean: place(means.pooled),
    macroMean: place(means.macro),
    random: placed(cosines.random, ranks?.random),
    randomMean: place(means.random),
    named: placed(cosines.named, ranks?.named),
    ...(population && { population }),
    ...(top && { top }),
    ...(bottom && { bottom }),
    ...(cosines.meanDirectionLength !== undefined && { meanDirectionLength: cosines.meanDirectionLength }),
    ...(tests && { tests }),
  };
}

async function testPairs(
  { rows, concepts, tests, signal }: ConcludeSpaceOptions,
  pairs: readonly ConceptPairCosine[],
): Promise<AntonymTests | undefined> {
  if (!tests || pairs.every(({ cos }) => Number.isNaN(cos))) return undefined;
  return testAntonyms({
    ...tests,
    rows,
    concepts,
    pairs,
    ...(rows.isWhole && { centring: createCentring(rows.rows) }),
    ...(signal && { signal }),
  });
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
