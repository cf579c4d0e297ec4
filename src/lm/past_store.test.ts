import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { AntipodeError } from '../errors.ts';
import { type ModelConfig, readModelConfig } from './config.ts';
import { createPastStore, type PastStore } from './past_store.ts';

const config: ModelConfig = await readModelConfig(
  fileURLToPath(new URL('../../test/fixtures/lm/llama_linear', import.meta.url)),
);
const { headDim, layers } = config;

/** Appends columns whose every value tells row, column counted over all appends, layer and part. */
function fill(store: PastStore, columns: number, positions: readonly number[]): void {
  const first = store.used;
  store.append(columns, positions, (part, layer) =>
    Float32Array.from({ length: store.rows * columns * headDim }, (_, i) => {
      const place = Math.trunc(i / headDim);
      return tag(Math.trunc(place / columns), first + (place % columns), layer, part);
    }),
  );
}

const tag = (row: number, slot: number, layer: number, part: 'k' | 'v'): number =>
  1000 * row + slot + layer / 4 + (part === 'k' ? 0.5 : 0);

function expectContents(store: PastStore): void {
  for (let layer = 0; layer < layers; layer++) {
    for (const [part, values] of [
      ['k', store.keys(layer)],
      ['v', store.values(layer)],
    ] as const) {
      expect(values).toHaveLength(store.rows * store.capacity * headDim);
      for (let row = 0; row < store.rows; row++) {
        for (let slot = 0; slot < store.used; slot++) {
          expect(values[(row * store.capacity + slot) * headDim]).toBe(tag(row, slot, layer, part));
        }
      }
    }
  }
}

test('rows stay where they belong while room grows, and positions count tokens but not pads', () => {
  const store = createPastStore(config, 2, 0);
  expect(store.capacity).toBe(1);
  fill(store, 3, [0, 1, 2, -1, -1, 0]);
  expectContents(store);
  fill(store, 70, [...Array(70).keys()].map((i) => i + 3).concat([...Array(70).keys()].map((i) => i + 1)));
  expectContents(store);
  expect(store.used).toBe(73);
  expect(store.capacity).toBeGreaterThanOrEqual(73);
  expect(store.lengths).toEqual([73, 71]);
  expect([0, 1, 2, 3, 73].map((slot) => store.positionAt(1, slot))).toEqual([-1, -1, 0, 1, -1]);
});

test('room asked for at once is not moved', () => {
  const store = createPastStore(config, 1, 5);
  const before = store.keys(0);
  fill(store, 5, [0, 1, 2, 3, 4]);
  expect(store.keys(0)).toBe(before);
});

test('what is cut off is forgotten, and can be written again', () => {
  const store = createPastStore(config, 2, 8);
  fill(store, 4, [0, 1, 2, 3, 0, 1, -1, -1]);
  store.truncate(3);
  expect([store.used, store.lengths, store.positionAt(0, 3)]).toEqual([3, [3, 2], -1]);
  fill(store, 1, [3, 2]);
  expect(store.lengths).toEqual([4, 3]);
  expectContents(store);
  store.truncate(0);
  expect([store.used, store.lengths]).toEqual([0, [0, 0]]);
});

test('more than there can be memory for is an error, and leaves the store as it was', () => {
  expect(() => createPastStore(config, 2 ** 40, 1)).toThrow(AntipodeError);
  expect(() => createPastStore(config, 2 ** 40, 1)).toThrow(
    /^memory: keys and values of 1099511627776 x 1 tokens take \d+ GB, there are [\d.]+ [GM]B in all$/,
  );
  const store = createPastStore(config, 2, 4);
  fill(store, 3, [0, 1, 2, 0, 1, 2]);
  expect(() => fill(store, 2 ** 40, [])).toThrow('memory: keys and values of 2 x 1099511627');
  expect(() => store.checkRoom(2 ** 40)).toThrow('memory: keys and values of 2 x 1099511627');
  store.checkRoom(1000);
  expectContents(store);
  expect([store.used, store.capacity]).toEqual([3, 4]);
  fill(store, 2, [3, 4, 3, 4]);
  expectContents(store);
});

test('room for a text that may get long, but need not, is not more than a part of the memory', () => {
  const store = createPastStore({ ...config, kvHeads: 2 ** 24 }, 1, 2 ** 20);
  expect(store.capacity).toBeLessThan(2000);
});
