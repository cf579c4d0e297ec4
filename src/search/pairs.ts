/**
 * @file What a search over pairs is asked and what it answers. The seam between `search/` and the rooms above: they pass directions and
 * counts, and know nothing of tiles, workers or ONNX Runtime.
 */

import { AntipodeError } from '../errors.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import type { NearestRows } from './nearest_best.ts';

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
  /** In 65,536 equal bins, for quantiles; it adds up to `histogram`. Between its own finer edges float32 cosines decide: off by about 1e-8. */
  readonly fineHistogram: Float64Array;
  /** Counts per bin of width 2/bins over [-1, 1], by float64 cosines: see `evidence`. Edges belong to the bin above them; the last bin is closed. */
  readonly histogram: Float64Array;
  /**
   * For each asked cosine, how many pairs have a strictly smaller one. Counted, not interpolated: pairs whose float32 cosine is
   * too close to call are decided by their float64 cosine.
   */
  readonly below: Float64Array;
  readonly evidence: CensusEvidence;
}

/**
 * Why bins and counts are those of float64 cosines: a float32 cosine c decided only where it is farther than slack * (|c| + 1/8) from every edge and asked cosine, float64 all others;
 * and no error met, of those and of some pairs of every part of the table, came to a quarter of that.
 */
export interface CensusEvidence {
  readonly slack: number;
  /** Largest |float32 - float64| / (|float32| + 1/8). */
  readonly largestError: number;
  /** Pairs that float64 decided. */
  readonly decided: number;
}

export interface PairSearchResult {
  /** The k largest, ordered by (cos descending, i, j). Shorter than k only when there are fewer pairs. */
  readonly top: readonly ScoredPair[];
  /** The k smallest, ordered by (cos ascending, i, j). */
  readonly bottom: readonly ScoredPair[];
  readonly census?: PairCensus;
  /** Of the rows of the first matrix, and of the second where there is one (then among those of the other). Where asked for. */
  readonly nearest?: readonly NearestRows[];
  /**
   * For each query, 1 + the number of rows with a larger cosine to its row `from` than row `to` has; ties do not push a row down. NaN where one of the two has no direction,
   * or where they are one row. Where asked for.
   */
  readonly ranks?: Float64Array;
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
  readonly threads?: number | undefined;
}

/** What every engine refuses alike. @throws {AntipodeError} `usage` where the widths differ, k is not a count, or as `checkThreads` */
export function checkPairRequest({ a, b, k, threads }: RequestSizes): void {
  checkThreads(threads);
  if (b && b.cols !== a.cols) {
    throw new AntipodeError(
      'usage',
      `the two dictionaries have different widths (d_in ${a.cols} and ${b.cols})`,
    );
  }
  if (!Number.isInteger(k) || k < 0)
    throw new AntipodeError('usage', `k: got ${k}, expected an integer >= 0`);
}

/** More workers than any machine has cores for are a slip, and would take all its memory. */
const MOST_THREADS = 1024;

/** No worker at all would find no pair, and say so of the rows. @throws {AntipodeError} `usage` */
export function checkThreads(threads: number | undefined): void {
  if (threads === undefined || (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS)) return;
  throw new AntipodeError('usage', `threads: got ${threads}, expected an integer from 1 to ${MOST_THREADS}`);
}
