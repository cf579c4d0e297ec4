import { describe, expect, it } from 'vitest';
import { everyPair, firstOf } from '../../test/support/every_pair.ts';
import { allocateMatrix, cosine, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { HISTOGRAM_BINS } from './census.ts';
import type { ScoredPair } from './pairs.ts';
import { rankPairs } from './rank_pairs.ts';
import { searchPairs } from './search_pairs.ts';

function gaussian(n: number, d: number, seed: number, edit?: (data: Float32Array) => void): FeatureMatrix {
  const matrix = allocateMatrix(n, d);
  const rng = createRng(seed, 'search-test');
  for (let i = 0; i < n * d; i++) matrix.data[i] = rng.normal();
  edit?.(matrix.data);
  return toFeatureMatrix(matrix);
}

function expectExact(result: Awaited<ReturnType<typeof searchPairs>>, truth: ScoredPair[], k: number): void {
  const { top, bottom } = firstOf(truth, k);
  expect(result.top).toEqual(top);
  expect(result.bottom).toEqual(bottom);
}

describe('searchPairs equals brute force in float64', () => {
  const cases: [string, FeatureMatrix, number][] = [
    ['gaussian, several tiles, last one partial', gaussian(1100, 24, 1), 50],
    ['width 1: every cosine is exactly 1 or -1, thousands of ties', gaussian(300, 1, 2), 40],
    ['width not a multiple of 4', gaussian(400, 7, 3), 20],
    ['k larger than the number of pairs', gaussian(5, 6, 4), 100],
    ['two rows', gaussian(2, 3, 5), 1],
    ['k = 0', gaussian(50, 5, 6), 0],
    [
      'identical rows, antipodes, zero rows, NaN rows, infinite rows',
      gaussian(600, 16, 7, (data) => {
        for (let row = 100; row < 160; row++) data.copyWithin(row * 16, 0, 16);
        for (let c = 0; c < 16; c++) data[200 * 16 + c] = -data[c]!;
        data.fill(0, 300 * 16, 301 * 16);
        data[310 * 16 + 3] = Number.NaN;
        data[311 * 16] = Number.POSITIVE_INFINITY;
      }),
      30,
    ],
    [
      'clusters so tight that float32 hardly tells their rows apart',
      gaussian(520, 18, 12, (data) => {
        for (let at = 8 * 18; at < data.length; at++)
          data[at] = data[at % (8 * 18)]! * (1 + 2e-7 * data[at]!);
      }),
      35,
    ],
    [
      'rows of very different lengths, denormals among them',
      gaussian(200, 8, 8, (data) => {
        for (let c = 0; c < 8; c++) {
          data[c]! *= 1e-42;
          data[8 + c]! *= 1e30;
        }
      }),
      25,
    ],
  ];
  it.each(cases)('%s', async (_, matrix, k) => {
    expectExact(await searchPairs({ a: matrix, k, threads: 2 }), everyPair(matrix), k);
  });

  it('pairs between two matrices of different sizes', async () => {
    const a = gaussian(1100, 12, 9);
    const b = gaussian(130, 12, 10);
    expectExact(await searchPairs({ a, b, k: 15 }), everyPair(a, b), 15);
  });

  it('no pairs at all', async () => {
    const one = gaussian(1, 4, 11);
    expect(await searchPairs({ a: one, k: 3, countBelow: [0] })).toMatchObject({
      top: [],
      bottom: [],
      census: { pairs: 0 },
    });
  });
});

describe('the census counts all pairs', () => {
  it('counts below given cosines exactly, also at the cosines of pairs themselves and under heavy ties', async () => {
    const matrix = gaussian(1060, 16, 12, (data) => {
      for (let row = 50; row < 90; row++) data.copyWithin(row * 16, 0, 16);
    });
    const truth = everyPair(matrix);
    const asked = [-2, -1, 0, 0.25, 1, 2, ...truth.slice(0, 300).map(({ cos }) => cos)];
    const { census } = await searchPairs({ a: matrix, k: 0, countBelow: asked });
    const sorted = Float64Array.from(truth, ({ cos }) => cos).sort();
    const expected = asked.map((limit) => {
      let [from, to] = [0, sorted.length];
      while (from < to) {
        const middle = (from + to) >> 1;
        if (sorted[middle]! < limit) from = middle + 1;
        else to = middle;
      }
      return from;
    });
    expect(Array.from(census!.below)).toEqual(expected);
  });

  it('mean, sd, skewness and histograms agree with float64', async () => {
    const matrix = gaussian(900, 20, 13);
    const truth = everyPair(matrix).map(({ cos }) => cos);
    const { census } = await searchPairs({ a: matrix, k: 5, countBelow: [] });
    const mean = truth.reduce((sum, cos) => sum + cos, 0) / truth.length;
    const variance = truth.reduce((sum, cos) => sum + (cos - mean) ** 2, 0) / truth.length;
    expect(census!.pairs).toBe(truth.length);
    expect(census!.mean).toBeCloseTo(mean, 8);
    expect(census!.sd).toBeCloseTo(Math.sqrt(variance), 7);
    const third = truth.reduce((sum, cos) => sum + (cos - mean) ** 3, 0) / truth.length;
    expect(census!.skewness).toBeCloseTo(third / variance ** 1.5, 5);
    const width = census!.fineHistogram.length / HISTOGRAM_BINS;
    expect(width).toBe(64);
    const coarse = new Float64Array(HISTOGRAM_BINS);
    for (const [bin, count] of census!.fineHistogram.entries()) coarse[Math.floor(bin / width)]! += count;
    expect(coarse).toEqual(census!.histogram);
    const histogram = new Float64Array(HISTOGRAM_BINS);
    for (const cos of truth)
      histogram[Math.min(HISTOGRAM_BINS - 1, Math.floor((cos * HISTOGRAM_BINS) / 2) + HISTOGRAM_BINS / 2)]! +=
        1;
    expect(census!.histogram).toEqual(histogram);
    expect(census!.histogram.reduce((sum, count) => sum + count, 0)).toBe(truth.length);
  });
});

describe('C14: --threads does not change results', () => {
  it('one, two and five workers give the same numbers to the last bit', async () => {
    const matrix = gaussian(2300, 32, 14);
    const asked = [0.01, 0.2, cosine(matrix, 3, matrix, 9)];
    const run = (threads: number) => searchPairs({ a: matrix, k: 20, countBelow: asked, threads });
    const one = await run(1);
    expect(await run(2)).toEqual(one);
    expect(await run(5)).toEqual(one);
  });
});

describe('stopping', () => {
  it('C19: an abort ends the search at once with kind `interrupted`', async () => {
    const matrix = gaussian(6000, 512, 15);
    const controller = new AbortController();
    const started = performance.now();
    const search = searchPairs({
      a: matrix,
      k: 5,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(search).rejects.toMatchObject({ kind: 'interrupted' });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('widths that differ are refused', async () => {
    const search = searchPairs({ a: gaussian(3, 4, 1), b: gaussian(3, 5, 1), k: 1 });
    await expect(search).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('4 and 5'),
    });
  });
});

describe('ranks', () => {
  it('is 1 + the number of rows that are more aligned, ties not counted', async () => {
    const matrix = gaussian(1300, 10, 16, (data) => {
      data.copyWithin(70 * 10, 7 * 10, 8 * 10);
      data.fill(0, 80 * 10, 81 * 10);
    });
    const queries = Array.from({ length: 40 }, (_, q) => ({
      from: (q * 37) % 1300,
      to: (q * 91 + 5) % 1300,
    }));
    queries.push(
      { from: 3, to: 7 },
      { from: 3, to: 70 },
      { from: 7, to: 70 },
      { from: 4, to: 80 },
      { from: 6, to: 6 },
    );
    const expected = queries.map(({ from, to }) => {
      const target = cosine(matrix, from, matrix, to);
      if (from === to || Number.isNaN(target)) return Number.NaN;
      let better = 0;
      for (let j = 0; j < matrix.rows; j++)
        if (j !== from && cosine(matrix, from, matrix, j) > target) better++;
      return 1 + better;
    });
    const { ranks } = await searchPairs({ a: matrix, k: 0, ranks: queries, threads: 2 });
    expect(Array.from(ranks!)).toEqual(expected);
    expect(await rankPairs(matrix, queries)).toEqual(ranks);
  });
});
