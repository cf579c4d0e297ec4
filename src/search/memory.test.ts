import { describe, expect, it } from 'vitest';
import { memoryLeft, memoryNeed, placeRows, shownBytes } from './memory.ts';

const size = { rows: 65_536, others: undefined, width: 2304, k: 10, threads: 2 };

describe('what a search takes', () => {
  it('65,536 x 2,304: below 1.5 GB with the rows in memory, and a fourth of the rows less than that in a file', () => {
    for (const k of [10, 100]) {
      const { held, filed } = memoryNeed({ ...size, k });
      expect(held).toBeLessThan(1.5e9);
      expect(held - filed).toBe(4 * 65_536 * 2304);
    }
  });

  it('grows with rows, width, workers and pairs, and counts both dictionaries', () => {
    const small = { ...size, rows: 30_000 };
    const { filed } = memoryNeed(small);
    for (const more of [{ rows: 35_000 }, { width: 2500 }, { threads: 3 }, { k: 5000 }, { others: 1000 }])
      expect(memoryNeed({ ...small, ...more }).filed).toBeGreaterThan(filed);
    const two = memoryNeed({ ...size, others: 65_536 });
    expect(two.held - two.filed).toBe(8 * 65_536 * 2304);
  });
});

it('finer integers are part of it only where they are bounded: a little wider, and there are none', () => {
  const needs = [2304, 2600].map((width) => memoryNeed({ ...size, width }).filed - 65_536 * width);
  expect(needs[0]! - needs[1]!).toBeGreaterThan(250e6);
});

describe('where the rows are', () => {
  const need = { held: 1000e6, filed: 400e6 };
  it('in memory where they fit, else in their file', () => {
    expect([1000e6, 999e6, 400e6].map((limit) => placeRows(need, limit))).toEqual(['held', 'filed', 'filed']);
  });

  it('nowhere, where not even the integers fit: one sentence with both sizes', () => {
    expect(() => placeRows(need, 399e6)).toThrow(
      expect.objectContaining({
        kind: 'resource',
        message: 'memory: the search takes up to 400 MB with the rows in their file, there are 399 MB',
        hint: 'lower --threads or --top, raise --memory where it was given, or use a machine with more memory',
      }),
    );
  });

  it('sizes are rounded up; this machine has some memory left', () => {
    expect([1, 999e6, 999_000_001, 1.021e9].map(shownBytes)).toEqual([
      '1 MB',
      '999 MB',
      '1000 MB',
      '1.03 GB',
    ]);
    expect(memoryLeft()).toBeGreaterThan(1e6);
  });
});
