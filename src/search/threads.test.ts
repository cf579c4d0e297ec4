import { describe, expect, it } from 'vitest';
import { makeRows } from '../../test/support/search_rows.ts';
import { antipodality } from './antipodality.ts';
import { extremes, extremesBetween } from './extremes.ts';
import { nearestRows } from './nearest_rows.ts';
import { searchPairs } from './search_pairs.ts';

const rows = makeRows('gauss', 20, 4, 1);

describe('a number of threads that is none', () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1025])(
    '%s is refused by every search, not answered with no pairs',
    async (threads) => {
      const searches = [
        () => extremes(rows, { k: 2, threads }),
        () => extremesBetween(rows, rows, { k: 2, threads }),
        () => extremes(rows, { k: 2, threads, shard: { index: 1, count: 2 } }),
        () => nearestRows(rows, { threads }),
        () => antipodality(rows, rows, { threads }),
        () => searchPairs({ a: rows, k: 2, threads }),
      ];
      for (const search of searches) {
        await expect(search()).rejects.toMatchObject({
          kind: 'usage',
          message: `threads: got ${threads}, expected an integer from 1 to 1024`,
        });
      }
    },
  );
});
