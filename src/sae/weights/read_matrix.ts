/**
 * @file One whole stored matrix as a feature-major float32 matrix over shared memory, with float64 norms.
 * Float32 rows that are features are read straight into their place; everything else passes through blocks of 2 MB that are widened
 * or transposed while the next one is read. Memory: the matrix plus less than 64 MB.
 */

import { crc32 } from 'node:zlib';
import { AntipodeError } from '../../errors.ts';
import { bytesOf, widenToFloat32 } from '../../tensor/dtype.ts';
import {
  allocateMatrix,
  type FeatureMatrix,
  type Matrix,
  rowOf,
  toFeatureMatrix,
} from '../../tensor/matrix.ts';
import type { MatrixLayout } from '../layout.ts';
import { type Block, checkChecksum, type Storage, storageBlocks, storageOf } from './storage_blocks.ts';
import { transposeBlock } from './transpose_block.ts';

/** Bytes of one direct read: two are under way, so that the kernel copies one while the checksum of the other is taken. */
const DIRECT_BYTES = 8 * 2 ** 20;

/** One factor for all, or one per feature. */
export type Scale = number | Float32Array;

/**
 * @returns `[d_sae, d_in]`; rows that are zero or non-finite stand in `defects`
 * @throws {AntipodeError} `format` for cut or damaged data, `resource` when the memory is not there
 */
export async function readMatrix(layout: MatrixLayout, scale: Scale = 1): Promise<FeatureMatrix> {
  const storage = storageOf(layout);
  const { rows, cols, featuresAreRows, tensor } = storage;
  const target = featuresAreRows ? allocate(rows, cols, tensor.name) : allocate(cols, rows, tensor.name);
  if (featuresAreRows && tensor.dtype === 'F32' && tensor.isRandomAccess) await readDirect(storage, target);
  else await readThroughBlocks(storage, target);
  scaleRows(target, scale);
  return toFeatureMatrix(target);
}

/** Multiplies in place; row i of `matrix` is feature `features[i]`, or feature i. */
export function scaleRows(matrix: Matrix, scale: Scale, features?: readonly number[]): void {
  if (scale === 1) return;
  for (let i = 0; i < matrix.rows; i++) {
    const factor = typeof scale === 'number' ? scale : scale[features?.[i] ?? i]!;
    const row = rowOf(matrix, i);
    for (let k = 0; k < row.length; k++) row[k] = row[k]! * factor;
  }
}

/** @throws {AntipodeError} `resource` with the size, where the machine or the runtime has no such piece of memory */
export function allocate(rows: number, cols: number, name: string): Matrix {
  try {
    return allocateMatrix(rows, cols);
  } catch (cause) {
    const gigabytes = ((rows * cols * 4) / 1e9).toFixed(1);
    throw new AntipodeError(
      'resource',
      `${name}: needs ${gigabytes} GB of memory in one piece, which is not there`,
      {
        cause,
      },
    );
  }
}

async function readDirect({ tensor }: Storage, target: Matrix): Promise<void> {
  const bytes = new Uint8Array(target.data.buffer, target.data.byteOffset, target.data.byteLength);
  const piece = (start: number): { part: Uint8Array; done: Promise<void> } => {
    const part = bytes.subarray(start, start + DIRECT_BYTES);
    const done = part.byteLength > 0 ? tensor.readBytes(start, part) : Promise.resolve();
    // A failure is thrown where it is awaited; until then it must not count as unhandled.
    done.catch(() => {});
    return { part, done };
  };
  let crc = tensor.checksum?.before ?? 0;
  let pending = piece(0);
  for (let start = 0; start < bytes.byteLength; start += DIRECT_BYTES) {
    const { part, done } = pending;
    pending = piece(start + DIRECT_BYTES);
    try {
      await done;
    } catch (error) {
      await pending.done.catch(() => {});
      throw error;
    }
    if (tensor.checksum) crc = crc32(part, crc);
  }
  checkChecksum(tensor, crc);
}

async function readThroughBlocks(storage: Storage, target: Matrix): Promise<void> {
  const { cols, featuresAreRows, tensor } = storage;
  const widened = new BlockWidener(storage);
  for await (const block of storageBlocks(storage)) {
    if (featuresAreRows) widenToFloat32(block.bytes, tensor.dtype, target.data, block.firstRow * cols);
    else transposeBlock(widened.values(block), { rows: block.rows, cols }, target, block.firstRow);
  }
}

/** A block as float32 values: a view where it holds float32 already, else one buffer that is reused. */
export class BlockWidener {
  readonly #storage: Storage;
  #buffer: Float32Array = new Float32Array(0);

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  values({ bytes }: Block): Float32Array {
    const { dtype } = this.#storage.tensor;
    const count = bytes.byteLength / bytesOf(dtype);
    if (dtype === 'F32') return new Float32Array(bytes.buffer, bytes.byteOffset, count);
    if (this.#buffer.length < count) this.#buffer = new Float32Array(count);
    widenToFloat32(bytes, dtype, this.#buffer);
    return this.#buffer.subarray(0, count);
  }
}
