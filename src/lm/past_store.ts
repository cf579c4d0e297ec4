/**
 * @file Keys and values of earlier tokens, kept where ONNX Runtime reads them without copying: per layer one `[rows, kvHeads, capacity, headDim]`
 * float32 array. Slots behind the used ones, and pads, are masked. Only new rows are written; making more room is the one copy.
 */

import type { ModelConfig } from './config.ts';
import { allocateFloats, type MemoryUse, memoryLimit, refuseBeyondMemory } from './memory_limit.ts';

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
  /** @throws {AntipodeError} `resource` where this machine cannot hold so many more */
  checkRoom(columns: number): void;
  append(
    columns: number,
    positions: ArrayLike<number>,
    rowsOf: (part: 'k' | 'v', layer: number) => Float32Array,
  ): void;
}

/** Room grows to multiples of this, by an eighth at least: copies stay rare, and few masked slots are computed in vain. */
const GROWTH = 64;

/**
 * @param capacity slots to make room for at once; less where that would take most of this machine's memory, because not every text gets as long as it may
 * @throws {AntipodeError} `resource` where the memory is not there
 */
export function createPastStore(config: ModelConfig, rows: number, capacity: number): PastStore {
  const { layers, kvHeads, headDim } = config;
  const bytesPerSlot = 2 * layers * rows * kvHeads * headDim * Float32Array.BYTES_PER_ELEMENT;
  let slots = Math.max(1, Math.min(capacity, Math.trunc(memoryLimit() / 4 / bytesPerSlot)));
  const useOf = (count: number): MemoryUse => ({
    what: `keys and values of ${rows} x ${count} tokens`,
    hint: 'use fewer rows or shorter texts',
  });
  const check = (count: number): void => refuseBeyondMemory(bytesPerSlot * count, useOf(count));
  /** Of keys or of values, per layer. */
  const allocate = (count: number): Float32Array[] =>
    Array.from({ length: layers }, () => allocateFloats(rows * kvHeads * count * headDim, useOf(count)));
  check(slots);
  let stored = { k: allocate(slots), v: allocate(slots) };
  let used = 0;
  let positions = new Int32Array(rows * slots).fill(-1);
  const lengths = Array<number>(rows).fill(0);

  const grow = (needed: number): void => {
    const before = slots;
    const room = Math.ceil(Math.max(needed, (9 / 8) * before) / GROWTH) * GROWTH;
    check(room);
    // All of it first: where it cannot be had, the store stays as it is.
    const roomier = { k: allocate(room), v: allocate(room) };
    for (const part of ['k', 'v'] as const) {
      for (const [layer, old] of stored[part].entries()) {
        for (let block = 0; block < rows * kvHeads; block++) {
          const from = block * before * headDim;
          roomier[part][layer]!.set(old.subarray(from, from + used * headDim), block * room * headDim);
        }
      }
    }
    const moved = new Int32Array(rows * room).fill(-1);
    for (let row = 0; row < rows; row++) {
      moved.set(positions.subarray(row * before, row * before + used), row * room);
    }
    stored = roomier;
    positions = moved;
    slots = room;
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
    checkRoom: (columns) => check(used + columns),
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
