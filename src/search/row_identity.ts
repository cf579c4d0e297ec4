/** @file What tells one set of rows from another: their number, their width and a hash of their values, by which parts of a search know that they belong together. */

import { createHash } from 'node:crypto';
import { type SearchableRows, usableRows } from './shared_rows.ts';

export interface RowIdentity {
  /** Rows of the matrix, and how many of them have a direction and take part. */
  readonly rows: number;
  readonly usable: number;
  readonly width: number;
  /** SHA-256 of the float32 values, little-endian and row by row, and of the list of usable rows (int32). */
  readonly sha256: string;
}

/** Bytes hashed at a time. */
const PIECE = 2 ** 24;

export function identifyRows(matrix: SearchableRows): RowIdentity {
  const { cols, norms, rows } = matrix;
  const hash = 'file' in matrix ? matrix.hash.copy() : createHash('sha256');
  const update = (values: Float32Array | Int32Array): void => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let at = 0; at < bytes.length; at += PIECE) hash.update(bytes.subarray(at, at + PIECE));
  };
  if (!('file' in matrix)) update(matrix.data);
  const usable = usableRows(norms);
  update(usable);
  return { rows, usable: usable.length, width: cols, sha256: hash.digest('hex') };
}
