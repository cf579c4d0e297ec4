/**
 * @file Rows scaled to length 1 in float32, for products that only have to find candidates; what is reported is computed from the rows as
 * stored.
 */

import type { FeatureMatrix, Matrix } from './matrix.ts';

/** Where a row comes from: row-major data of width `d` and the float64 norms of its rows. */
export interface RowStore {
  readonly data: Float32Array;
  readonly norms: Float64Array;
}

/** Writes row `row` at `target[at..at + d]`; a row without a direction becomes zeros. Each value is rounded once. */
export function writeUnitRow(
  target: Float32Array,
  at: number,
  store: RowStore,
  row: number,
  d: number,
): void {
  const norm = store.norms[row]!;
  if (!(norm > 0)) {
    target.fill(0, at, at + d);
    return;
  }
  const scale = 1 / norm;
  const { data } = store;
  const from = row * d;
  for (let c = 0; c < d; c++) target[at + c] = data[from + c]! * scale;
}

/** Scales all rows to length 1 in place, rounding each value once; rows without a direction become zeros. The norms stay those of before. */
export function normalizeRows(matrix: FeatureMatrix): Matrix {
  for (let row = 0; row < matrix.rows; row++)
    writeUnitRow(matrix.data, row * matrix.cols, matrix, row, matrix.cols);
  return matrix;
}
