/**
 * @file A strided view of a torch storage as a `StoredTensor`. Contiguous and transposed views are read in place; other strides (slices,
 * expanded views) are gathered in memory while they are small, and refused beyond that.
 */

import { AntipodeError } from '../../errors.ts';
import { bytesOf } from '../../tensor/dtype.ts';
import { regionTensor } from '../numpy/region_tensor.ts';
import { elementCount, type StoredTensor } from '../tensor_file.ts';
import { type ByteRegion, readRegion } from '../zip/byte_region.ts';
import type { PickleTensor } from './pickle_values.ts';

/** Both the span that a strided view reaches over and its elements must fit into this to be gathered. */
const MAX_GATHER_BYTES: number = 64 * 2 ** 20;

export interface TorchTensorOptions {
  readonly name: string;
  readonly tensor: PickleTensor;
  /** The member `data/KEY`, which fills the storage exactly. */
  readonly region: ByteRegion;
  readonly isBigEndian: boolean;
}

/**
 * @returns the tensor, or in words why these strides cannot be read
 * @throws {AntipodeError} `format` where the view reaches past its storage
 */
export function torchTensor(options: TorchTensorOptions): StoredTensor | { readonly unsupported: string } {
  const { name, tensor, region, isBigEndian } = options;
  const { storage, offset, size, stride } = tensor;
  const width = bytesOf(storage.dtype);
  const count = elementCount(size);
  const last = offset + size.reduce((sum, length, axis) => sum + Math.max(0, length - 1) * stride[axis]!, 0);
  if (count > 0 && !(Number.isSafeInteger(last) && last < storage.count)) {
    throw new AntipodeError(
      'format',
      `${region.label}: tensor ${name} reaches element ${last} of a storage of ${storage.count}`,
    );
  }
  const order = count === 0 ? 'C' : contiguousOrder(size, stride);
  const shared = { name, dtype: storage.dtype, shape: size, isBigEndian };
  if (order !== undefined) {
    const start = count === 0 ? 0 : offset * width;
    return regionTensor({ ...shared, order, region, start, ...(start === 0 ? { crcBefore: 0 } : {}) });
  }
  const span = (last - offset + 1) * width;
  // A view may repeat elements without bound, so that its own size counts beside the span.
  if (span > MAX_GATHER_BYTES || count * width > MAX_GATHER_BYTES) {
    return {
      unsupported: `${storage.dtype} with strides (${stride.join(', ')}) for shape (${size.join(', ')})`,
    };
  }
  const gather = gatheredRegion(region, { start: offset * width, span, count, width, size, stride });
  return regionTensor({ ...shared, order: 'C', region: gather, start: 0 });
}

/** `C` or `F` where the elements lie without gaps in that order; axes of length 1 may have any stride. */
function contiguousOrder(size: readonly number[], stride: readonly number[]): 'C' | 'F' | undefined {
  const axes = size
    .map((length, axis) => ({ length, step: stride[axis]! }))
    .filter(({ length }) => length !== 1);
  const isPacked = (ordered: typeof axes): boolean => {
    let expected = 1;
    return ordered.every(({ length, step }) => {
      const fits = step === expected;
      expected *= length;
      return fits;
    });
  };
  if (isPacked([...axes].reverse())) return 'C';
  return isPacked(axes) ? 'F' : undefined;
}

interface Gather {
  readonly start: number;
  readonly span: number;
  readonly count: number;
  readonly width: number;
  readonly size: readonly number[];
  readonly stride: readonly number[];
}

/** The view's elements in C order. Every read gathers them anew: such tensors are small, and holding them would not be noticed. */
function gatheredRegion(region: ByteRegion, gather: Gather): ByteRegion {
  const byteLength = gather.count * gather.width;
  const collect = async (): Promise<Uint8Array> => {
    // A small storage is read whole, because only then its checksum is compared.
    if (region.byteLength <= MAX_GATHER_BYTES) {
      return gatherElements((await readRegion(region)).subarray(gather.start), gather);
    }
    const span = new Uint8Array(gather.span);
    await region.readInto(span, gather.start);
    return gatherElements(span, gather);
  };
  return {
    label: region.label,
    byteLength,
    isRandomAccess: false,
    async readInto(target, offset) {
      const elements = await collect();
      target.set(elements.subarray(offset, offset + target.byteLength));
    },
    async *stream() {
      yield await collect();
    },
  };
}

function gatherElements(span: Uint8Array, { count, width, size, stride }: Gather): Uint8Array {
  const elements = new Uint8Array(count * width);
  const index = new Array<number>(size.length).fill(0);
  let from = 0;
  for (let to = 0; to < elements.byteLength; to += width) {
    for (let b = 0; b < width; b++) elements[to + b] = span[from + b]!;
    for (let axis = size.length - 1; axis >= 0; axis--) {
      from += stride[axis]! * width;
      index[axis]!++;
      if (index[axis]! < size[axis]!) break;
      from -= stride[axis]! * width * size[axis]!;
      index[axis] = 0;
    }
  }
  return elements;
}
