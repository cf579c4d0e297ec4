/**
 * @file Walks a stored matrix in blocks of whole storage rows, reading the next block while the caller works on this one.
 * Positional reads where the file allows them (their checksum is checked at the end where the container records one), else the
 * tensor's own stream. Leaves out what the rows mean: `read_matrix.ts` and `read_rows.ts` know that.
 */

import { crc32 } from 'node:zlib';
import { AntipodeError } from '../../errors.ts';
import type { StoredTensor } from '../../formats/tensor_file.ts';
import { bytesOf } from '../../tensor/dtype.ts';
import type { MatrixLayout } from '../layout.ts';

/** Two of these are held; small enough to stay in cache while a block is transposed, large enough that a read costs nothing beside it. */
export const BLOCK_BYTES: number = 2 * 2 ** 20;

/** The most one block may take: a storage row of 4 Mi float32 values. The widest published dictionaries have 1 Mi features. */
const MAX_ROW_BYTES = 16 * 2 ** 20;

/** A stored matrix as its bytes lie: `rows` consecutive runs of `cols` elements. */
export interface Storage {
  readonly tensor: StoredTensor;
  readonly rows: number;
  readonly cols: number;
  readonly rowBytes: number;
  /** True where one run is one feature. */
  readonly featuresAreRows: boolean;
}

export interface Block {
  readonly firstRow: number;
  readonly rows: number;
  /** Valid until the next block is asked for; starts at byte 0 of its buffer. */
  readonly bytes: Uint8Array;
}

/** @throws {AntipodeError} `resource` when one storage row is past the limit on a block */
export function storageOf(layout: MatrixLayout): Storage {
  const { tensor, featureAxis } = layout;
  const [a = 0, b = 0] = tensor.shape;
  const [rows, cols] = tensor.order === 'C' ? [a, b] : [b, a];
  const rowBytes = cols * bytesOf(tensor.dtype);
  if (rowBytes > MAX_ROW_BYTES) {
    throw new AntipodeError(
      'resource',
      `${tensor.name}: one stored row has ${rowBytes} bytes, the limit is ${MAX_ROW_BYTES}`,
    );
  }
  return { tensor, rows, cols, rowBytes, featuresAreRows: (tensor.order === 'C' ? 0 : 1) === featureAxis };
}

/** All rows in order. Memory: two blocks of about `BLOCK_BYTES`, or of one row where a row is longer. */
export function storageBlocks(storage: Storage): AsyncGenerator<Block> {
  return storage.tensor.isRandomAccess ? positionalBlocks(storage) : streamedBlocks(storage);
}

/** A multiple of eight rows where they fit: `transposeBlock` takes eight at a time. */
function rowsPerBlock({ rows, rowBytes }: Storage): number {
  const fit = Math.max(1, Math.floor(BLOCK_BYTES / Math.max(1, rowBytes)));
  return Math.min(rows, fit >= 8 ? fit - (fit % 8) : fit);
}

async function* positionalBlocks(storage: Storage): AsyncGenerator<Block> {
  const { tensor, rows, rowBytes } = storage;
  const step = rowsPerBlock(storage);
  if (rows === 0 || rowBytes === 0) return;
  const buffers = [new Uint8Array(step * rowBytes), new Uint8Array(step * rowBytes)] as const;
  const startRead = (index: number): { bytes: Uint8Array; done: Promise<void> } => {
    const firstRow = index * step;
    const count = Math.min(step, rows - firstRow);
    const bytes = (index % 2 === 0 ? buffers[0] : buffers[1]).subarray(0, count * rowBytes);
    const done = tensor.readBytes(firstRow * rowBytes, bytes);
    // A failure is thrown where it is awaited; until then it must not count as unhandled.
    done.catch(() => {});
    return { bytes, done };
  };
  let crc = tensor.checksum?.before ?? 0;
  let pending = startRead(0);
  try {
    for (let index = 0; index * step < rows; index++) {
      const { bytes, done } = pending;
      await done;
      if ((index + 1) * step < rows) pending = startRead(index + 1);
      if (tensor.checksum) crc = crc32(bytes, crc);
      yield { firstRow: index * step, rows: bytes.byteLength / rowBytes, bytes };
    }
    checkChecksum(tensor, crc);
  } finally {
    // A caller that stops early may close the file next: no read may still be under way.
    await pending.done.catch(() => {});
  }
}

/** @throws {AntipodeError} `format` when `crc` is not what the container recorded */
export function checkChecksum(tensor: StoredTensor, crc: number): void {
  if (tensor.checksum && tensor.checksum.expected !== crc) {
    throw new AntipodeError('format', `${tensor.name}: its bytes are damaged (the checksum does not match)`, {
      hint: 'fetch the file again',
    });
  }
}

async function* streamedBlocks(storage: Storage): AsyncGenerator<Block> {
  const { tensor, rows, rowBytes } = storage;
  if (rows === 0 || rowBytes === 0) return;
  const block = new Uint8Array(rowsPerBlock(storage) * rowBytes);
  let filled = 0;
  let firstRow = 0;
  for await (const piece of tensor.stream()) {
    for (let from = 0; from < piece.byteLength; ) {
      const take = Math.min(piece.byteLength - from, block.byteLength - filled);
      block.set(piece.subarray(from, from + take), filled);
      from += take;
      filled += take;
      if (filled < block.byteLength) continue;
      yield { firstRow, rows: filled / rowBytes, bytes: block };
      firstRow += filled / rowBytes;
      filled = 0;
    }
  }
  if (filled > 0) yield { firstRow, rows: filled / rowBytes, bytes: block.subarray(0, filled) };
  if (firstRow + filled / rowBytes !== rows) {
    throw new AntipodeError(
      'format',
      `${tensor.name}: its data ends too early (${firstRow + Math.floor(filled / rowBytes)} rows, expected ${rows})`,
    );
  }
}
