import { describe, expect, it } from 'vitest';
import { everyPair } from '../../test/support/every_pair.ts';
import { makeRows, makeWholeNumbers } from '../../test/support/search_rows.ts';
import { allocateMatrix, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { searchCounted } from './counted_search.ts';
import { countedBelow, QUANTILES } from './population.ts';

function rowsOf(values: readonly (readonly number[])[]): FeatureMatrix {
  const matrix = allocateMatrix(values.length, values[0]!.length);
  matrix.data.set(values.flat());
  return toFeatureMatrix(matrix);
}

const cases: [string, FeatureMatrix][] = [
  ['no ties', makeRows('struct', 150, 12, 1)],
  ['thousands of ties, at both ends too', makeWholeNumbers(140, 3, 2)],
  [
    'all cosines 1',
    rowsOf([
      [1, 2],
      [2, 4],
      [3, 6],
      [1, 2],
    ]),
  ],
  [
    'fewer pairs than wanted',
    rowsOf([
      [1, 0],
      [1, 1],
      [0, 1],
    ]),
  ],
];

describe('searchCounted', () => {
  it.each(cases)('places every extreme and every asked cosine by counting: %s', async (_, a) => {
    const cosines = everyPair(a).map(({ cos }) => cos);
    const below = (limit: number): number => cosines.filter((cos) => cos < limit).length;
    const asked = [Number.NaN, 0.25, -0.3, 0.25];
    const { top, bottom, of, population } = await searchCounted({ a, k: 7, countBelow: asked, threads: 1 });
    expect(top).toHaveLength(Math.min(7, cosines.length));
    for (const { cos, pairsBelow, percentile } of [...top, ...bottom, of(0.25), of(-0.3)]) {
      expect([cos, pairsBelow]).toEqual([cos, below(cos)]);
      expect(percentile).toBeCloseTo((100 * below(cos)) / cosines.length, 12);
    }
    expect(of(Number.NaN)).toEqual({ cos: Number.NaN });
    expect(population.quantiles.map(({ q }) => q)).toEqual(QUANTILES);
    for (const { q, cos } of population.quantiles) {
      // A bin of the count is 2^-15 wide, and float32 products round across its edges.
      const width = 2 ** -15 + 1e-6;
      expect(below(cos - width)).toBeLessThanOrEqual(q * cosines.length);
      expect(cosines.filter((value) => value <= cos + width).length).toBeGreaterThanOrEqual(
        q * cosines.length,
      );
    }
  });

  it('knows of no pairs nothing', async () => {
    const { top, population } = await searchCounted({ a: rowsOf([[1, 2]]), k: 3, countBelow: [0] });
    expect([top, population.pairs, population.quantiles]).toEqual([[], 0, []]);
  });
});

describe('countedBelow', () => {
  const pair = (cos: number) => ({ i: 0, j: 1, cos });

  it('leaves out what ties with the last of the aligned end, unless there are no other pairs', () => {
    const ends = { top: [0.9, 0.5, 0.5].map(pair), bottom: [-0.4, -0.4, 0.1].map(pair) };
    expect(countedBelow(ends, 10)).toEqual(
      new Map([
        [0.9, 9],
        [-0.4, 0],
        [0.1, 2],
      ]),
    );
    expect(countedBelow({ top: ends.top, bottom: [] }, 3)).toEqual(
      new Map([
        [0.9, 2],
        [0.5, 0],
      ]),
    );
  });
});
