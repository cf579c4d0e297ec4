import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { benjaminiHochberg } from './benjamini_hochberg.ts';
import { chiSquared, fisherExact, testGroups } from './contingency.ts';
import { chiSquaredTail, logFactorials, logGamma } from './gamma.ts';
import { cohenKappa } from './kappa.ts';
import { wilsonInterval } from './wilson.ts';

interface Golden {
  readonly tables: readonly {
    readonly first: number[];
    readonly second: number[];
    readonly exact: number;
    readonly statistic: number;
    readonly freedom: number;
    readonly p: number;
  }[];
  readonly chi_squared_tails: readonly {
    readonly statistic: number;
    readonly freedom: number;
    readonly p: number;
  }[];
  readonly wilson: readonly {
    readonly successes: number;
    readonly trials: number;
    readonly interval: [number, number];
  }[];
  readonly benjamini_hochberg: readonly { readonly p: number[]; readonly adjusted: number[] }[];
  readonly kappa: readonly {
    readonly table: number[][];
    readonly kappa: number;
    readonly low: number;
    readonly high: number;
  }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../../test/golden/stats/stats.json', import.meta.url), 'utf8'),
) as Golden;

/** Both sides are float64; sums of logarithms of some hundred factorials lose two or three digits. */
function expectClose(got: number, expected: number): void {
  expect(Math.abs(got - expected)).toBeLessThanOrEqual(1e-12 + 1e-10 * Math.abs(expected));
}

describe('two groups over categories (scipy; exact whole numbers)', () => {
  test.each(golden.tables)('$first and $second', ({ first, second, exact, statistic, freedom, p }) => {
    expectClose(fisherExact(first, second)!, exact);
    const chi = chiSquared(first, second);
    expectClose(chi.statistic, statistic);
    expect(chi.freedom).toBe(freedom);
    expectClose(chi.p, p);
    expect(testGroups(first, second)).toEqual({ test: 'fisher', p: fisherExact(first, second) });
  });

  test('the exact test gives way where its tables are too many', () => {
    const [first, second] = [
      [90, 80, 70, 85, 75],
      [60, 95, 80, 85, 80],
    ];
    expect(fisherExact(first, second)).toBeNull();
    expect(testGroups(first, second)).toEqual({ test: 'chi-squared', p: chiSquared(first, second).p });
  });

  test('as many tables as are visited at most take less than a second or two', () => {
    expect(fisherExact([16, 16, 16, 16, 16], [16, 16, 16, 16, 16])).toBeCloseTo(1, 9);
  });

  test('an empty group says nothing; one category alone cannot differ', () => {
    expect(fisherExact([0, 0], [3, 4])).toBeNaN();
    expect(chiSquared([3, 4], [0, 0]).p).toBeNaN();
    expect(testGroups([0, 0], [0, 0]).p).toBeNaN();
    expect(testGroups([0, 7], [0, 9]).p).toBe(1);
    expect(chiSquared([7], [9])).toEqual({ statistic: 0, freedom: 0, p: 1 });
    expect(() => fisherExact([1], [1, 2])).toThrow('internal');
    expect(() => fisherExact([1.5], [1])).toThrow('internal');
    expect(() => chiSquared([-1], [1])).toThrow('internal');
  });

  test('groups change places, and categories do, without changing p', () => {
    const counts = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(counts, (pairs) => {
        const [first, second] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
        const p = fisherExact(first, second)!;
        fc.pre(!Number.isNaN(p));
        expect(p).toBeGreaterThan(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(fisherExact(second, first)).toBeCloseTo(p, 10);
        expect(fisherExact(first.toReversed(), second.toReversed())).toBeCloseTo(p, 10);
        expect(fisherExact([...first, 0], [...second, 0])).toBe(p);
      }),
    );
  });
});

test.each(golden.chi_squared_tails)(
  'the tail of chi-squared at $statistic, freedom $freedom (scipy)',
  ({ statistic, freedom, p }) => {
    expectClose(chiSquaredTail(statistic, freedom), p);
  },
);

test('tails at the edges, and factorials', () => {
  expect(chiSquaredTail(0, 3)).toBe(1);
  expect(chiSquaredTail(-1, 3)).toBe(1);
  expect(chiSquaredTail(Number.NaN, 3)).toBeNaN();
  expect(chiSquaredTail(1, 0)).toBeNaN();
  expect(logFactorials(0)).toEqual(Float64Array.of(0));
  const table = logFactorials(170);
  for (const n of [1, 2, 10, 170]) expect(logGamma(n + 1)).toBeCloseTo(table[n]!, 10);
});

test.each(golden.wilson)(
  "Wilson's interval of $successes/$trials (statsmodels)",
  ({ successes, trials, interval }) => {
    const { low, high } = wilsonInterval(successes, trials);
    expectClose(low, interval[0]);
    expectClose(high, interval[1]);
  },
);

test("Wilson's interval of nothing is not known, and holds what was observed", () => {
  expect(wilsonInterval(0, 0)).toEqual({ low: Number.NaN, high: Number.NaN });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (trials, share) => {
        const successes = Math.round(share * trials);
        const { low, high } = wilsonInterval(successes, trials);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(successes / trials);
        expect(high).toBeGreaterThanOrEqual(successes / trials);
      },
    ),
  );
});

describe('Benjamini and Hochberg (scipy)', () => {
  test.each(golden.benjamini_hochberg)('$p', ({ p, adjusted }) => {
    const found = benjaminiHochberg(p);
    for (const [i, value] of adjusted.entries()) expectClose(found[i]!, value);
  });

  test('what could not be tested is no test', () => {
    expect(benjaminiHochberg([Number.NaN, 0.02, Number.NaN, 0.04])).toEqual([
      Number.NaN,
      0.04,
      Number.NaN,
      0.04,
    ]);
    expect(benjaminiHochberg([])).toEqual([]);
  });
});

describe("Cohen's kappa (statsmodels)", () => {
  test.each(golden.kappa)('$table', ({ table, kappa, low, high }) => {
    const result = cohenKappa(table);
    expectClose(result.kappa, kappa);
    expectClose(result.interval.low, low);
    expectClose(result.interval.high, high);
    expect(result.items).toBe(table.flat().reduce((sum, count) => sum + count, 0));
  });

  test('is not known without items, or of one category alone', () => {
    expect(
      cohenKappa([
        [0, 0],
        [0, 0],
      ]).kappa,
    ).toBeNaN();
    const one = cohenKappa([
      [0, 0],
      [0, 7],
    ]);
    expect(one).toMatchObject({ kappa: Number.NaN, observed: 1, expected: 1, items: 7 });
    expect(one.interval.low).toBeNaN();
    expect(() => cohenKappa([[1, 2]])).toThrow('internal');
  });

  test.each([
    [
      'row',
      [
        [3, 4],
        [0, 0],
      ],
    ],
    [
      'column',
      [
        [3, 0],
        [4, 0],
      ],
    ],
  ])('a rater who says the same of every item (one %s) has 0, and no interval', (_, table) => {
    const { kappa, interval } = cohenKappa(table);
    expect(kappa).toBe(0);
    expect(interval).toEqual({ low: Number.NaN, high: Number.NaN });
  });
});
