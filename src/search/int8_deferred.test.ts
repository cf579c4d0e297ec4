import { expect, it } from 'vitest';
import { everyPair, firstOf } from '../../test/support/every_pair.ts';
import { allocateMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { searchInt8 } from './int8_pass.ts';
import { wholeRows } from './plan.ts';

it('more pairs wait than there is room for, on one worker', async () => {
  const matrix = allocateMatrix(750, 40);
  const rng = createRng(11, 'deferred-test');
  for (let at = 0; at < matrix.data.length; at++) matrix.data[at] = rng.normal();
  const a = toFeatureMatrix(matrix);
  const pairs = everyPair(a);
  // One bit and a sign per coordinate say so little that every pair stays in question.
  const forced = { plan: wholeRows(40), levels: 1 };
  for (const k of [3, 60]) {
    const result = await searchInt8({ a, k, threads: 1, forced });
    expect(result?.emitted).toBeGreaterThan(2 ** 18);
    expect(result).toMatchObject(firstOf(pairs, k));
  }
});

it('what is told on the way holds all pairs of the columns that are done', async () => {
  const matrix = allocateMatrix(600, 64);
  const rng = createRng(12, 'deferred-test');
  for (let at = 0; at < matrix.data.length; at++) matrix.data[at] = rng.normal();
  const a = toFeatureMatrix(matrix);
  const forced = { plan: wholeRows(64) };
  const whole = await searchInt8({ a, k: 20, threads: 2, forced });
  const told: number[] = [];
  await searchInt8({
    a,
    k: 20,
    threads: 2,
    forced,
    tellEvery: 0,
    onFound: async ({ done, top, bottom }) => {
      told.push(done.length);
      const isDone = (j: number): boolean => done.some(({ from, to }) => j >= from && j < to);
      for (const pair of whole!.top) if (isDone(pair.j)) expect(top).toContainEqual(pair);
      for (const pair of whole!.bottom) if (isDone(pair.j)) expect(bottom).toContainEqual(pair);
    },
  });
  expect(told.length).toBeGreaterThan(1);
});
