/**
 * @file Rows that stay in their file: one pass takes their lengths and a hash, and what a search needs of them is read again when it is needed. Memory: twelve bytes per row.
 */

import { createHash, type Hash } from 'node:crypto';
import { throwIfInterrupted } from '../errors.ts';
import { openRegularFile } from '../formats/source.ts';
import { type FeatureMatrix, takeNorms } from '../tensor/matrix.ts';
import { type FileRows, readFully } from './row_values.ts';

export interface RowPlace {
  readonly path: string;
  /** Of the first value, in bytes: float32 rows, little-endian and one after the other. */
  readonly offset: number;
  readonly rows: number;
  readonly cols: number;
}

/** As a `FeatureMatrix`, without its values. */
export interface RowFile extends Pick<FeatureMatrix, 'rows' | 'cols' | 'norms' | 'defects'> {
  readonly file: FileRows;
  /** SHA-256 of all values so far: copied, never changed. */
  readonly hash: Hash;
  /** Once nothing is searched in it any more. */
  close(): Promise<void>;
}

export interface OpenRowFileOptions {
  readonly signal?: AbortSignal;
  /** @param done bytes read */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Bytes of one read, at least one row. */
const PIECE = 4 * 2 ** 20;

/** @throws {AntipodeError} `missing`, `format` where the file ends before the last row, `interrupted` */
export async function openRowFile(
  { cols, offset, path, rows }: RowPlace,
  { onProgress, signal }: OpenRowFileOptions = {},
): Promise<RowFile> {
  const handle = await openRegularFile(path);
  try {
    const norms = new Float64Array(rows);
    const defects: FeatureMatrix['defects'][number][] = [];
    const hash = createHash('sha256');
    const perPiece = Math.max(1, Math.floor(PIECE / (4 * cols)));
    const values = new Float32Array(Math.min(rows, perPiece) * cols);
    for (let first = 0; first < rows; first += perPiece) {
      throwIfInterrupted(signal);
      const count = Math.min(perPiece, rows - first);
      const bytes = new Uint8Array(values.buffer, 0, 4 * count * cols);
      readFully(handle.fd, bytes, offset + 4 * first * cols);
      hash.update(bytes);
      defects.push(...takeNorms({ data: values, rows: count, cols }, norms, first));
      onProgress?.(4 * (first + count) * cols, 4 * rows * cols);
      // Reads of a file in the system's memory never wait: without this nobody would hear an interrupt.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const file = { fd: handle.fd, offset };
    return { rows, cols, norms, defects, file, hash, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
