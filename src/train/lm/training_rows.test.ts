import { describe, expect, it } from 'vitest';
import { makeBatch } from './training_rows.ts';

const LIMITS = { shape: { rows: 3, columns: 4 }, vocabSize: 24 };

describe('makeBatch', () => {
  it('shifts rows by one, and does not count what fills them up', () => {
    const { counted, feeds } = makeBatch([[2, 5, 7, 9, 1], new Int32Array([2, 3])], LIMITS, 0);
    expect(counted).toBe(5);
    expect(feeds.ids).toEqual({
      shape: [3, 4],
      data: BigInt64Array.from([2n, 5n, 7n, 9n, 2n, 0n, 0n, 0n, 0n, 0n, 0n, 0n]),
    });
    expect(feeds.targets).toEqual({
      shape: [12],
      data: BigInt64Array.from([5n, 7n, 9n, 1n, 3n, 0n, 0n, 0n, 0n, 0n, 0n, 0n]),
    });
    expect(feeds.counted.data).toEqual(Float32Array.of(1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0));
  });

  it.each([
    [[3], 'training row 8: has 1 tokens (expected 2 to 5)'],
    [Array(6).fill(3), 'training row 8: has 6 tokens (expected 2 to 5)'],
    [[3, 24], 'training row 8: token 1 is not in the vocabulary (got 24, expected 0 to 23)'],
    [[3, 1.5], 'training row 8: token 1 is not in the vocabulary (got 1.5, expected 0 to 23)'],
    [[-1, 3], 'training row 8: token 0 is not in the vocabulary (got -1, expected 0 to 23)'],
  ])('refuses the row %j', (row, message) => {
    expect(() => makeBatch([[2, 3], row], LIMITS, 7)).toThrow(message);
  });
});
