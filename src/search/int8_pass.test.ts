import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everyPair, firstOf } from '../../test/support/every_pair.ts';
import { allocateMatrix, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { extremes } from './extremes.ts';
import { type Int8SearchOptions, searchInt8 } from './int8_pass.ts';
import type { PairRequest, ScoredPair } from './pairs.ts';

function gaussian(n: number, d: number, seed: number, edit?: (data: Float32Array) => void): FeatureMatrix {
  const matrix = allocateMatrix(n, d);
  const rng = createRng(seed, 'int8-test');
  for (let i = 0; i < n * d; i++) matrix.data[i] = rng.normal();
  edit?.(matrix.data);
  return toFeatureMatrix(matrix);
}

/** Gaussian rows, the first `pairs` of them near to their neighbour or to its opposite. */
function planted(n: number, d: number, pairs: number, seed: number, spread = 0): FeatureMatrix {
  return gaussian(n, d, seed, (data) => {
    const rng = createRng(seed, 'int8-planted');
    for (let pair = 0; pair < pairs; pair++) {
      const from = 2 * pair * d;
      const sign = pair % 2 === 0 ? 1 : -1;
      const noise = 0.2 + rng.uniform() / 2;
      for (let c = 0; c < d; c++) data[from + d + c] = sign * data[from + c]! + noise * data[from + d + c]!;
    }
    for (let at = 0; at < data.length; at++) data[at]! *= (1 + ((at * 7) % d)) ** -spread;
  });
}

async function expectExact(
  options: Int8SearchOptions & PairRequest,
  truth: readonly ScoredPair[] = everyPair(options.a, options.b),
): Promise<void> {
  expect(await searchInt8({ threads: 2, ...options })).toMatchObject(firstOf(truth, options.k));
}

const plan = (head: number, fine: number): { plan: { head: number; fine: number; expected: number } } => ({
  plan: { head, fine, expected: -1 },
});

describe('every plan gives the same pairs as float64', () => {
  const a = planted(350, 160, 60, 1);
  const b = planted(200, 160, 20, 2);
  const within = everyPair(a);
  const between = everyPair(a, b);
  it.each([
    ['whole rows', plan(160, 0)],
    ['whole rows with a second look', plan(160, 160)],
    ['a head', plan(64, 0)],
    ['a head that is far too short', plan(16, 0)],
    ['a head with a second look', plan(48, 64)],
    ['a head with a second look at all the rest', plan(96, 64)],
    ['widths that are no multiple of a vector', plan(37, 51)],
    ['7-bit integers', { ...plan(160, 0), levels: 63 }],
    ['7-bit integers of a head', { ...plan(64, 32), levels: 63 }],
    ['one bit and a sign', { ...plan(160, 0), levels: 1 }],
  ])('%s', async (_, forced) => {
    for (const k of [1, 10, 300]) {
      await expectExact({ a, k, forced }, within);
      await expectExact({ a, b, k, forced }, between);
    }
  });
});

describe('coordinates in order of energy', () => {
  it.each([plan(300, 0), plan(64, 0), plan(64, 64), plan(300, 300)])('%o', async (forced) => {
    await expectExact({ a: planted(400, 300, 40, 3, 1.5), k: 25, forced });
  });
});

it('plans by itself where near pairs are planted, and multiplies less than all', async () => {
  const a = planted(1060, 640, 300, 4);
  const result = await searchInt8({ a, k: 5, threads: 2 });
  expect(result).toMatchObject(firstOf(everyPair(a), 5));
  expect(result?.plan?.head).toBeLessThan(400);
});

it('few rows of small whole numbers, where most cosines are ties, by any plan', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }).chain((d) =>
        fc.record({
          rows: fc.array(fc.array(fc.integer({ min: -1, max: 1 }), { minLength: d, maxLength: d }), {
            minLength: 1,
            maxLength: 30,
          }),
          others: fc.option(
            fc.array(fc.array(fc.integer({ min: -1, max: 1 }), { minLength: d, maxLength: d }), {
              minLength: 1,
              maxLength: 20,
            }),
          ),
          k: fc.integer({ min: 0, max: 60 }),
          head: fc.integer({ min: 1, max: d }),
          fine: fc.integer({ min: 0, max: d }),
        }),
      ),
      async ({ rows, others, k, head, fine }) => {
        const d = rows[0]!.length;
        const matrix = (values: readonly (readonly number[])[]): FeatureMatrix => {
          const made = allocateMatrix(values.length, d);
          made.data.set(values.flat());
          return toFeatureMatrix(made);
        };
        const forced = plan(head, head === d ? (fine > 0 ? d : 0) : Math.min(fine, d - head));
        await expectExact({ a: matrix(rows), ...(others && { b: matrix(others) }), k, forced });
      },
    ),
    { numRuns: 60 },
  );
});

it('rows too wide for sums of 32 bits are left to floating point', async () => {
  const a = gaussian(3, 65_537, 11);
  expect(await searchInt8({ a, k: 1 })).toBeUndefined();
  expect(await extremes(a, { k: 2, threads: 1 })).toMatchObject(firstOf(everyPair(a), 2));
});

it('more equal rows than are wanted: the first by index', async () => {
  const a = gaussian(900, 24, 5, (data) => {
    for (let row = 100; row < 700; row++) data.copyWithin(row * 24, 0, 24);
  });
  await expectExact({ a, k: 40 });
});

it('the same on any number of workers', async () => {
  const a = planted(1500, 130, 100, 6);
  const { top, bottom } = (await searchInt8({ a, k: 120, threads: 1 }))!;
  for (const threads of [2, 3, 7]) {
    expect(await searchInt8({ a, k: 120, threads })).toMatchObject({ top, bottom });
  }
});

it('searches asked for at the same time take turns', async () => {
  const a = gaussian(300, 20, 7);
  const [first, second] = await Promise.all([searchInt8({ a, k: 9 }), searchInt8({ a, k: 9, threads: 1 })]);
  expect(first).toMatchObject({ top: second!.top, bottom: second!.bottom });
});

it('an abort ends the search, and the next one is not harmed', async () => {
  const a = gaussian(6000, 64, 8);
  const controller = new AbortController();
  const search = searchInt8({ a, k: 5, signal: controller.signal, onProgress: () => controller.abort() });
  await expect(search).rejects.toMatchObject({ kind: 'interrupted' });
  await expect(searchInt8({ a, k: 5, signal: AbortSignal.abort() })).rejects.toMatchObject({
    kind: 'interrupted',
  });
  await expectExact({ a: gaussian(100, 10, 9), k: 3 });
});

it('says how far it is, up to all pairs', async () => {
  const seen: [number, number][] = [];
  await searchInt8({ a: gaussian(800, 30, 10), k: 2, onProgress: (done, all) => seen.push([done, all]) });
  expect(seen.at(-1)).toEqual([(800 * 799) / 2, (800 * 799) / 2]);
});
