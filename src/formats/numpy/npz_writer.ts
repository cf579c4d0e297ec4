/**
 * @file Writes float32 and float16 arrays as an `.npz` of stored members that numpy reads, in one atomic step and in bounded memory, past 4 GiB too.
 * The same arrays give the same bytes. Leaves out compression and other element types.
 */

import { crc32 } from 'node:zlib';
import { throwIfInterrupted } from '../../errors.ts';
import { bytesOf } from '../../tensor/dtype.ts';
import { type WriteOptions, writeFileAtomic } from '../atomic.ts';
import { elementCount } from '../tensor_file.ts';
import { PIECE_BYTES } from '../zip/byte_region.ts';
import { type StoredMember, storedZip } from '../zip/zip_writer.ts';
import { npyHeader } from './npy_header.ts';

export interface NpzArray {
  /** Without `.npy`. */
  readonly name: string;
  readonly shape: readonly number[];
  /**
   * All values in storage order: at once, or as pieces made while they are written (called once, memory use is one piece). The bits of float16
   * stand in a `Uint16Array`.
   */
  readonly data: Float32Array | Uint16Array | (() => Iterable<Float32Array> | AsyncIterable<Float32Array>);
  /** `F`: the values come column by column (numpy's `fortran_order`). Default `C`. */
  readonly order?: 'C' | 'F';
}

/**
 * Members stand in the given order, their array data on 64-byte boundaries.
 * @throws {AntipodeError} as `writeFileAtomic`; a plain `internal:` error for a name used twice, a shape of anything but whole numbers,
 * or another number of values than the shape says. Nothing is left behind then.
 */
export async function writeNpz(
  path: string,
  arrays: Iterable<NpzArray>,
  options: WriteOptions = {},
): Promise<void> {
  await writeFileAtomic(path, npzBytes(arrays, options.signal), options);
}

async function* npzBytes(
  arrays: Iterable<NpzArray>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const members: StoredMember[] = [];
  const names = new Set<string>();
  for (const array of arrays) {
    if (names.has(array.name)) throw new Error(`internal: two arrays are named ${array.name}`);
    names.add(array.name);
    members.push(await memberOf(array, signal));
  }
  yield* storedZip(members);
}

async function memberOf(array: NpzArray, signal: AbortSignal | undefined): Promise<StoredMember> {
  const { name, shape, data } = array;
  const count = elementCount(shape);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || !Number.isSafeInteger(count * 4)) {
    throw new Error(`internal: ${name} has the shape [${shape.join(', ')}]`);
  }
  const dtype = data instanceof Uint16Array ? 'F16' : 'F32';
  const header = npyHeader(dtype, shape, array.order ?? 'C');
  const byteLength = header.byteLength + bytesOf(dtype) * count;
  const isWhole = data instanceof Float32Array || data instanceof Uint16Array;
  if (isWhole && data.length !== count) {
    throw new Error(`internal: ${name} has ${data.length} values, expected ${count}`);
  }
  const pieces = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield header;
    for await (const values of isWhole ? [data] : data()) yield* bytesOfValues(values);
  };
  if (!isWhole) return { name: `${name}.npy`, byteLength, pieces };
  // Known beforehand, the checksum goes into the header, which readers that do not seek need for stored members.
  let crc = 0;
  for await (const piece of pieces()) {
    throwIfInterrupted(signal);
    crc = crc32(piece, crc);
    await new Promise(setImmediate);
  }
  return { name: `${name}.npy`, byteLength, pieces, crc32: crc };
}

/** Views in pieces that are written between two looks at the abort signal. */
function* bytesOfValues(values: Float32Array | Uint16Array): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < values.byteLength; at += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, values.byteLength - at);
    yield new Uint8Array(values.buffer, values.byteOffset + at, length);
  }
}
