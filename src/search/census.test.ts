import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeRows, makeWholeNumbers } from '../../test/support/search_rows.ts';
import { type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { allocateAsk, allocateCensus, createCensus, FINE_BINS, fineBinOf, HISTOGRAM_BINS } from './census.ts';
import { createKernelModule } from './kernel_module.ts';
import type { PairSearchResult } from './pairs.ts';
import { searchPairs } from './search_pairs.ts';

interface Golden {
  readonly pairs: number;
  readonly mean: number;
  readonly sd: number;
  readonly skewness: number;
  readonly histogram: readonly (readonly [bin: number, count: number])[];
  readonly asked: readonly number[];
  readonly below: readonly number[];
  readonly queries: readonly (readonly [from: number, to: number])[];
  readonly ranks: readonly (number | null)[];
}

const path = new URL('../../test/golden/search/census.json', import.meta.url);
const goldens: Record<string, Golden> = JSON.parse(readFileSync(path, 'utf8'));

const cases: [string, FeatureMatrix, FeatureMatrix?][] = [
  ['struct', makeRows('struct', 1300, 576, 10)],
  ['gauss', makeRows('gauss', 1100, 200, 10)],
  ['aniso', makeRows('aniso', 1500, 640, 10)],
  ['between', makeRows('gauss', 1100, 200, 10), makeRows('struct', 700, 200, 20)],
  // Thousands of cosines stand exactly on edges and on cosines that are asked for.
  ['ties', makeWholeNumbers(700, 7, 40)],
];

function askAll(
  a: FeatureMatrix,
  b: FeatureMatrix | undefined,
  { asked, queries }: Golden,
  threads: number,
): Promise<PairSearchResult> {
  return searchPairs({
    a,
    ...(b && { b }),
    k: 20,
    countBelow: asked,
    nearest: true,
    ranks: queries.map(([from, to]) => ({ from, to })),
    threads,
  });
}

describe('the census is that of numpy in float64', () => {
  it.each(cases)('%s rows, all questions in one pass', async (name, a, b) => {
    const golden = goldens[name]!;
    const { census, ranks } = await askAll(a, b, golden, 2);
    expect(census!.pairs).toBe(golden.pairs);
    const histogram = new Float64Array(HISTOGRAM_BINS);
    for (const [bin, count] of golden.histogram) histogram[bin] = count;
    expect(census!.histogram).toEqual(histogram);
    expect(Array.from(census!.below)).toEqual(golden.below);
    expect(Array.from(ranks!, (rank) => (Number.isNaN(rank) ? null : rank))).toEqual(golden.ranks);
    // Errors of float32 cosines are below 1e-7 each, and mostly cancel out.
    expect(Math.abs(census!.mean - golden.mean)).toBeLessThan(1e-8);
    expect(Math.abs(census!.sd / golden.sd - 1)).toBeLessThan(1e-7);
    expect(Math.abs(census!.skewness - golden.skewness)).toBeLessThan(1e-5);
    const fine = new Float64Array(HISTOGRAM_BINS);
    for (const [bin, count] of census!.fineHistogram.entries())
      fine[Math.floor((bin * HISTOGRAM_BINS) / FINE_BINS)]! += count;
    expect(fine).toEqual(histogram);
  });

  it.each(cases.filter(([name]) => ['struct', 'between', 'ties'].includes(name)))(
    '%s rows: the same bits from 1, 2 and 3 workers',
    async (name, a, b) => {
      const one = await askAll(a, b, goldens[name]!, 1);
      for (const threads of [2, 3]) expect(await askAll(a, b, goldens[name]!, threads)).toEqual(one);
    },
  );

  it('asking more at once changes no answer', async () => {
    const [, a] = cases[0]!;
    const golden = goldens['struct']!;
    const all = await askAll(a, undefined, golden, 2);
    const alone = await searchPairs({ a, k: 0, countBelow: golden.asked });
    expect(alone.census).toEqual(all.census);
    expect((await searchPairs({ a, k: 0, nearest: true })).nearest).toEqual(all.nearest);
    expect((await searchPairs({ a, k: 20 })).top).toEqual(all.top);
  });
});

describe('degenerate rows', () => {
  it('a mean of cosines is never beyond 1, whatever rounding does to those of equal rows', async () => {
    for (const d of [19, 96, 2304]) {
      const equal = makeRows('gauss', 64, d, 1);
      for (let row = 1; row < 64; row++) equal.data.copyWithin(row * d, 0, d);
      const opposite = toFeatureMatrix({ data: equal.data.map((x) => -x), rows: 64, cols: d });
      const a = toFeatureMatrix(equal);
      for (const [b, mean] of [
        [undefined, 1],
        [opposite, -1],
      ] as const) {
        const { census } = await searchPairs({ a, ...(b && { b }), k: 0, countBelow: [0] });
        expect(Math.abs(census!.mean)).toBeLessThanOrEqual(1);
        expect(census!.mean).toBeCloseTo(mean, 6);
      }
    }
  });

  it('cosines that are all equal: one bin, no skewness', async () => {
    const equal = makeRows('gauss', 300, 19, 1);
    for (let row = 1; row < 300; row++) equal.data.copyWithin(row * 19, 0, 19);
    const { census } = await searchPairs({ a: toFeatureMatrix(equal), k: 0, countBelow: [1, 0.5] });
    expect(census!.histogram[HISTOGRAM_BINS - 1]).toBe(44_850);
    expect(census!.sd).toBeLessThan(1e-6);
    expect(census!.skewness).toBeNaN();
    expect(census!.below[1]).toBe(0);
  });

  it('rows at right angles stand exactly on an edge, which belongs to the bin above it', async () => {
    const a = makeRows('gauss', 90, 90, 1);
    a.data.fill(0);
    for (let row = 0; row < 90; row++) a.data[row * 90 + row] = row + 1;
    const { census } = await searchPairs({ a: toFeatureMatrix(a), k: 0, countBelow: [0] });
    expect(census!.histogram[HISTOGRAM_BINS / 2]).toBe(4005);
    expect(census!.below[0]).toBe(0);
  });
});

describe('slack', () => {
  it('an error that comes within a quarter of it, of any pair looked at, calls for a wider one', () => {
    const module = createKernelModule();
    const ask = allocateAsk(module);
    const places = allocateCensus(module, 0);
    const options = { limits: new Float64Array(), slack: 1e-6, pivot: 0 };
    const census = createCensus(options, module.buffer, ask, places);
    const reach = 1e-6 * (0.5 + 1 / 8);
    census.check(0.5, 0.5 + reach * 0.24);
    expect(census.isTooNear()).toBe(false);
    census.add(0.5, 0.5 - reach * 0.26);
    expect(census.isTooNear()).toBe(true);
    expect(census.finish()).toMatchObject({ decided: 1, largestError: expect.closeTo(2.6e-7, 9) });
  });
});

describe('fineBinOf', () => {
  it('has its edges where powers of two put them, also next to zero', () => {
    expect(fineBinOf(0)).toBe(FINE_BINS / 2);
    expect(fineBinOf(-1e-300)).toBe(FINE_BINS / 2 - 1);
    expect(fineBinOf(-1)).toBe(0);
    expect(fineBinOf(1)).toBe(FINE_BINS - 1);
    expect(fineBinOf(0.5 - 2 ** -54)).toBe((FINE_BINS / 4) * 3 - 1);
  });
});
