/** @file Arrays of a trained sparse autoencoder as files store them: checked, features in columns, in float32 or float16. */

import { AntipodeError } from '../../errors.ts';
import { HALF_LIMIT, narrowToHalf } from '../../tensor/half.ts';

export type StoredDtype = 'float32' | 'float16';

/**
 * Bits of float16, or the values themselves.
 * @throws {AntipodeError} `check` for a value that is no number or too large for the type
 */
export function storedValues(
  name: string,
  values: Float32Array,
  dtype: StoredDtype,
): Float32Array | Uint16Array {
  const limit = dtype === 'float16' ? HALF_LIMIT : Number.POSITIVE_INFINITY;
  const wrong = values.findIndex((value) => !(Math.abs(value) < limit));
  if (wrong >= 0) {
    throw new AntipodeError(
      'check',
      `${name}: element ${wrong} cannot be stored as ${dtype} (got ${values[wrong]})`,
      {
        ...(dtype === 'float16' && { hint: 'store it as float32' }),
      },
    );
  }
  return dtype === 'float16' ? narrowToHalf(values) : values;
}

/** Rows and columns that are moved together, so that both sides stay in the cache. */
const TILE = 64;

/** `[rows, columns]` -> `[columns, rows]`, both C order. */
export function transposed(values: Float32Array, columns: number): Float32Array {
  const rows = values.length / columns;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row += TILE) {
    const lastRow = Math.min(row + TILE, rows);
    for (let column = 0; column < columns; column += TILE) {
      const lastColumn = Math.min(column + TILE, columns);
      for (let r = row; r < lastRow; r++) {
        for (let c = column; c < lastColumn; c++) result[c * rows + r] = values[r * columns + c]!;
      }
    }
  }
  return result;
}
