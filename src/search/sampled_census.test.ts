import { describe, expect, it } from 'vitest';
import { makeRows } from '../../test/support/search_rows.ts';
import { allocateMatrix, rowOf, toFeatureMatrix } from '../tensor/matrix.ts';
import { sampleCensus } from './sampled_census.ts';
import { searchPairs } from './search_pairs.ts';

const rows = makeRows('struct', 900, 48, 10);
rows.data.fill(0, 48, 96);
const a = toFeatureMatrix(rows);

describe('sampleCensus', () => {
  it('counts all pairs among as many rows as were to be drawn, the same for the same seed', async () => {
    const one = await sampleCensus({ a, rows: 300, seed: 5, countBelow: [0] });
    expect(one).toMatchObject({ pairs: (300 * 299) / 2, isSample: true });
    expect(one.histogram.reduce((sum, count) => sum + count, 0)).toBe(one.pairs);
    expect(await sampleCensus({ a, rows: 300, seed: 5, countBelow: [0], threads: 1 })).toEqual(one);
    expect((await sampleCensus({ a, rows: 300, seed: 6, countBelow: [0] })).histogram).not.toEqual(
      one.histogram,
    );
  });

  it('comes near the census of all', async () => {
    const { census } = await searchPairs({ a, k: 0, countBelow: [0] });
    const sample = await sampleCensus({ a, rows: 600, countBelow: [0] });
    expect(sample.mean).toBeCloseTo(census!.mean, 1);
    expect(sample.sd / census!.sd).toBeCloseTo(1, 1);
    expect(sample.below[0]! / sample.pairs).toBeCloseTo(census!.below[0]! / census!.pairs, 1);
  });

  it('is the census where there are no more rows, or one more that has no direction', async () => {
    const { census } = await searchPairs({ a, k: 0, countBelow: [] });
    for (const wanted of [899, 5000])
      expect(await sampleCensus({ a, rows: wanted })).toEqual({ ...census, isSample: false });
  });

  it('between two dictionaries draws from each', async () => {
    const few = allocateMatrix(20, 48);
    for (let row = 0; row < 20; row++) rowOf(few, row).set(rowOf(a, 7 * row + 2));
    const b = toFeatureMatrix(few);
    expect(await sampleCensus({ a, b, rows: 100 })).toMatchObject({ pairs: 2000, isSample: true });
  });
});
