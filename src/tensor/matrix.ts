/**
 * @file Feature vectors in memory: one row per feature, with their lengths.
 * Reported cosines are always computed from the stored float32 rows with float64 accumulation; nothing here rescales the rows
 * themselves, because float32 unit rows would move a cosine by about 1e-9.
 */

import { AntipodeError } from '../errors.ts';

/** Row-major float32 matrix. */
export interface Matrix {
  /** `rows * cols` values; over shared memory when it came from `allocateMatrix`. */
  readonly data: Float32Array;
  readonly rows: number;
  readonly cols: number;
}

/** Why a row has no direction. */
export type RowDefect = 'zero-norm' | 'non-finite';

/** A matrix `[n, d]` whose rows are the directions of features in one space, with float64 row norms. */
export interface FeatureMatrix extends Matrix {
  /** Euclidean norms, accumulated in float64, length `rows`. Zero for zero rows, NaN for rows that hold a NaN or an infinity. */
  readonly norms: Float64Array;
  /** Rows without a direction, ascending: they are listed, counted and left out, and never stand as a cosine of 0. */
  readonly defects: readonly { readonly row: number; readonly defect: RowDefect }[];
}

/**
 * A zeroed matrix over shared memory, so that workers can read it without a copy.
 * @throws {AntipodeError} `resource` where there is no memory for it
 */
export function allocateMatrix(rows: number, cols: number): Matrix {
  const byteLength = rows * cols * 4;
  try {
    return { data: new Float32Array(new SharedArrayBuffer(byteLength)), rows, cols };
  } catch (error) {
    throw new AntipodeError(
      'resource',
      `matrix [${rows}, ${cols}]: not enough memory (needs ${Math.ceil(byteLength / 2 ** 20)} MiB)`,
      { hint: 'close other programs, or use a smaller SAE', cause: error },
    );
  }
}

/** The view of row `row`. */
export function rowOf(matrix: Matrix, row: number): Float32Array {
  return matrix.data.subarray(row * matrix.cols, (row + 1) * matrix.cols);
}

/**
 * Norms of all rows, float64 accumulation.
 * A sum of squares that overflows float64 or meets a NaN/infinity marks the row `non-finite`; an exact zero marks it `zero-norm`.
 */
export function toFeatureMatrix(matrix: Matrix): FeatureMatrix {
  const { data, rows, cols } = matrix;
  const norms = new Float64Array(rows);
  return { data, rows, cols, norms, defects: takeNorms(matrix, norms) };
}

/**
 * Norms of the rows of a matrix, or of a piece of one that begins at its row `first`, as `toFeatureMatrix` has them.
 * @param norms receives them from `first` on @returns those of its rows that have no direction
 */
export function takeNorms(
  { data, rows, cols }: Matrix,
  norms: Float64Array,
  first = 0,
): { row: number; defect: RowDefect }[] {
  const defects: { row: number; defect: RowDefect }[] = [];
  for (let row = 0; row < rows; row++) {
    const norm = Math.sqrt(squaredNorm(data, row * cols, cols));
    norms[first + row] = Number.isFinite(norm) ? norm : Number.NaN;
    if (norm === 0) defects.push({ row: first + row, defect: 'zero-norm' });
    else if (!Number.isFinite(norm)) defects.push({ row: first + row, defect: 'non-finite' });
  }
  return defects;
}

/** Sum of squares of `length` values from `start`, float64, four interleaved partial sums (order fixed, so the result is reproducible). */
export function squaredNorm(data: Float32Array, start: number, length: number): number {
  return dotRange(data, start, data, start, length);
}

/** Dot product of two ranges, float64, four interleaved partial sums in a fixed order. Symmetric bit for bit in its two operands. */
export function dotRange(
  a: Float32Array,
  startA: number,
  b: Float32Array,
  startB: number,
  length: number,
): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; k + 3 < length; k += 4) {
    s0 += a[startA + k]! * b[startB + k]!;
    s1 += a[startA + k + 1]! * b[startB + k + 1]!;
    s2 += a[startA + k + 2]! * b[startB + k + 2]!;
    s3 += a[startA + k + 3]! * b[startB + k + 3]!;
  }
  for (; k < length; k++) s0 += a[startA + k]! * b[startB + k]!;
  return s0 + s1 + (s2 + s3);
}

/**
 * cos(a_i, b_j) in float64, clamped to [-1, 1] (rounding can pass 1 by an ulp or two).
 * NaN when either row has no direction: callers exclude such rows first.
 */
export function cosine(a: FeatureMatrix, i: number, b: FeatureMatrix, j: number): number {
  const scale = a.norms[i]! * b.norms[j]!;
  if (!(scale > 0)) return Number.NaN;
  const value = dotRange(a.data, i * a.cols, b.data, j * b.cols, a.cols) / scale;
  return value > 1 ? 1 : value < -1 ? -1 : value;
}
