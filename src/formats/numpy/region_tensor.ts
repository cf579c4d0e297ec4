/**
 * @file One array whose elements lie in a row inside a `ByteRegion`, as the `StoredTensor` of `npy`, `npz` and torch readers.
 * Big-endian elements are swapped while they are read.
 */

import { AntipodeError } from '../../errors.ts';
import { bytesOf, type DType } from '../../tensor/dtype.ts';
import { elementCount, type StoredTensor } from '../tensor_file.ts';
import { type ByteRegion, PIECE_BYTES } from '../zip/byte_region.ts';

export interface RegionTensorOptions {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly order: 'C' | 'F';
  readonly isBigEndian: boolean;
  readonly region: ByteRegion;
  /** First byte of the elements in the region. The caller has checked that all of them lie inside. */
  readonly start: number;
  /** zlib's crc32 of the region's bytes before `start`; leads to `checksum` where the array reaches the region's end. */
  readonly crcBefore?: number;
}

/** `readBytes` of an array over a compressed region inflates from the region's start on every call; `stream` it instead. */
export function regionTensor(options: RegionTensorOptions): StoredTensor {
  const { name, dtype, shape, order, isBigEndian, region, start, crcBefore } = options;
  const width = bytesOf(dtype);
  const byteLength = elementCount(shape) * width;
  const readsToEnd = start + byteLength === region.byteLength;
  const hasChecksum = crcBefore !== undefined && region.crc32 !== undefined && readsToEnd && !isBigEndian;

  const readPlain = async (offset: number, target: Uint8Array): Promise<void> => {
    await region.readInto(target, start + offset);
  };
  const readSwapped = async (offset: number, target: Uint8Array): Promise<void> => {
    const from = offset - (offset % width);
    const to = Math.ceil((offset + target.byteLength) / width) * width;
    // Whole elements can be swapped where they land; a torn range takes the detour.
    const whole = to - from === target.byteLength ? target : new Uint8Array(to - from);
    await region.readInto(whole, start + from);
    swapElements(whole, width);
    if (whole !== target) target.set(whole.subarray(offset - from, offset - from + target.byteLength));
  };
  const readBytes = async (offset: number, target: Uint8Array): Promise<void> => {
    if (!(offset >= 0) || offset + target.byteLength > byteLength) {
      throw new AntipodeError(
        'format',
        `${region.label}: read past the end of the array (bytes ${offset} to ${offset + target.byteLength}, it has ${byteLength})`,
      );
    }
    await (isBigEndian ? readSwapped(offset, target) : readPlain(offset, target));
  };

  const range = { start, end: start + byteLength };
  return {
    name,
    dtype,
    shape,
    order,
    isRandomAccess: region.isRandomAccess,
    ...(hasChecksum ? { checksum: { before: crcBefore, expected: region.crc32! } } : {}),
    readBytes,
    async *stream() {
      // From the region's start, because only then its checksum is compared at the end.
      const isWhole = readsToEnd && (start === 0 || crcBefore !== undefined);
      const pieces =
        isWhole || !region.isRandomAccess ? cut(region.stream(), range) : positional(region, range);
      for await (const piece of wholeElements(pieces, width)) {
        if (isBigEndian) swapElements(piece, width);
        yield piece;
      }
    },
  };
}

/** In place. */
function swapElements(bytes: Uint8Array, width: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (width === 2) buffer.swap16();
  else if (width === 4) buffer.swap32();
  else if (width === 8) buffer.swap64();
}

interface ByteRange {
  readonly start: number;
  readonly end: number;
}

async function* cut(pieces: AsyncIterable<Uint8Array>, range: ByteRange): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const piece of pieces) {
    const from = Math.max(range.start - at, 0);
    const to = Math.min(range.end - at, piece.byteLength);
    if (from < to) yield piece.subarray(from, to);
    at += piece.byteLength;
    // An array that ends before its region has nothing to learn from the rest; one that ends with it meets the checksum there.
    if (at > range.end) return;
  }
}

async function* positional(region: ByteRegion, range: ByteRange): AsyncGenerator<Uint8Array> {
  for (let at = range.start; at < range.end; at += PIECE_BYTES) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, range.end - at));
    await region.readInto(piece, at);
    yield piece;
  }
}

/** The same bytes in pieces of whole elements. */
async function* wholeElements(
  pieces: AsyncIterable<Uint8Array>,
  width: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const piece of pieces) {
    let bytes = piece;
    if (rest.byteLength > 0) {
      bytes = new Uint8Array(rest.byteLength + piece.byteLength);
      bytes.set(rest);
      bytes.set(piece, rest.byteLength);
    }
    const whole = bytes.byteLength - (bytes.byteLength % width);
    rest = bytes.subarray(whole);
    if (whole > 0) yield bytes.subarray(0, whole);
  }
}
