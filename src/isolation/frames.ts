/**
 * @file A value cut into frames that Node's channel between processes carries one by one. One long message would be gathered in one buffer at both
 * ends: 32 MB took 90 ms that way and take 40 in frames (AMD EPYC, Node 20), and a message cannot exceed 4 GB.
 */

import { pack, unpack } from './packing.ts';
import { isRecord } from './protocol.ts';

/** Bytes of an array from `offset` on. */
type Piece = readonly [array: number, offset: number, bytes: Uint8Array];

export interface Frame {
  /** In the first frame of a value only: see `Packed`. */
  readonly body?: Uint8Array;
  /** With `body`: bytes of each array. */
  readonly sizes?: readonly number[];
  readonly pieces: readonly Piece[];
}

/** Anything from 128 KiB to 4 MiB is equally fast. */
const FRAME_BYTES = 2 ** 20;

/** Views of the value's memory: each frame has to be sent before that changes. @throws {Error} as `pack` */
export function framesOf(value: unknown): Frame[] {
  const { body, arrays } = pack(value);
  const groups: Piece[][] = [[]];
  let room = FRAME_BYTES;
  for (const [array, bytes] of arrays.entries()) {
    for (let offset = 0; offset < bytes.length; ) {
      const piece = bytes.subarray(offset, offset + room);
      groups.at(-1)!.push([array, offset, piece]);
      offset += piece.length;
      room -= piece.length;
      if (room > 0) continue;
      groups.push([]);
      room = FRAME_BYTES;
    }
  }
  const [first = [], ...rest] = groups.filter((pieces, at) => at === 0 || pieces.length > 0);
  const sizes = arrays.map(({ length }) => length);
  return [{ body, sizes, pieces: first }, ...rest.map((pieces) => ({ pieces }))];
}

interface Unfinished {
  readonly body: Uint8Array;
  readonly arrays: readonly ArrayBuffer[];
  missing: number;
}

/** Puts the frames of one value after the other together. */
export class Assembler {
  #unfinished: Unfinished | undefined;

  /**
   * @returns the value, once this was its last frame
   * @throws {Error} `internal` for what is no frame or does not fit the ones before; a RangeError where there is no memory for an array
   */
  take(frame: unknown): { readonly value: unknown } | undefined {
    if (!isFrame(frame)) throw new Error('internal: a message between processes is not a frame');
    const unfinished = frame.body ? this.#begin(frame.body, frame.sizes ?? []) : this.#unfinished;
    if (!unfinished) throw new Error('internal: a frame without a first one');
    for (const [array, offset, bytes] of frame.pieces) {
      const target = unfinished.arrays[array];
      if (!target || offset + bytes.length > target.byteLength) {
        throw new Error('internal: a piece lies outside its array');
      }
      new Uint8Array(target).set(bytes, offset);
      unfinished.missing -= bytes.length;
    }
    if (unfinished.missing > 0) return undefined;
    this.#unfinished = undefined;
    return { value: unpack(unfinished.body, unfinished.arrays) };
  }

  #begin(body: Uint8Array, sizes: readonly number[]): Unfinished {
    if (this.#unfinished) throw new Error('internal: a value begins before the last one ended');
    const arrays = sizes.map((size) => new ArrayBuffer(size));
    this.#unfinished = { body, arrays, missing: sizes.reduce((sum, size) => sum + size, 0) };
    return this.#unfinished;
  }
}

function isFrame(value: unknown): value is Frame {
  if (!isRecord(value) || !Array.isArray(value['pieces'])) return false;
  const { body, sizes, pieces } = value;
  const isFirst = body instanceof Uint8Array && Array.isArray(sizes) && sizes.every(isSize);
  return (isFirst || (body === undefined && sizes === undefined)) && pieces.every(isPiece);
}

function isPiece(value: unknown): value is Piece {
  return Array.isArray(value) && isSize(value[0]) && isSize(value[1]) && value[2] instanceof Uint8Array;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
