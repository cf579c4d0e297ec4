/** @file The rows of a matrix as workers see them: over shared memory, with the list of those that have a direction. */

import type { FeatureMatrix } from '../tensor/matrix.ts';
import type { RowFile } from './row_file.ts';
import type { SharedRows } from './row_values.ts';

/** Rows in memory, or in a file. */
export type SearchableRows = FeatureMatrix | RowFile;

/** Copies what is not over shared memory yet: nothing of a matrix that `allocateMatrix` made but its norms. */
export function shareRows(matrix: SearchableRows): SharedRows {
  return {
    ...('file' in matrix ? { data: new Float32Array(0), file: matrix.file } : { data: shareValues(matrix) }),
    norms: copyShared(matrix.norms, new Float64Array(new SharedArrayBuffer(matrix.norms.byteLength))),
    usable: usableRows(matrix.norms),
  };
}

function shareValues(matrix: FeatureMatrix): Float32Array {
  return matrix.data.buffer instanceof SharedArrayBuffer
    ? matrix.data
    : copyShared(matrix.data, new Float32Array(new SharedArrayBuffer(matrix.data.byteLength)));
}

/** Indices of the rows with a direction, ascending; a column of the table of pairs is a place in this list. */
export function usableRows(norms: Float64Array): Int32Array {
  let count = 0;
  for (const norm of norms) if (norm > 0) count++;
  const usable = new Int32Array(new SharedArrayBuffer(4 * count));
  for (let row = 0, at = 0; row < norms.length; row++) if (norms[row]! > 0) usable[at++] = row;
  return usable;
}

function copyShared<T extends { set(values: ArrayLike<number>): void }>(
  values: ArrayLike<number>,
  target: T,
): T {
  target.set(values);
  return target;
}
