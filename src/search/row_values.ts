/**
 * @file The values of single rows, wherever they lie: in shared memory, or in a file of which positioned reads fetch what is asked for (the system keeps
 * what fits into its memory). On any thread: a file descriptor belongs to the process.
 */

import { readSync } from 'node:fs';
import { AntipodeError } from '../errors.ts';

/** Float32 rows, little-endian and one after the other, in a file that is open. */
export interface FileRows {
  readonly fd: number;
  /** Of the first row, in bytes. */
  readonly offset: number;
}

/** The rows of one matrix that have a direction. */
export interface SharedRows {
  /** Row-major float32 `[rows, d]`, shared; empty where the rows stay in a file. */
  readonly data: Float32Array;
  /** Where they do. Searches by integers alone know it. */
  readonly file?: FileRows | undefined;
  /** Norms of all rows, shared. */
  readonly norms: Float64Array;
  /** Indices of the usable rows, ascending, shared. */
  readonly usable: Int32Array;
}

/** What rows are read from: `data` is empty where there is a `file`. */
export type RowValues = Pick<SharedRows, 'data' | 'file'>;

/** Two rows are looked at together. */
type Slot = 0 | 1;
const fetched: [Float32Array, Float32Array] = [new Float32Array(0), new Float32Array(0)];

/** Where row `row` can be read from `rowStart` on; of a file, until the next call for this slot. */
export function rowData(rows: RowValues, row: number, d: number, slot: Slot): Float32Array {
  if (!rows.file) return rows.data;
  if (fetched[slot].length < d) fetched[slot] = new Float32Array(d);
  readFloats(rows.file, row * d, fetched[slot].subarray(0, d));
  return fetched[slot];
}

export function rowStart(rows: RowValues, row: number, d: number): number {
  return rows.file ? 0 : row * d;
}

/** The first `stride` values of the usable rows start..start + count - 1, one row after the other. */
export function copyRows(
  rows: Pick<SharedRows, 'data' | 'file' | 'usable'>,
  {
    d,
    stride,
    start,
    count,
  }: { readonly d: number; readonly stride: number; readonly start: number; readonly count: number },
  target: Float32Array,
): void {
  const { data, file, usable } = rows;
  const first = usable[start]!;
  const isOnePiece = stride === d && usable[start + count - 1] === first + count - 1;
  if (isOnePiece && file) readFloats(file, first * d, target.subarray(0, count * d));
  else {
    for (let r = 0; r < count; r++) {
      const at = usable[start + r]! * d;
      if (file) readFloats(file, at, target.subarray(r * stride, (r + 1) * stride));
      else target.set(data.subarray(at, at + stride), r * stride);
    }
  }
}

function readFloats({ fd, offset }: FileRows, at: number, target: Float32Array): void {
  const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
  readFully(fd, bytes, offset + 4 * at);
}

/** @throws {AntipodeError} `format` where the file ends before */
export function readFully(fd: number, target: Uint8Array, position: number): void {
  for (let done = 0; done < target.length; ) {
    const got = readSync(fd, target, done, target.length - done, position + done);
    if (got === 0) {
      throw new AntipodeError('format', 'search: the file of the rows was cut while it was searched', {
        hint: 'leave it alone until the search ends',
      });
    }
    done += got;
  }
}
