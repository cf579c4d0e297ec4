/** @file All null hypotheses for one set of concepts in one pool of features: its sets B in other orders, random features, random features of like density. */

import { createMatchedDraws } from '../stats/matched_draws.ts';
import { createRng } from '../tensor/rng.ts';
import { type ConceptBlocks, conceptsWithPairs } from './concept_blocks.ts';
import { type DensityBin, densityStrata } from './density_strata.ts';
import { type BlockMeans, matchedNull, type NullSummaries } from './matched_null.ts';
import { type PermutedSummaries, permuteSets, setTable } from './permuted_sets.ts';
import type { PoolCosines } from './pool_cosines.ts';

export interface ConceptNullsOptions {
  readonly blocks: ConceptBlocks;
  readonly pool: PoolCosines;
  /** Positions of the pool that may be drawn, those of the concepts included; undefined: the pool holds nothing else. */
  readonly candidates: readonly number[] | undefined;
  /** Of the pool, by position; undefined: known of none that matters. */
  readonly densities: readonly (number | undefined)[] | undefined;
  readonly draws: number;
  readonly seed: number;
  /** Is handed the means of each draw of random features. */
  readonly onDraw?: (means: BlockMeans, draw: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface ConceptNulls {
  /** Absent with fewer than two concepts, and where the pool is empty. */
  readonly permutation?: PermutedSummaries;
  readonly matchedRandom?: NullSummaries;
  readonly matchedDensity?: NullSummaries;
  readonly bins: readonly DensityBin[];
}

/** Each null hypothesis has a stream of random numbers of its own; the same seed gives the same draws. @throws {AntipodeError} `interrupted` on abort */
export async function conceptNulls(options: ConceptNullsOptions): Promise<ConceptNulls> {
  const { blocks, pool, candidates, densities, draws, seed, onDraw, signal } = options;
  const home = homesOf(blocks, pool);
  const used = conceptsWithPairs(blocks);
  const matched = { blocks, pool, home, draws, signal };
  const strata = candidates && densities && densityStrata(densities, home, candidates);
  const places = Array.from(home, (_, place) => place);
  return {
    ...(used.length > 1 &&
      pool.features.length > 0 && {
        permutation: await permuteSets(setTable(blocks, pool, home), {
          draws,
          rng: createRng(seed, 'antonym-permutation'),
          signal,
        }),
      }),
    ...(candidates &&
      used.length > 0 && {
        matchedRandom: await matchedNull({
          ...matched,
          draw: createMatchedDraws([{ places, candidates }], createRng(seed, 'antonym-matched')),
          ...(onDraw && { onDraw }),
        }),
      }),
    ...(strata &&
      used.length > 0 && {
        matchedDensity: await matchedNull({
          ...matched,
          draw: createMatchedDraws(strata.strata, createRng(seed, 'antonym-density')),
        }),
      }),
    bins: strata?.bins ?? [],
  };
}

/** The position in the pool of the feature in each place. */
export function homesOf({ features }: ConceptBlocks, pool: PoolCosines): Int32Array {
  const positionOf = new Map(pool.features.map((feature, position) => [feature, position]));
  return Int32Array.from(features, (feature) => positionOf.get(feature)!);
}
