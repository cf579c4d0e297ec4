import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AntipodeError } from '../errors.ts';
import {
  allocateMatrix,
  cosine,
  dotRange,
  type FeatureMatrix,
  rowOf,
  squaredNorm,
  toFeatureMatrix,
} from './matrix.ts';

function featuresOf(rows: readonly (readonly number[])[]): FeatureMatrix {
  const cols = rows[0]?.length ?? 0;
  return toFeatureMatrix({ data: Float32Array.from(rows.flat()), rows: rows.length, cols });
}

const values = fc.float({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 50), max: 2 ** 50 });
const twoRows = fc
  .integer({ min: 1, max: 40 })
  .chain((d) => fc.tuple(...[0, 1].map(() => fc.array(values, { minLength: d, maxLength: d }))));

test('norms and cosines equal numpy’s in float64', () => {
  const golden = JSON.parse(
    readFileSync(new URL('../../test/golden/tensor/matrix.json', import.meta.url), 'utf8'),
  ) as { a: number[][]; b: number[][]; normsA: number[]; cosines: number[][] };
  const [a, b] = [featuresOf(golden.a), featuresOf(golden.b)];
  // Both sides sum 37 products in float64 in another order: a few units in the last place.
  for (const [i, norm] of golden.normsA.entries())
    expect(Math.abs(a.norms[i]! / norm - 1)).toBeLessThan(1e-15);
  for (const [i, row] of golden.cosines.entries()) {
    for (const [j, expected] of row.entries()) {
      expect(Math.abs(cosine(a, i, b, j) - expected)).toBeLessThan(1e-15);
    }
  }
});

describe('dot products', () => {
  test('are symmetric bit for bit, for every length', () => {
    fc.assert(
      fc.property(twoRows, ([x, y]) => {
        const [a, b] = [Float32Array.from(x!), Float32Array.from(y!)];
        expect(dotRange(a, 0, b, 0, a.length)).toBe(dotRange(b, 0, a, 0, a.length));
      }),
    );
  });

  test('use the ranges given, and float64: 1e8 + 1 - 1e8 keeps the 1', () => {
    const a = Float32Array.of(99, 1e8, 1, -1e8, 99);
    expect(dotRange(a, 1, Float32Array.of(1, 1, 1), 0, 3)).toBe(1);
    expect(squaredNorm(Float32Array.of(5, 3, 4, 5), 1, 2)).toBe(25);
    expect(dotRange(a, 0, a, 0, 0)).toBe(0);
  });
});

describe('cosines', () => {
  test('are symmetric, within [-1, 1], and 1 with themselves to rounding', () => {
    fc.assert(
      fc.property(twoRows, ([x, y]) => {
        const m = featuresOf([x!, y!]);
        const value = cosine(m, 0, m, 1);
        expect(value).toBe(cosine(m, 1, m, 0));
        if (m.defects.length > 0) {
          expect(value).toBeNaN();
          return;
        }
        expect(Math.abs(value)).toBeLessThanOrEqual(1);
        expect(cosine(m, 0, m, 0)).toBeCloseTo(1, 14);
      }),
    );
  });

  test('do not change when a row is scaled by a power of two, and turn their sign with it', () => {
    fc.assert(
      fc.property(twoRows, fc.integer({ min: -20, max: 20 }), ([x, y], power) => {
        const m = featuresOf([x!, y!]);
        // A float32 below 2^-126 would lose bits when scaled down; such rows prove nothing.
        fc.pre([...x!].every((v) => v === 0 || Math.abs(v) > 2 ** -100));
        const scaled = featuresOf([x!.map((v) => v * 2 ** power), y!]);
        const turned = featuresOf([x!.map((v) => -v), y!]);
        expect(cosine(scaled, 0, scaled, 1)).toBe(cosine(m, 0, m, 1));
        if (m.defects.length === 0) expect(cosine(turned, 0, turned, 1) + cosine(m, 0, m, 1)).toBe(0);
      }),
    );
  });

  test('of the smallest and the largest rows that float32 holds', () => {
    const m = featuresOf([
      [1.4e-45, 0],
      [3.4e38, 3.4e38],
    ]);
    expect(m.defects).toEqual([]);
    expect(cosine(m, 0, m, 1)).toBeCloseTo(Math.SQRT1_2, 15);
  });
});

test('rows without a direction are listed, and their cosines are NaN, never 0', () => {
  const m = featuresOf([
    [1, 2],
    [0, -0],
    [Number.NaN, 1],
    [Infinity, 0],
    [3, 4],
  ]);
  expect(m.defects).toEqual([
    { row: 1, defect: 'zero-norm' },
    { row: 2, defect: 'non-finite' },
    { row: 3, defect: 'non-finite' },
  ]);
  expect([...m.norms]).toEqual([Math.sqrt(5), 0, Number.NaN, Number.NaN, 5]);
  for (const row of [1, 2, 3]) {
    expect(cosine(m, row, m, 0)).toBeNaN();
    expect(cosine(m, 0, m, row)).toBeNaN();
  }
});

test('matrices lie in shared memory; rows are views; without memory there is a sentence', () => {
  const m = allocateMatrix(3, 2);
  expect(m.data.buffer).toBeInstanceOf(SharedArrayBuffer);
  rowOf(m, 1).set([5, 6]);
  expect([...m.data]).toEqual([0, 0, 5, 6, 0, 0]);
  expect(() => allocateMatrix(2 ** 30, 2 ** 20)).toThrow(AntipodeError);
  expect(() => allocateMatrix(2 ** 30, 2 ** 20)).toThrow(
    'matrix [1073741824, 1048576]: not enough memory (needs 4294967296 MiB)',
  );
});
