/**
 * @file Writes a safetensors file the way the reference does (widest types first, then by name; header padded to 8 bytes), in one
 * atomic step. The same tensors and metadata give the same bytes, whatever order they came in.
 */

import { AntipodeError } from '../../errors.ts';
import { bytesOf, type DType } from '../../tensor/dtype.ts';
import { type WriteOptions, writeFileAtomic } from '../atomic.ts';
import { elementCount } from '../tensor_file.ts';
import { MAX_HEADER_BYTES } from './safetensors_reader.ts';

export interface TensorPlace {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export interface WritableTensor extends TensorPlace {
  /** Little-endian elements, C order; any typed array of the right byte length. */
  readonly data: ArrayBufferView;
}

/**
 * @param metadata becomes `__metadata__`, keys sorted; left out where empty
 * @throws {AntipodeError} as `writeFileAtomic`; a plain `internal:` error for data that does not fit its shape, or a name used twice
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly WritableTensor[],
  metadata: Readonly<Record<string, string>> = {},
  options: WriteOptions = {},
): Promise<void> {
  const ordered = [...tensors].sort(
    (a, b) => bytesOf(b.dtype) - bytesOf(a.dtype) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const header = encodeSafetensorsHeader(ordered, metadata);
  for (const { name, dtype, shape, data } of ordered) {
    const expected = elementCount(shape) * bytesOf(dtype);
    if (data.byteLength !== expected) {
      throw new Error(`internal: tensor ${name} has ${data.byteLength} bytes, expected ${expected}`);
    }
  }
  const pieces = function* (): Iterable<Uint8Array> {
    yield header;
    for (const { data } of ordered) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  };
  await writeFileAtomic(path, pieces(), options);
}

/**
 * All that stands before the elements; those follow in the order of `tensors`, without gaps. A multiple of 8 bytes.
 * @throws {AntipodeError} `resource` beyond the format's limit; a plain `internal:` error for a name used twice
 */
export function encodeSafetensorsHeader(
  tensors: readonly TensorPlace[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  // Text is put together by hand: an object literal would reorder names that look like numbers.
  const members: string[] = [];
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) {
    const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
    members.push(`"__metadata__":{${pairs.join(',')}}`);
  }
  const seen = new Set(['__metadata__']);
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    if (seen.has(name)) throw new Error(`internal: two tensors are named ${name}`);
    seen.add(name);
    const end = offset + elementCount(shape) * bytesOf(dtype);
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`);
    offset = end;
  }
  const json = new TextEncoder().encode(`{${members.join(',')}}`);
  const padded = Math.ceil(json.byteLength / 8) * 8;
  if (padded > MAX_HEADER_BYTES) {
    throw new AntipodeError('resource', 'safetensors header: too many tensors for one file');
  }
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return bytes;
}
