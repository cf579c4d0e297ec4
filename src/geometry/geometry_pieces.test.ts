import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateMatrix, cosine, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { createCentring } from './centring.ts';
import { findNeighbors } from './neighbors.ts';
import { classifyPair } from './pair_class.ts';
import { drawRandomPairs } from './random_pairs.ts';
import { measureSameFeature } from './same_feature.ts';

function gaussian(n: number, d: number, seed: number, offset = 0): FeatureMatrix {
  const matrix = allocateMatrix(n, d);
  const rng = createRng(seed, 'geometry-test');
  for (let i = 0; i < n * d; i++) matrix.data[i] = rng.normal() + offset;
  return toFeatureMatrix(matrix);
}

describe('classifyPair', () => {
  it.each([
    [-0.8, -0.9, 'antipodal'],
    [0.8, 0.9, 'duplicate'],
    [0.1, -0.9, 'decoder-only'],
    [-0.1, 0.9, 'decoder-only'],
    [0.7, 0.2, 'encoder-only'],
    [0.7, -0.7, 'crossed'],
    [0.49, -0.49, 'weak'],
    [0.5, 0.5, 'duplicate'],
  ] as const)('encoder %d, decoder %d: %s', (encoder, decoder, expected) => {
    expect(classifyPair(encoder, decoder)).toBe(expected);
  });

  it('says nothing where a cosine is not known', () => {
    expect(classifyPair(Number.NaN, -0.9)).toBeUndefined();
  });
});

describe('drawRandomPairs', () => {
  it('is seeded, distinct, within range and avoids unusable features', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 200 }), fc.nat(), (n, seed) => {
        const isUsable = (feature: number): boolean => feature !== 1;
        const usable = n - 1;
        const count = Math.min(20, (usable * (usable - 1)) / 2);
        const pairs = drawRandomPairs(n, count, seed, isUsable);
        expect(pairs).toEqual(drawRandomPairs(n, count, seed, isUsable));
        const keys = pairs.map(({ a, b }) => [Math.min(a, b), Math.max(a, b)].join());
        expect(new Set(keys).size).toBe(count);
        for (const { a, b } of pairs) expect(a !== b && a !== 1 && b !== 1 && a < n && b < n).toBe(true);
      }),
    );
  });

  it('refuses more pairs than there are', () => {
    expect(() => drawRandomPairs(3, 4, 0, () => true)).toThrow(/fewer than 4 pairs/);
  });

  it('says so when no feature has a direction at all', () => {
    expect(() => drawRandomPairs(5, 1, 0, () => false)).toThrow(/none of the 5 features has a direction/);
  });

  it('draws every pair equally often', () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 6000; seed++) {
      const [pair] = drawRandomPairs(4, 1, seed, () => true);
      const key = [Math.min(pair!.a, pair!.b), Math.max(pair!.a, pair!.b)].join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // Chi-squared with 5 degrees of freedom: 20.5 is passed with probability 0.001.
    const chi = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(20.5);
  });
});

describe('centring', () => {
  it('equals the definition, removes a shared direction and leaves isotropic rows almost alone', () => {
    const matrix = gaussian(80, 9, 1, 2);
    const { centredCosine, meanLength } = createCentring(matrix);
    const unit = (row: number): number[] =>
      Array.from({ length: 9 }, (_, c) => matrix.data[row * 9 + c]! / matrix.norms[row]!);
    const center = Array.from({ length: 9 }, (_, c) => {
      let sum = 0;
      for (let row = 0; row < 80; row++) sum += unit(row)[c]!;
      return sum / 80;
    });
    const centred = (row: number): number[] => unit(row).map((value, c) => value - center[c]!);
    const [x, y] = [centred(3), centred(11)];
    const dot = x.reduce((sum, value, c) => sum + value * y[c]!, 0);
    expect(centredCosine(3, 11)).toBeCloseTo(dot / Math.hypot(...x) / Math.hypot(...y), 12);
    expect(meanLength).toBeCloseTo(Math.hypot(...center), 12);
    expect(meanLength).toBeGreaterThan(0.8);
  });

  it('is NaN for rows without a direction and for a dictionary of equal rows', () => {
    const matrix = gaussian(10, 4, 2);
    matrix.data.fill(0, 0, 4);
    expect(createCentring(toFeatureMatrix(matrix)).centredCosine(0, 1)).toBeNaN();
    const equal = allocateMatrix(3, 2);
    equal.data.set([3, 4.1, 3, 4.1, 3, 4.1]);
    expect(createCentring(toFeatureMatrix(equal)).centredCosine(0, 1)).toBeNaN();
  });
});

describe('findNeighbors', () => {
  it('is the sorted list of all cosines, ties by index, without the feature itself and zero rows', () => {
    const matrix = gaussian(50, 5, 3);
    matrix.data.copyWithin(40 * 5, 20 * 5, 21 * 5);
    matrix.data.fill(0, 7 * 5, 8 * 5);
    const usable = toFeatureMatrix(matrix);
    const { aligned, opposed } = findNeighbors(usable, 12, 60);
    expect(aligned).toHaveLength(48);
    expect(aligned.map(({ feature }) => feature)).not.toContain(7);
    for (let r = 1; r < aligned.length; r++) {
      const [before, after] = [aligned[r - 1]!, aligned[r]!];
      expect(before.cos > after.cos || (before.cos === after.cos && before.feature < after.feature)).toBe(
        true,
      );
    }
    expect(new Set(opposed.map(({ feature }) => feature))).toEqual(
      new Set(aligned.map(({ feature }) => feature)),
    );
    expect(opposed[0]!.cos).toBe(aligned.at(-1)!.cos);
    expect(aligned[0]!.cos).toBe(cosine(usable, 12, usable, aligned[0]!.feature));
    expect(findNeighbors(usable, 7, 3)).toEqual({ aligned: [], opposed: [] });
  });
});

describe('measureSameFeature', () => {
  it('does not depend on the lengths of the rows', () => {
    const W_enc = gaussian(30, 6, 4);
    const W_dec = gaussian(30, 6, 5);
    const scaled = toFeatureMatrix({ ...W_enc, data: W_enc.data.map((value) => value * 4) });
    const first = measureSameFeature(W_enc, W_dec, [1, 2], [3]);
    expect(measureSameFeature(scaled, W_dec, [1, 2], [3])).toEqual(first);
    expect(first.concepts.n).toBe(2);
    expect(first.dictionary.mean).toBeCloseTo(first.cosines.reduce((sum, cos) => sum + cos, 0) / 30, 12);
    expect(measureSameFeature(W_enc, W_dec, [], []).concepts).toEqual({
      n: 0,
      mean: Number.NaN,
      highest: undefined,
      lowest: undefined,
    });
  });
});
