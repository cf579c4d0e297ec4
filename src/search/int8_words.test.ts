import fc from 'fast-check';
import { expect, it } from 'vitest';
import { allocateMatrix, cosine, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { searchInt8 } from './int8_pass.ts';
import { bytesOfWords, createWordLook, createWordStore } from './int8_words.ts';
import type { IntegerRows } from './jobs.ts';
import { wholeRows } from './plan.ts';
import { shareRows } from './shared_rows.ts';

/** What a look needs of rows: the values, and nothing of bytes. */
function sideOf(values: readonly (readonly number[])[]): {
  side: IntegerRows;
  cosineOf: (i: number, j: number) => number;
} {
  const d = values[0]!.length;
  const matrix = allocateMatrix(values.length, d);
  values.forEach((row, r) => {
    matrix.data.set(row, r * d);
  });
  const features = toFeatureMatrix(matrix);
  const none = new Float32Array(0);
  const side = {
    rows: shareRows(features),
    bytes: new Uint8Array(0),
    scales: none,
    bounds: none,
    words: undefined,
  };
  return { side, cosineOf: (i, j) => cosine(features, i, features, j) };
}

const value = fc.oneof(
  fc.double({ min: -1, max: 1, noNaN: true }),
  fc.constantFrom(0, 1e6, -1e6, 1e-40, -1e-12, 3),
);

it('no cosine is above what a look says of it, nor far below, for rows with huge and vanishing coordinates', () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 70 })
        .chain((d) =>
          fc.array(fc.array(value, { minLength: d, maxLength: d }), { minLength: 2, maxLength: 5 }),
        ),
      (rows) => {
        const d = rows[0]!.length;
        const { side, cosineOf } = sideOf(rows);
        const { usable } = side.rows;
        fc.pre(usable.length > 1);
        const late = { a: createWordStore(usable.length, d)!, b: undefined };
        const look = createWordLook({ a: side, b: undefined, d, late })!;
        // Twice: the first look writes the rows, the second finds them written.
        for (let again = 0; again < 2; again++) {
          for (let i = 0; i < usable.length; i++) {
            for (let j = i + 1; j < usable.length; j++) {
              const cos = cosineOf(usable[i]!, usable[j]!);
              for (const sign of [1, -1]) {
                const most = look(i, j, sign);
                expect(most).toBeGreaterThanOrEqual(sign * cos);
                // Half a step of 1/4095 of the largest coordinate, for each of two rows.
                expect(most - sign * cos).toBeLessThan((4 * Math.sqrt(d)) / 4095 + 1e-6);
              }
            }
          }
        }
      },
    ),
  );
});

it('a dictionary whose finer integers would not fit is promised none', () => {
  expect(createWordStore(65_536, 2304)).toBeDefined();
  expect(bytesOfWords(65_536, 2304)).toBeGreaterThan(2 * 65_536 * 2304);
  expect(createWordStore(100_000, 2304)).toBeUndefined();
  expect(bytesOfWords(100_000, 2304)).toBe(0);
});

it.each([
  ['within one matrix', undefined],
  ['between two', 300],
])('rows in tight clusters are decided by finer integers, few pairs by float64: %s', async (_, others) => {
  const rng = createRng(7, 'int8-words-test');
  const clustered = (rows: number): ReturnType<typeof toFeatureMatrix> => {
    const matrix = allocateMatrix(rows, 64);
    const ofCentre = createRng(8, 'int8-words-test');
    const centre = Array.from({ length: 64 }, () => ofCentre.normal());
    for (let at = 0; at < matrix.data.length; at++) matrix.data[at] = centre[at % 64]! + 0.05 * rng.normal();
    return toFeatureMatrix(matrix);
  };
  const a = clustered(400);
  const b = others === undefined ? undefined : clustered(others);
  const request = { a, ...(b && { b }), k: 5, threads: 1, forced: { plan: wholeRows(64) } };
  const found = await searchInt8(request);
  expect(found!.verified).toBeLessThan(found!.emitted / 4);
  const cosines: number[] = [];
  for (let i = 0; i < a.rows; i++) {
    for (let j = b ? 0 : i + 1; j < (b ?? a).rows; j++) cosines.push(cosine(a, i, b ?? a, j));
  }
  cosines.sort((p, q) => q - p);
  expect(found!.top.map(({ cos }) => cos)).toEqual(cosines.slice(0, 5));
  expect(found!.bottom.map(({ cos }) => cos)).toEqual(cosines.slice(-5).reverse());
});
