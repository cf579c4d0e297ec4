/** @file The overall test of antonyms under one choice (pooled, centred, without dense features), and the pool of features that it draws from. */

import type { NullSummary } from '../stats/permutation.ts';
import { createRng } from '../tensor/rng.ts';
import type { AntonymTestsOptions, Variant } from './antonym_tests.ts';
import type { Centring } from './centring.ts';
import { type ConceptBlocks, conceptBlocks, pairsIn } from './concept_blocks.ts';
import { type ConceptNulls, conceptNulls } from './concept_nulls.ts';
import type { ConceptPairCosine } from './measure_space.ts';
import { centredPool, drawPool, MOST_POOL_FEATURES, type PoolCosines, poolCosines } from './pool_cosines.ts';
import {
  type ByConcept,
  estimateOf,
  macroClusters,
  noOutcome,
  outcomeOf,
  pooledClusters,
  type TestOutcome,
} from './test_outcome.ts';

export interface TestSetting {
  readonly blocks: ConceptBlocks;
  readonly pool: PoolCosines;
  /** Positions that may be drawn; undefined where the pool holds the concepts' features alone. */
  readonly candidates: readonly number[] | undefined;
  /** Of the pool, by position; undefined where none of the concepts' features has a known one. */
  readonly densities: readonly (number | undefined)[] | undefined;
  readonly draws: number;
  readonly seed: number;
  /** Of the cosines of single pairs in the pool. */
  readonly pairSd: number;
  readonly signal?: AbortSignal | undefined;
}

const COSINES = { low: -1, high: 1 };

interface ChosenPool {
  readonly pool: PoolCosines;
  readonly candidates: readonly number[] | undefined;
  /** Why no other features can be drawn. */
  readonly reason?: string;
}

/** Without the whole dictionary, or where the concepts fill a pool, the pool is the concepts' features. */
export async function choosePool(
  { rows, seed, signal }: Pick<AntonymTestsOptions, 'rows' | 'seed' | 'signal'>,
  { features }: ConceptBlocks,
): Promise<ChosenPool> {
  const tooMany = features.length > MOST_POOL_FEATURES;
  if (tooMany || !rows.isWhole) {
    const reason = tooMany
      ? `the concepts have more than ${MOST_POOL_FEATURES} features`
      : 'only single rows were read';
    const pool = await poolCosines(rows, tooMany ? [] : features, signal);
    return { pool, candidates: undefined, reason };
  }
  const usable = Array.from(rows.rows.norms, (_, feature) => feature).filter(
    (feature) => rows.rows.norms[feature]! > 0,
  );
  const pool = await poolCosines(rows, drawPool(features, usable, seed), signal);
  return { pool, candidates: pool.features.map((_, position) => position) };
}

export function knownDensities(
  { densityOf }: Pick<AntonymTestsOptions, 'densityOf'>,
  pool: PoolCosines,
  { features }: ConceptBlocks,
): readonly (number | undefined)[] | undefined {
  if (!densityOf || features.every((feature) => densityOf(feature) === undefined)) return undefined;
  return pool.features.map(densityOf);
}

export function sdOfPairs({ cosines, features }: PoolCosines): number {
  const size = features.length;
  const count = (size * (size - 1)) / 2;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) {
      const cos = cosines[i * size + j]!;
      sum += cos;
      squares += cos * cos;
    }
  }
  return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}

/** What `value` says of the pairs of each concept, where it says anything. */
export function byConcept(
  { concepts, pairs }: Pick<AntonymTestsOptions, 'concepts' | 'pairs'>,
  value: (pair: ConceptPairCosine) => number | undefined,
): ByConcept {
  const found = new Map(concepts.map((concept) => [concept, [] as number[]]));
  for (const pair of pairs) {
    const number = value(pair);
    if (number !== undefined && !Number.isNaN(number)) found.get(pair.concept)?.push(number);
  }
  return [...found.values()];
}

/** @param values as measured, of the same pairs as the blocks of `setting` */
export function variantOf(
  kind: Variant['kind'],
  { blocks, draws, seed, pairSd }: TestSetting,
  nulls: ConceptNulls,
  values: ByConcept,
): Variant {
  const clusters = kind === 'pooled' ? pooledClusters(values) : macroClusters(values);
  const rng = createRng(seed, 'antonym-bootstrap');
  const mean = estimateOf(clusters, { draws, rng, range: COSINES });
  const of = (
    found: { readonly macro: NullSummary; readonly pooled: NullSummary } | undefined,
  ): TestOutcome =>
    found
      ? outcomeOf(mean.value, kind === 'pooled' ? found.pooled : found.macro, {
          interval: mean.interval,
          pairSd,
        })
      : noOutcome(mean.value);
  return {
    kind,
    concepts: clusters.length,
    pairs: blocks.concepts.reduce((sum, _, c) => sum + pairsIn(blocks, c), 0),
    mean,
    permutation: of(nulls.permutation),
    matchedRandom: of(nulls.matchedRandom),
    ...(nulls.matchedDensity && { matchedDensity: of(nulls.matchedDensity) }),
  };
}

export async function centredVariant(
  options: AntonymTestsOptions,
  centring: Centring,
  raw: TestSetting,
): Promise<Variant> {
  const pool = centredPool(raw.pool, centring);
  const setting = { ...raw, pool, pairSd: sdOfPairs(pool) };
  const values = byConcept(options, ({ centredCos }) => centredCos);
  return variantOf('centred', setting, await conceptNulls(setting), values);
}

/** Neither among the concepts nor among what is drawn. */
export async function withoutDenseVariant(
  options: AntonymTestsOptions,
  whole: TestSetting,
  isDense: (feature: number) => boolean,
): Promise<Variant> {
  const { pool, candidates } = whole;
  const taken = new Set(whole.blocks.features);
  const blocks = conceptBlocks(options.concepts, (feature) => taken.has(feature) && !isDense(feature));
  const setting: TestSetting = {
    ...whole,
    blocks,
    candidates: candidates?.filter((position) => !isDense(pool.features[position]!)),
  };
  const values = byConcept(options, ({ cos, featureA, featureB }) =>
    isDense(featureA) || isDense(featureB) ? undefined : cos,
  );
  return variantOf('without-dense', setting, await conceptNulls(setting), values);
}
