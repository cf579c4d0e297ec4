/**
 * @file Whether the cosines of opposite concepts are those of any features: tests with seeded draws, intervals over concepts, and how much the answer depends on
 * single concepts and on what was chosen. METHOD sections 1 and 2. The statistic is the mean of the concepts' means. Draws are looked up among float32 cosines
 * of a pool of features (errors below 1e-6); what is reported as observed is float64.
 */

import type { Concept } from '../concepts/concept_set.ts';
import type { Interval } from '../stats/wilson.ts';
import { conceptTests, keepDraws, withoutEach } from './antonym_concepts.ts';
import { effectsOf } from './antonym_effects.ts';
import {
  byConcept,
  centredVariant,
  choosePool,
  knownDensities,
  sdOfPairs,
  type TestSetting,
  variantOf,
  withoutDenseVariant,
} from './antonym_variants.ts';
import type { Centring } from './centring.ts';
import { conceptBlocks } from './concept_blocks.ts';
import { conceptNulls } from './concept_nulls.ts';
import type { DensityBin } from './density_strata.ts';
import type { ConceptPairCosine, SpaceRows } from './measure_space.ts';
import { DEFAULT_DRAWS, DENSE_ABOVE } from './test_defaults.ts';
import type { Estimate, TestOutcome } from './test_outcome.ts';

export interface AntonymTestsOptions {
  readonly rows: SpaceRows;
  readonly concepts: readonly Concept[];
  /** Their combinations as measured in this space. */
  readonly pairs: readonly ConceptPairCosine[];
  /** Of the whole matrix; absent where only rows were read. */
  readonly centring?: Centring;
  /** Share of tokens on which a feature is active. */
  readonly densityOf?: (feature: number) => number | undefined;
  readonly denseAbove?: number;
  readonly draws?: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

export interface AntonymTests {
  readonly draws: number;
  readonly seed: number;
  readonly statistic: 'macro mean';
  /** The sets B in other orders; NaN with fewer than two concepts. */
  readonly permutation: TestOutcome;
  /** Random features in all places. */
  readonly matchedRandom: TestOutcome;
  /** Random features that are active about as often; absent where that is not known. */
  readonly matchedDensity?: TestOutcome;
  /** Why a test is not there, in words. */
  readonly reasons: Readonly<Partial<Record<TestName, string>>>;
  /** 95 % over concepts, of the macro mean and of the pooled mean. */
  readonly interval: Interval;
  readonly pooledInterval: Interval;
  readonly effects: AntonymEffects;
  /** In the order of the set; a concept without a pair has NaN. */
  readonly concepts: readonly ConceptTest[];
  readonly sensitivity: Sensitivity;
  /** How features were matched by density; empty where they were not. */
  readonly densityBins: readonly DensityBin[];
}

export type TestName = 'permutation' | 'matchedRandom' | 'matchedDensity' | 'withoutDense' | 'centred';

export interface AntonymEffects {
  /** Standard deviation of the cosines of single pairs of any features; where only rows were read, of those of the concepts. */
  readonly pairSd: number;
  /** Macro mean minus the mean under random features, as a cosine. */
  readonly difference: Estimate;
  /** The same in units of `pairSd` (Glass's delta). */
  readonly standardised: Estimate;
  /** Share of all pairs of the space with a smaller cosine, mean of concept means: 0.5 where opposites are like any pair. Absent without an exhaustive pass. */
  readonly superiority?: Estimate;
}

/** The concept's mean against random features in its places; q over all concepts after Benjamini and Hochberg. */
export interface ConceptTest extends TestOutcome {
  readonly concept: Concept;
  readonly n: number;
  readonly q: number;
  /** Against random features of like density. */
  readonly density?: Pick<TestOutcome, 'nullMean' | 'nullSd' | 'p'> & { readonly q: number };
}

/** The overall result of another choice. */
export interface Variant {
  readonly kind: 'macro' | 'pooled' | 'centred' | 'without-dense';
  readonly concepts: number;
  readonly pairs: number;
  readonly mean: Estimate;
  readonly permutation: TestOutcome;
  readonly matchedRandom: TestOutcome;
  readonly matchedDensity?: TestOutcome;
}

/** The macro mean of all other concepts, and its p-values. */
export interface WithoutConcept {
  readonly concept: Concept;
  readonly observed: number;
  readonly permutationP: number;
  readonly matchedRandomP: number;
  readonly matchedDensityP?: number;
}

export interface Sensitivity {
  /** `macro` first; the others where they can be had. */
  readonly variants: readonly Variant[];
  readonly withoutConcept: readonly WithoutConcept[];
  readonly denseAbove: number;
  /** Features of the concepts that are dense, ascending. */
  readonly denseFeatures: readonly number[];
}

/** @throws {AntipodeError} `interrupted` on abort */
export async function testAntonyms(options: AntonymTestsOptions): Promise<AntonymTests> {
  const { concepts, rows, seed, draws = DEFAULT_DRAWS, denseAbove = DENSE_ABOVE } = options;
  const hasDirection = (feature: number): boolean => rows.rows.norms[rows.rowOf(feature)]! > 0;
  const blocks = conceptBlocks(concepts, hasDirection);
  const { pool, candidates, reason } = await choosePool(options, blocks);
  const densities = knownDensities(options, pool, blocks);
  const setting: TestSetting = {
    blocks,
    pool,
    candidates,
    densities,
    draws,
    seed,
    pairSd: sdOfPairs(pool),
    signal: options.signal,
  };
  const kept = keepDraws(blocks, draws);
  const nulls = await conceptNulls({ ...setting, onDraw: kept.onDraw });
  const values = byConcept(options, ({ cos }) => cos);
  const variants = [variantOf('macro', setting, nulls, values), variantOf('pooled', setting, nulls, values)];
  const [macro, pooled] = variants as [Variant, Variant];
  const isDense = (feature: number): boolean => (options.densityOf?.(feature) ?? 0) > denseAbove;
  const denseFeatures = blocks.features.filter(isDense).sort((a, b) => a - b);
  if (options.centring) variants.push(await centredVariant(options, options.centring, setting));
  if (densities) variants.push(await withoutDenseVariant(options, setting, isDense));
  return {
    draws,
    seed,
    statistic: 'macro mean',
    permutation: macro.permutation,
    matchedRandom: macro.matchedRandom,
    ...(macro.matchedDensity && { matchedDensity: macro.matchedDensity }),
    reasons: {
      ...(!nulls.permutation && {
        permutation:
          pool.features.length === 0 && reason !== undefined
            ? reason
            : 'there are fewer than two concepts to change places',
      }),
      ...(reason !== undefined && { matchedRandom: reason }),
      ...(!nulls.matchedDensity && { matchedDensity: reason ?? UNKNOWN_DENSITY }),
      ...(!densities && { withoutDense: UNKNOWN_DENSITY }),
      ...(!options.centring && { centred: ONLY_ROWS }),
    },
    interval: macro.mean.interval,
    pooledInterval: pooled.mean.interval,
    effects: effectsOf(options, macro, setting),
    concepts: conceptTests(setting, nulls, { values, kept }),
    sensitivity: {
      variants,
      withoutConcept: withoutEach(blocks, nulls, values),
      denseAbove,
      denseFeatures,
    },
    densityBins: nulls.bins,
  };
}

const UNKNOWN_DENSITY = 'it is not known how often the features are active';
const ONLY_ROWS = 'only the rows of the concepts were read';
