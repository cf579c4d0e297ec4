/**
 * @file Keys and values of earlier tokens, kept where ONNX Runtime reads them without copying: per layer one `[rows, kvHeads, capacity, headDim]`
 * float32 array. Slots behind the used ones, and pads, are masked. Only new rows are written; making more room is the one copy.
 */

import { AntipodeError } from '../errors.ts';
import type { ModelConfig } from './config.ts';

export interface PastStore {
  readonly rows: number;
  /** Slots per row, at least 1: empty inputs abort some of ONNX Runtime's providers. */
  readonly capacity: number;
  /** Slots in use, pads included; the same for all rows. */
  readonly used: number;
  /** Tokens of a row, pads not counted: the position of its next token. */
  readonly lengths: readonly number[];
  /** The position of the token in a slot, -1 for pads and slots that are free. */
  positionAt(row: number, slot: number): number;
  /** Valid until the next `append`. */
  keys(layer: number): Float32Array;
  values(layer: number): Float32Array;
  /** Keeps the first `used` slots and forgets the rest. */
  truncate(used: number): void;
  append(
    columns: number,
    positions: ArrayLike<number>,
    rowsOf: (part: 'k' | 'v', layer: number) => Float32Array,
  ): void;
}

/** Room grows by this many slots: copies stay rare, and at most so many masked slots are computed in vain. */
const GROWTH = 64;

/** @throws {AntipodeError} `resource` where the memory is not there */
export function createPastStore(config: ModelConfig, rows: number, capacity: number): PastStore {
  const { layers, kvHeads, headDim } = config;
  let slots = Math.max(1, capacity);
  let used = 0;
  let positions = new Int32Array(0);
  const lengths = Array<number>(rows).fill(0);
  const arrays = (): Float32Array[] =>
    Array.from({ length: layers }, () => allocate(rows * kvHeads * slots * headDim));
  const stored = { k: arrays(), v: arrays() };
  positions = new Int32Array(rows * slots).fill(-1);

  const grow = (needed: number): void => {
    const before = slots;
    slots = Math.ceil(needed / GROWTH) * GROWTH;
    for (const part of [stored.k, stored.v]) {
      for (const [layer, old] of part.entries()) {
        const roomier = allocate(rows * kvHeads * slots * headDim);
        for (let block = 0; block < rows * kvHeads; block++) {
          const from = block * before * headDim;
          roomier.set(old.subarray(from, from + used * headDim), block * slots * headDim);
        }
        part[layer] = roomier;
      }
    }
    const moved = new Int32Array(rows * slots).fill(-1);
    for (let row = 0; row < rows; row++) {
      moved.set(positions.subarray(row * before, row * before + used), row * slots);
    }
    positions = moved;
  };

  return {
    rows,
    get capacity() {
      return slots;
    },
    get used() {
      return used;
    },
    lengths,
    positionAt: (row, slot) => positions[row * slots + slot]!,
    keys: (layer) => stored.k[layer]!,
    values: (layer) => stored.v[layer]!,
    truncate(kept) {
      for (let row = 0; row < rows; row++) {
        positions.fill(-1, row * slots + kept, (row + 1) * slots);
        const rest = positions.subarray(row * slots, row * slots + kept);
        lengths[row] = rest.reduce((last, position) => Math.max(last, position), -1) + 1;
      }
      used = kept;
    },
    append(columns, newPositions, rowsOf) {
      if (used + columns > slots) grow(used + columns);
      const width = columns * headDim;
      for (const part of ['k', 'v'] as const) {
        for (let layer = 0; layer < layers; layer++) {
          const source = rowsOf(part, layer);
          const target = stored[part][layer]!;
          for (let block = 0; block < rows * kvHeads; block++) {
            target.set(source.subarray(block * width, (block + 1) * width), (block * slots + used) * headDim);
          }
        }
      }
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const position = newPositions[row * columns + column]!;
          positions[row * slots + used + column] = position;
          if (position >= 0) lengths[row] = position + 1;
        }
      }
      used += columns;
    },
  };
}

function allocate(length: number): Float32Array {
  try {
    return new Float32Array(length);
  } catch (error) {
    throw new AntipodeError(
      'resource',
      `keys and values: no memory for ${Math.ceil((length * 4) / 2 ** 20)} MB more`,
      { hint: 'use fewer rows or a shorter text', cause: error },
    );
  }
}
