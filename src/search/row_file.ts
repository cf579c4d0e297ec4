/**
 * @file Rows that stay in their file: one pass takes their lengths and a hash, and what a search needs of them is read again when it is needed. Memory: twelve bytes per row.
 */

import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { AntipodeError, systemErrorCode, throwIfInterrupted } from '../errors.ts';
import { makeFolder } from '../formats/make_folder.ts';
import { openRegularFile } from '../formats/source.ts';
import { temporaryName } from '../formats/temporaries.ts';
import { type FeatureMatrix, takeNorms } from '../tensor/matrix.ts';
import { type FileRows, readFully } from './row_values.ts';

export interface RowPlace {
  readonly path: string;
  /** Of the first value, in bytes: float32 rows, little-endian and one after the other. */
  readonly offset: number;
  readonly rows: number;
  readonly cols: number;
  /** Where one is known: zlib's crc32 of all values, continued from `before`. */
  readonly checksum?: { readonly before: number; readonly expected: number };
}

/** As a `FeatureMatrix`, without its values. */
export interface RowFile extends Pick<FeatureMatrix, 'rows' | 'cols' | 'norms' | 'defects'> {
  readonly file: FileRows;
  /** SHA-256 of all values so far: copied, never changed. */
  readonly hash: Hash;
  /** Once nothing is searched in it any more. */
  close(): Promise<void>;
}

export interface RowFileOptions {
  readonly signal?: AbortSignal | undefined;
  /** @param done bytes read */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Bytes of one read or write, at least one row. */
const PIECE = 4 * 2 ** 20;

/** @throws {AntipodeError} `usage` for sizes that are none, `missing`, `format` where the file ends before the last row or is damaged, `interrupted` */
export async function openRowFile(place: RowPlace, options: RowFileOptions = {}): Promise<RowFile> {
  checkSizes(place);
  const handle = await openRegularFile(place.path);
  return closingOnError(handle, async () => {
    throwIfInterrupted(options.signal);
    refuseShorter(place, (await handle.stat()).size);
    return scanRows(handle, place, options);
  });
}

function checkSizes({ cols, offset, rows }: RowPlace): void {
  for (const [name, value, least] of [
    ['rows', rows, 0],
    ['cols', cols, 1],
    ['offset', offset, 0],
  ] as const) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new AntipodeError('usage', `${name}: got ${value}, expected an integer >= ${least}`);
  }
}

/** Before anything is allocated for rows that are not there. */
function refuseShorter({ cols, offset, path, rows }: RowPlace, size: number): void {
  const expected = offset + 4 * rows * cols;
  if (size >= expected) return;
  throw new AntipodeError(
    'format',
    `${path}: ends before its last row (got ${size} bytes, expected ${expected})`,
    { hint: 'check the number of rows and their width, or fetch the file again' },
  );
}

export interface RowScratch {
  readonly rows: number;
  readonly cols: number;
  /** Where the file is made; it has no name there, and is gone when it is closed or the process ends. */
  readonly folder: string;
  /** Rows from..to - 1, one after the other. */
  read(from: number, to: number): Promise<Float32Array>;
  /** Rows that are read at a time. */
  readonly rowsPerRead: number;
}

/** A file of rows that lie elsewhere in another form. @throws {AntipodeError} `resource` where there is no room for it, and what `read` throws */
export async function makeRowFile(scratch: RowScratch, options: RowFileOptions = {}): Promise<RowFile> {
  const { cols, folder, rows } = scratch;
  await makeFolder(folder);
  const needed = 4 * rows * cols;
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < needed) throw noRoom(folder, needed, bavail * bsize);
  const path = join(folder, temporaryName());
  const handle = await open(path, 'wx+', 0o600);
  return closingOnError(handle, async () => {
    await rm(path);
    await fill(handle, scratch, options);
    return scanRows(handle, { rows, cols, path, offset: 0 }, { signal: options.signal });
  });
}

async function fill(
  handle: FileHandle,
  { cols, folder, read, rows, rowsPerRead }: RowScratch,
  { onProgress, signal }: RowFileOptions,
): Promise<void> {
  for (let from = 0; from < rows; from += rowsPerRead) {
    throwIfInterrupted(signal);
    const to = Math.min(rows, from + rowsPerRead);
    const values = await read(from, to);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, 4 * (to - from) * cols);
    for (let done = 0; done < bytes.length; ) {
      try {
        const length = Math.min(PIECE, bytes.length - done);
        done += (await handle.write(bytes, done, length, 4 * from * cols + done)).bytesWritten;
      } catch (error) {
        const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(systemErrorCode(error) ?? '');
        throw isFull ? noRoom(folder, 4 * rows * cols) : error;
      }
    }
    onProgress?.(4 * to * cols, 4 * rows * cols);
  }
}

function noRoom(folder: string, needed: number, there?: number): AntipodeError {
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(2)} GB`;
  const got = there === undefined ? '' : `got ${gigabytes(there)}, `;
  return new AntipodeError(
    'resource',
    `${folder}: no room for the rows that do not fit into memory (${got}expected ${gigabytes(needed)})`,
    { hint: 'free some space, or let the search have more memory' },
  );
}

async function closingOnError(handle: FileHandle, work: () => Promise<RowFile>): Promise<RowFile> {
  try {
    return await work();
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function scanRows(
  handle: FileHandle,
  { checksum, cols, offset, path, rows }: RowPlace,
  { onProgress, signal }: RowFileOptions,
): Promise<RowFile> {
  const norms = new Float64Array(rows);
  const defects: FeatureMatrix['defects'][number][] = [];
  const hash = createHash('sha256');
  let crc = checksum?.before ?? 0;
  const perPiece = Math.max(1, Math.floor(PIECE / (4 * cols)));
  const values = new Float32Array(Math.min(rows, perPiece) * cols);
  for (let first = 0; first < rows; first += perPiece) {
    throwIfInterrupted(signal);
    const count = Math.min(perPiece, rows - first);
    const bytes = new Uint8Array(values.buffer, 0, 4 * count * cols);
    readFully(handle.fd, bytes, offset + 4 * first * cols);
    hash.update(bytes);
    if (checksum) crc = crc32(bytes, crc);
    // One by one: narrow rows without a direction may be more than a call takes arguments.
    for (const defect of takeNorms({ data: values, rows: count, cols }, norms, first)) defects.push(defect);
    onProgress?.(4 * (first + count) * cols, 4 * rows * cols);
    // Reads of a file in the system's memory never wait: without this nobody would hear an interrupt.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (checksum && crc !== checksum.expected) {
    throw new AntipodeError('format', `${path}: its rows are damaged (the checksum does not match)`, {
      hint: 'fetch the file again',
    });
  }
  const file = { fd: handle.fd, offset };
  return { rows, cols, norms, defects, file, hash, close: () => handle.close() };
}
