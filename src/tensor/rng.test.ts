import { describe, expect, test } from 'vitest';
import { createRng } from './rng.ts';

/** From test/golden/tensor/rng.py, a second implementation written from the descriptions of sfc32, splitmix32, FNV-1a and MurmurHash3's final mix. */
const GOLDEN: [number, string, number[]][] = [
  [0, 'a', [0.26029049237390967, 0.6055520711100756, 0.20175288781151768, 0.9785395367806158]],
  [42, 'pairs', [0.5929570943801294, 0.412350414935982, 0.6912714732188198, 0.8887888189457923]],
  [2 ** 40 + 7, 'pairs', [0.9175390488316729, 0.8815670328697559, 0.7508465437517636, 0.6584586985507925]],
  [-1, 'pairs', [0.38999396161027566, 0.061907743176883634, 0.7863307850376086, 0.6412071050919941]],
];

test.each(GOLDEN)('seed %d, stream %s: the same first numbers for ever', (seed, stream, expected) => {
  const rng = createRng(seed, stream);
  expect(expected.map(() => rng.uniform())).toEqual(expected);
});

const chiSquare = (counts: readonly number[], total: number): number => {
  const expected = total / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
};

describe('uniformity (seeds are fixed: these cannot fail by chance)', () => {
  // The chi-square distribution of k - 1 = 99 degrees of freedom: 0.1 % of draws lie below 60.3, 0.1 % above 148.2.
  const inside = (counts: readonly number[], total: number): void => {
    expect(chiSquare(counts, total)).toBeGreaterThan(60.3);
    expect(chiSquare(counts, total)).toBeLessThan(148.2);
  };

  test('uniform() over 100 bins, and its low bits', () => {
    const rng = createRng(1, 'uniform');
    const [bins, low] = [Array<number>(100).fill(0), Array<number>(100).fill(0)];
    for (let i = 0; i < 200_000; i++) {
      const value = rng.uniform();
      // A value outside [0, 1) would make a bin NaN.
      bins[Math.floor(value * 100)]! += 1;
      low[(value * 2 ** 53) % 100]! += 1;
    }
    inside(bins, 200_000);
    inside(low, 200_000);
  });

  test('integer() over 100 values, and over a bound where modulo would be biased by half', () => {
    const rng = createRng(2, 'integer');
    const bins = Array<number>(100).fill(0);
    for (let i = 0; i < 200_000; i++) bins[rng.integer(100)]! += 1;
    inside(bins, 200_000);
    const thirds = Array<number>(100).fill(0);
    const bound = 3 * 2 ** 30;
    for (let i = 0; i < 100_000; i++) thirds[Math.floor((rng.integer(bound) / bound) * 100)]! += 1;
    inside(thirds, 100_000);
  });

  test('pairs of neighbouring draws fill the square', () => {
    const rng = createRng(3, 'square');
    const cells = Array<number>(100).fill(0);
    for (let i = 0; i < 100_000; i++) cells[rng.integer(10) * 10 + rng.integer(10)]! += 1;
    inside(cells, 100_000);
  });
});

test('integer() takes bounds from 1 to 2^32 and refuses others', () => {
  const rng = createRng(4, 'bounds');
  expect([rng.integer(1), rng.integer(1)]).toEqual([0, 0]);
  expect(rng.integer(2 ** 32)).toBeLessThan(2 ** 32);
  for (const bound of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) {
    expect(() => rng.integer(bound)).toThrow('internal: integer bound');
  }
});

test('normal(): mean 0, variance 1, the right tails, both of each pair used', () => {
  const rng = createRng(5, 'normal');
  const n = 200_000;
  const draws = Float64Array.from({ length: n }, () => rng.normal());
  const mean = draws.reduce((sum, x) => sum + x, 0) / n;
  const variance = draws.reduce((sum, x) => sum + x * x, 0) / n;
  // Four standard errors: 1/sqrt(n) and sqrt(2/n).
  expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(n));
  expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
  const beyondTwo = draws.filter((x) => Math.abs(x) > 2).length / n;
  expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(0.002);
  expect(new Set(draws).size).toBe(n);
});

describe('streams', () => {
  test('differ by name and by seed, above 2^32 too, and are not correlated', () => {
    const draws = (seed: number, stream: string): number[] => {
      const rng = createRng(seed, stream);
      return Array.from({ length: 20_000 }, () => rng.uniform() - 0.5);
    };
    const all = [draws(1, 'a'), draws(1, 'b'), draws(2, 'a'), draws(1 + 2 ** 32, 'a'), draws(-1, 'a')];
    for (const [i, x] of all.entries()) {
      for (const y of all.slice(i + 1)) {
        const correlation = (12 * x.reduce((sum, value, k) => sum + value * y[k]!, 0)) / x.length;
        expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(x.length));
      }
    }
  });

  test('drawing from one does not move another', () => {
    const [a, b, alone] = [createRng(9, 'a'), createRng(9, 'b'), createRng(9, 'b')];
    const mixed = Array.from({ length: 50 }, () => {
      a.normal();
      return b.uniform();
    });
    expect(mixed).toEqual(Array.from({ length: 50 }, () => alone.uniform()));
  });
});
