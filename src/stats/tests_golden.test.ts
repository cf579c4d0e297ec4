import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { testUniformity } from '../../test/support/kolmogorov_smirnov.ts';
import { createRng } from '../tensor/rng.ts';
import { cosineUpperQuantile, logCosineTail, logIncompleteBeta } from './beta.ts';
import { bootstrapRatio } from './bootstrap.ts';
import { expectedExtremes, normalLaw, randomCosineLaw } from './expected_extremes.ts';
import { createMatchedDraws, type Stratum } from './matched_draws.ts';
import { createMoments } from './moments.ts';
import { normalTail, normalUpperQuantile } from './normal.ts';
import { createNullTally, orders as everyOrderOf, shuffle } from './permutation.ts';
import { detectableDrop, normalDetectableDrop, normalPowerAt, powerAt } from './power.ts';
import { quantile, sortedNumbers } from './quantiles.ts';

interface Golden {
  readonly moments: readonly { values: number[]; mean: number; sd: number; skewness: number | null }[];
  readonly quantiles: readonly { values: number[]; shares: number[]; quantiles: number[] }[];
  readonly normal_tails: readonly { z: number; tail: number }[];
  readonly normal_quantiles: readonly { tail: number; z: number }[];
  readonly incomplete_betas: readonly { a: number; b: number; x: number; log: number }[];
  readonly cosine_tails: readonly { d: number; x: number; log: number }[];
  readonly cosine_quantiles: readonly { d: number; tail: number; x: number }[];
  readonly extremes: readonly {
    law: 'normal' | 'cosine';
    mean: number;
    sd: number;
    d: number;
    draws: number;
    largest: { mean: number; median: number; low: number; high: number };
  }[];
  readonly power: {
    draws: number[];
    level: number;
    power: number;
    drop: number;
    shifts: { shift: number; power: number }[];
    normal: { sd: number; shift: number; level: number; power: number; drop: number }[];
  };
  readonly uniform: readonly { values: number[]; statistic: number; p: number }[];
  readonly orders: readonly { table: number[][]; statistic: number; p: number; mean: number; sd: number }[];
  readonly shuffles: { n: number; seed: number; stream: string; orders: number[][] };
  readonly stand_ins: { strata: Stratum[]; seed: number; stream: string; draws: number[][] };
  readonly bootstraps: readonly {
    sums: number[];
    weights: number[];
    draws: number;
    seed: number;
    level: number;
    estimate: number;
    standard_error: number;
    low: number;
    high: number;
  }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../../test/golden/stats/tests.json', import.meta.url), 'utf8'),
) as Golden;

/** @param relative what float64 leaves of the digits after some hundred operations, or the reference's own error */
function expectClose(got: number, expected: number, relative = 1e-11): void {
  expect(Math.abs(got - expected)).toBeLessThanOrEqual(1e-14 + relative * Math.abs(expected));
}

describe('samples (numpy, scipy)', () => {
  test.each(golden.moments)('moments, sample %#', ({ values, mean, sd, skewness }) => {
    const sums = createMoments();
    for (const value of values) sums.add(value);
    const got = sums.moments();
    expect(got.count).toBe(values.length);
    expectClose(got.mean, mean);
    // Two decimals of a million take away as many digits from the spread.
    expectClose(got.sd, sd, 1e-9);
    if (skewness === null) expect(got.skewness).toBeNaN();
    else expectClose(got.skewness, skewness, 1e-6);
  });

  test('nothing has no moments', () => {
    expect(createMoments().moments()).toEqual({
      count: 0,
      mean: Number.NaN,
      sd: Number.NaN,
      skewness: Number.NaN,
    });
  });

  test.each(golden.quantiles)('quantiles, sample %#', ({ values, shares, quantiles }) => {
    const sorted = sortedNumbers([Number.NaN, ...values]);
    shares.forEach((share, k) => {
      expectClose(quantile(sorted, share), quantiles[k]!);
    });
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe('tails (scipy, mpmath)', () => {
  test.each(golden.normal_tails)('normal beyond $z', ({ z, tail }) => {
    expectClose(normalTail(z), tail);
  });

  test.each(golden.normal_quantiles)('normal at $tail', ({ tail, z }) => {
    expectClose(normalUpperQuantile(tail), z);
  });

  test.each(golden.incomplete_betas)('incomplete beta of $x, $a, $b', ({ a, b, x, log }) => {
    // Logarithms of the gamma function of a thousand, some 7,000, lose their last digits against each other.
    expect(Math.abs(logIncompleteBeta(x, a, b) - log)).toBeLessThan(1e-10);
  });

  test.each(golden.cosine_tails)('cosine beyond $x in $d dimensions', ({ d, x, log }) => {
    expect(Math.abs(logCosineTail(x, d) - log)).toBeLessThan(1e-10);
  });

  test.each(golden.cosine_quantiles)('cosine at $tail in $d dimensions', ({ d, tail, x }) => {
    // scipy's answer is in (1 + cos) / 2.
    expect(Math.abs(cosineUpperQuantile(tail, d) - x)).toBeLessThan(1e-12);
  });

  test('ends and nonsense', () => {
    expect([0, 1, -0.1, Number.NaN].map((tail) => normalUpperQuantile(tail))).toEqual([
      Infinity,
      -Infinity,
      Number.NaN,
      Number.NaN,
    ]);
    expect([0, 1, 1.1].map((tail) => cosineUpperQuantile(tail, 3))).toEqual([1, -1, Number.NaN]);
    expect([-1, 1].map((x) => logCosineTail(x, 3))).toEqual([0, -Infinity]);
    expect([0, 1].map((x) => logIncompleteBeta(x, 2, 3))).toEqual([-Infinity, 0]);
  });
});

describe('the largest of many (scipy, by quadrature)', () => {
  test.each(golden.extremes)('$draws draws, $law', ({ law, mean, sd, d, draws, largest }) => {
    const of = law === 'normal' ? normalLaw(mean, sd) : randomCosineLaw(d);
    const got = expectedExtremes(draws, of);
    // The mean of one draw is 0: its digits are those of numbers of size one.
    expect(Math.abs(got.largest.mean - largest.mean)).toBeLessThan(1e-9);
    for (const key of ['median', 'low', 'high'] as const) expectClose(got.largest[key], largest[key], 1e-10);
    expect(got.smallest.median).toBeCloseTo(2 * of.centre - got.largest.median, 14);
    expect(got.smallest.low).toBeLessThan(got.smallest.high);
  });

  test('no draws, no extreme', () => {
    expect(expectedExtremes(0, normalLaw(0, 1)).largest.mean).toBeNaN();
  });
});

describe('power (numpy, scipy)', () => {
  const { draws, level, power, drop, shifts, normal } = golden.power;

  test('by the draws', () => {
    expectClose(detectableDrop(draws, { level, power }), drop);
    for (const { shift, power: expected } of shifts) expectClose(powerAt(draws, shift, level), expected);
    expect(powerAt([], 0, level)).toBeNaN();
  });

  test.each(normal)(
    'normal, sd $sd, shift $shift',
    ({ sd, shift, level: at, power: expected, drop: least }) => {
      expectClose(normalPowerAt(sd, shift, at), expected);
      expectClose(normalDetectableDrop(sd, { level: at, power: 0.8 }), least);
    },
  );
});

test.each(golden.uniform)('uniformity, sample %# (scipy)', ({ values, statistic, p }) => {
  const got = testUniformity(values);
  expectClose(got.statistic, statistic);
  expectClose(got.p, p);
});

describe('orders and stand-ins', () => {
  test.each(golden.orders)('every order of $table.length (scipy)', ({ table, statistic, p, mean, sd }) => {
    const of = (order: Int32Array): number =>
      table.reduce((sum, row, k) => sum + row[order[k]!]!, 0) / table.length;
    const tally = createNullTally(of(Int32Array.from(table, (_, k) => k)), true);
    const seen = new Set<string>();
    for (const order of everyOrderOf(table.length, 1000, createRng(0, 'unused'))) {
      seen.add(order.join());
      tally.add(of(order));
    }
    const got = tally.summary();
    expect(seen.size).toBe(got.draws);
    expectClose(got.p, p);
    expectClose(got.mean, mean);
    expectClose(got.sd, sd);
    expectClose(of(Int32Array.from(table, (_, k) => k)), statistic);
  });

  test('seeded orders (a second implementation)', () => {
    const { n, seed, stream, orders } = golden.shuffles;
    const rng = createRng(seed, stream);
    const order = Int32Array.from({ length: n }, (_, k) => k);
    for (const expected of orders) {
      shuffle(order, rng);
      expect([...order]).toEqual(expected);
    }
  });

  test('seeded stand-ins (a second implementation)', () => {
    const { strata, seed, stream, draws } = golden.stand_ins;
    const draw = createMatchedDraws(strata, createRng(seed, stream));
    const places = new Int32Array(4);
    for (const expected of draws) {
      draw(places);
      expect([...places]).toEqual(expected);
    }
  });

  test('every assignment of stand-ins is equally likely', () => {
    const draw = createMatchedDraws([{ places: [1, 0], candidates: [5, 6, 7, 8] }], createRng(1, 'likely'));
    const places = new Int32Array(2);
    const seen = new Map<string, number>();
    for (let k = 0; k < 12_000; k++) {
      draw(places);
      seen.set(places.join(), (seen.get(places.join()) ?? 0) + 1);
    }
    expect(seen.size).toBe(12);
    // A thousand each, with a standard deviation of 30.
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test('more places than candidates are refused', () => {
    expect(() => createMatchedDraws([{ places: [0, 1], candidates: [3] }], createRng(0, 'x'))).toThrow(
      'internal',
    );
  });

  test('the observed value counts as a draw, and NaN as none', () => {
    const tally = createNullTally(5);
    for (const value of [1, 2, 3, Number.NaN]) tally.add(value);
    expect(tally.summary()).toMatchObject({ draws: 3, below: 3, above: 0, mean: 2, p: 0.5 });
    expect(createNullTally(5).summary().p).toBeNaN();
    const unknown = createNullTally(Number.NaN);
    unknown.add(1);
    expect(unknown.summary().p).toBeNaN();
  });
});

describe('the bootstrap over clusters (a second implementation)', () => {
  test.each(golden.bootstraps)('$draws draws at $level', (expected) => {
    const { sums, weights, draws, seed, level } = expected;
    const clusters = sums.map((sum, k) => ({ sum, weight: weights[k]! }));
    const got = bootstrapRatio(clusters, { draws, level, rng: createRng(seed, 'bootstrap') });
    expectClose(got.estimate, expected.estimate);
    expectClose(got.standardError, expected.standard_error);
    expectClose(got.low, expected.low);
    expectClose(got.high, expected.high);
  });

  test.each([
    [[0.3], [-Infinity, Infinity]],
    [
      [0.1, 0.1, 0.1],
      [0.1, 0.1],
    ],
    [
      [0.1, 0.4],
      [-Infinity, Infinity],
    ],
  ])('means %j give %j', (means, [low, high]) => {
    const got = bootstrapRatio(
      means.map((sum) => ({ sum, weight: 1 })),
      { draws: 500, rng: createRng(0, 'few') },
    );
    expect(got.low).toBeCloseTo(low!, 14);
    expect(got.high).toBeCloseTo(high!, 14);
  });

  test('no clusters, no interval', () => {
    expect(bootstrapRatio([], { draws: 9, rng: createRng(0, 'none') })).toMatchObject({
      estimate: Number.NaN,
      low: Number.NaN,
      high: Number.NaN,
    });
  });
});
