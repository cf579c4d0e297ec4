/**
 * @file From one row, the place of another among all rows, from tiles of float32 cosines: rows too close to call (within the proven error bound) are decided in float64, so
 * the rank is exact.
 */

import type { PlacedQuery } from './float_jobs.ts';
import type { Tile } from './tiles.ts';

export interface RankQuery {
  /** A row of the first matrix. */
  readonly from: number;
  /** Of the second matrix where there is one, else of the same. */
  readonly to: number;
  /** A row of the second matrix that is not counted. */
  readonly except?: number;
}

export interface RankCounterOptions {
  readonly queries: readonly PlacedQuery[];
  /** A bound on |float32 cosine - float64 cosine|. */
  readonly errorBound: number;
  /** Of places among the rows that have a direction. */
  readonly exactCosine: (i: number, j: number) => number;
  /** Within one matrix a tile below the diagonal is read off its mirror image. */
  readonly isWithin: boolean;
}

export interface RankCounter {
  /** @param cosines `[m, n]` of the tile */
  scan(tile: Tile, cosines: Float32Array): void;
  /** Per query: rows with a larger cosine; ties do not count. */
  readonly better: Float64Array;
}

export function createRankCounter(options: RankCounterOptions): RankCounter {
  const { queries, errorBound, exactCosine, isWithin } = options;
  const better = new Float64Array(queries.length);
  const count = (q: number, other: number, value: number): void => {
    const { from, except, cos } = queries[q]!;
    if (value < cos - errorBound || other === except) return;
    if (value > cos + errorBound || exactCosine(from, other) > cos) better[q]! += 1;
  };
  return {
    better,
    scan({ i0, m, j0, n, isDiagonal }, cosines) {
      for (let q = 0; q < queries.length; q++) {
        const { from } = queries[q]!;
        const row = from - i0;
        if (row >= 0 && row < m) {
          for (let c = isDiagonal ? row + 1 : 0; c < n; c++) count(q, j0 + c, cosines[row * n + c]!);
        }
        const column = from - j0;
        if (isWithin && column >= 0 && column < n) {
          const end = isDiagonal ? Math.min(m, column) : m;
          for (let r = 0; r < end; r++) count(q, i0 + r, cosines[r * n + column]!);
        }
      }
    },
  };
}
