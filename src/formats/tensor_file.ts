/**
 * @file What every container of arrays offers, whatever its format: a list of named tensors whose headers are known and whose
 * elements are read only when asked for. `npz`, `safetensors` and torch checkpoints all open as a `TensorFile`.
 */

import { AntipodeError } from '../errors.ts';
import { bytesOf, type DType, widenToFloat32 } from '../tensor/dtype.ts';

/** One stored array. Elements are little-endian; a reader that meets big-endian data swaps it or refuses it. */
export interface StoredTensor {
  /** Its name inside the container, e.g. `W_dec`. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** `C`: the last axis is contiguous. `F`: the first axis is (numpy `fortran_order`, a transposed torch view). 0-d and 1-d are `C`. */
  readonly order: 'C' | 'F';
  /** True where `readBytes` costs only the bytes asked for; false for compressed members, which must be streamed from their start. */
  readonly isRandomAccess: boolean;
  /** Where the element bytes stand in one piece in a file of this machine: the file, and the offset of the first of them. */
  readonly inFile?: { readonly path: string; readonly offset: number };
  /**
   * Bytes of the element data, offset 0 = first stored element.
   * @throws {AntipodeError} `format` past the end or where the data is damaged
   */
  readBytes(offset: number, target: Uint8Array): Promise<void>;
  /**
   * Where the container records a CRC-32 over this tensor, what lets a positional reader of the whole tensor check it:
   * zlib's crc32 of all element bytes, continued from `before`, equals `expected`.
   */
  readonly checksum?: { readonly before: number; readonly expected: number };
  /** All element bytes in storage order, in pieces that are whole elements; memory use is one piece. Checks the checksum where the format has one. */
  stream(): AsyncIterable<Uint8Array>;
}

export interface TensorFile {
  /** Shown in messages, e.g. `params.npz`. */
  readonly name: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Arrays that are there but whose element type is none of `DType`: name to the type in the format's own words. */
  readonly unsupported?: ReadonlyMap<string, string>;
  /** Free-form text metadata of the container (safetensors `__metadata__`), else empty. */
  readonly metadata: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function byteLengthOf(tensor: StoredTensor): number {
  return elementCount(tensor.shape) * bytesOf(tensor.dtype);
}

/** The whole tensor as float32 in storage order (see `order`); for biases, thresholds and other small arrays. */
export async function readFloat32(tensor: StoredTensor): Promise<Float32Array> {
  const values = new Float32Array(elementCount(tensor.shape));
  let offset = 0;
  for await (const piece of tensor.stream()) {
    widenToFloat32(piece, tensor.dtype, values, offset);
    offset += piece.byteLength / bytesOf(tensor.dtype);
  }
  return values;
}

/** @throws {AntipodeError} `format`, naming the tensors that are there */
export function requireTensor(file: TensorFile, name: string): StoredTensor {
  const tensor = file.tensors.get(name);
  if (tensor) return tensor;
  const otherType = file.unsupported?.get(name);
  if (otherType !== undefined) {
    throw new AntipodeError(
      'format',
      `${file.name}: tensor ${name} has the type ${otherType}, which is not supported`,
    );
  }
  const names = [...file.tensors.keys()];
  const shown = names.slice(0, 12).join(', ') + (names.length > 12 ? `, … (${names.length} in all)` : '');
  throw new AntipodeError('format', `${file.name}: has no tensor ${name} (it has ${shown || 'none'})`);
}
