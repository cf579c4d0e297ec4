/**
 * @file What a search over pairs is asked and what it answers. The seam between `search/` and the rooms above: they pass directions and
 * counts, and know nothing of tiles, workers or ONNX Runtime.
 */

import { AntipodeError } from '../errors.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';

/** A pair of rows with its float64 cosine. Within one matrix i < j; between two matrices i is a row of the first, j of the second. */
export interface ScoredPair {
  readonly i: number;
  readonly j: number;
  readonly cos: number;
}

/** The k most aligned and the k most opposed of which pairs. */
export interface PairRequest {
  readonly a: FeatureMatrix;
  /** Absent for pairs i < j within `a`. */
  readonly b?: FeatureMatrix;
  /** Pairs wanted at each end, >= 0. */
  readonly k: number;
}

/** Facts about ALL pairs, from the same pass. */
export interface PairCensus {
  /** Number of pairs: n(n-1)/2 within one matrix, n*m between two; rows without a direction take no part. */
  readonly pairs: number;
  /** Mean and population standard deviation, float64 sums over float32 cosines (error of the mean below 1e-7). */
  readonly mean: number;
  readonly sd: number;
  /** Third standardised moment of the population; NaN where the cosines do not differ by more than float32 products can tell. */
  readonly skewness: number;
  /** As `histogram`, in 65,536 equal bins: for quantiles. */
  readonly fineHistogram: Float64Array;
  /** Counts per bin of width 2/bins over [-1, 1]; the last bin is closed. Of float32 cosines: a value within 1e-6 of an edge may fall on either side. */
  readonly histogram: Float64Array;
  /**
   * For each asked cosine, how many pairs have a strictly smaller one. Counted, not interpolated: pairs whose float32 cosine is
   * too close to call are decided by their float64 cosine.
   */
  readonly below: Float64Array;
}

export interface PairSearchResult {
  /** The k largest, ordered by (cos descending, i, j). Shorter than k only when there are fewer pairs. */
  readonly top: readonly ScoredPair[];
  /** The k smallest, ordered by (cos ascending, i, j). */
  readonly bottom: readonly ScoredPair[];
  readonly census?: PairCensus;
}

/** Total order of the most aligned end. */
export function compareTop(a: ScoredPair, b: ScoredPair): number {
  return b.cos - a.cos || a.i - b.i || a.j - b.j;
}

/** Total order of the most opposed end. */
export function compareBottom(a: ScoredPair, b: ScoredPair): number {
  return a.cos - b.cos || a.i - b.i || a.j - b.j;
}

interface RequestSizes {
  readonly a: { readonly cols: number };
  readonly b?: { readonly cols: number };
  readonly k: number;
}

/** What every engine refuses alike. @throws {AntipodeError} `usage` where the widths differ or k is not a count */
export function checkPairRequest({ a, b, k }: RequestSizes): void {
  if (b && b.cols !== a.cols) {
    throw new AntipodeError(
      'usage',
      `the two dictionaries have different widths (d_in ${a.cols} and ${b.cols})`,
    );
  }
  if (!Number.isInteger(k) || k < 0)
    throw new AntipodeError('usage', `k: got ${k}, expected an integer >= 0`);
}
