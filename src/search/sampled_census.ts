/**
 * @file A census of rows drawn at random: all pairs among them, counted exactly, stand for all pairs of the dictionary. An approximation, and a fraction of a second where a
 * census takes seconds; `searchPairs` gives the census itself.
 */

import type { FeatureMatrix } from '../tensor/matrix.ts';
import { allocateMatrix, rowOf, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import type { PairCensus } from './pairs.ts';
import { searchPairs } from './search_pairs.ts';

export interface SampleCensusOptions {
  readonly a: FeatureMatrix;
  /** Pairs are then (row of a, row of b). */
  readonly b?: FeatureMatrix;
  /** Rows drawn of each matrix. Default: 2,048, which makes 2,096,128 pairs. */
  readonly rows?: number;
  /** Default: 0. The same seed draws the same rows. */
  readonly seed?: number;
  readonly countBelow?: readonly number[];
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** Of the pairs that were drawn, not of all: shares of `pairs` are estimates, counts are not to be compared with those of a census. */
export interface SampledCensus extends PairCensus {
  readonly isSample: boolean;
}

/** Rows of each matrix that are drawn where nothing else is said. */
export const SAMPLED_ROWS = 2048;

/** A census of all pairs, and `isSample` false, where there are no more rows than were to be drawn. @throws {AntipodeError} as `searchPairs` */
export async function sampleCensus(options: SampleCensusOptions): Promise<SampledCensus> {
  const { a, b, rows = SAMPLED_ROWS, seed = 0, countBelow = [], threads, signal } = options;
  const drawn = drawRows(a, rows, seed, 'a');
  const others = b && drawRows(b, rows, seed, 'b');
  const { census } = await searchPairs({
    a: drawn,
    ...(others && { b: others }),
    k: 0,
    countBelow,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
  });
  return { ...census!, isSample: drawn !== a || others !== b };
}

/** Each row that has a direction with the same chance, in their order; the matrix itself where it has no more of them. */
function drawRows(matrix: FeatureMatrix, wanted: number, seed: number, side: string): FeatureMatrix {
  const usable = Array.from(matrix.norms.keys()).filter((row) => matrix.norms[row]! > 0);
  if (usable.length <= wanted) return matrix;
  const rng = createRng(seed, `census of a sample, ${side}`);
  for (let at = 0; at < wanted; at++) {
    const other = at + rng.integer(usable.length - at);
    [usable[at], usable[other]] = [usable[other]!, usable[at]!];
  }
  const drawn = allocateMatrix(wanted, matrix.cols);
  const kept = usable.slice(0, wanted).sort((x, y) => x - y);
  kept.forEach((row, at) => {
    rowOf(drawn, at).set(rowOf(matrix, row));
  });
  return toFeatureMatrix(drawn);
}
