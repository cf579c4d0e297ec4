/**
 * @file The k most aligned and the k most opposed pairs of directions, exactly: within one dictionary, or between two of the same width. How they are found is
 * decided inside; what comes out depends on the rows and k alone.
 */

import type { FeatureMatrix } from '../tensor/matrix.ts';
import type { ScoredPair } from './pairs.ts';
import { searchPairs } from './search_pairs.ts';

export interface ExtremesOptions {
  /** Pairs wanted at each end, >= 0. */
  readonly k: number;
  /** Default: all cores. The result does not depend on it. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** @param done pairs visited so far */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Extremes {
  /** By (cos descending, i, j); i < j within one dictionary. Float64 cosines of the stored rows. */
  readonly top: readonly ScoredPair[];
  /** By (cos ascending, i, j). */
  readonly bottom: readonly ScoredPair[];
}

/** Pairs i < j of rows that have a direction. @throws {AntipodeError} as `searchPairs` */
export function extremes(a: FeatureMatrix, options: ExtremesOptions): Promise<Extremes> {
  return searchPairs({ ...options, a });
}

/** Pairs (row of a, row of b). @throws {AntipodeError} as `searchPairs` */
export function extremesBetween(
  a: FeatureMatrix,
  b: FeatureMatrix,
  options: ExtremesOptions,
): Promise<Extremes> {
  return searchPairs({ ...options, a, b });
}
