import { expect, test } from 'vitest';
import { createReconstructionSums } from './reconstruction_sums.ts';

const f = (...values: number[]): Float32Array => Float32Array.of(...values);

test('numbers that can be worked out by hand', () => {
  const sums = createReconstructionSums(2, 3);
  expect(sums.add(f(3, 4), f(3, 0), f(1, 0, 2))).toBe(true);
  expect(sums.add(f(-3, 4), f(-3, 0), f(0, 0, 1))).toBe(true);
  expect([...sums.mean()]).toEqual([0, 4]);
  expect(sums.reconstruction()).toEqual({
    // Errors of 16 each over distances of 9 each from the mean.
    explainedVariance: 1 - 32 / 18,
    fvu: 32 / 18,
    meanSquaredError: 8,
    cosine: 0.6,
    l2Ratio: 0.6,
    relativeReconstructionBias: 1,
    undirectedTokens: 0,
  });
  expect(sums.sparsity()).toEqual({
    l0Mean: 1.5,
    l0Median: 1.5,
    dead: [1],
    dense: [0, 2],
    densities: Float64Array.of(0.5, 0, 1),
    maxActivations: f(1, 0, 2),
  });
});

test('a density of exactly a tenth is not dense; the median is of tokens, not of counts', () => {
  const sums = createReconstructionSums(1, 2);
  for (let i = 0; i < 10; i++) sums.add(f(i), f(i), i === 0 ? f(1, 1) : f(0, 0));
  expect(sums.sparsity()).toMatchObject({ dense: [], dead: [], l0Mean: 0.2, l0Median: 0 });
});

test('tokens without a direction are left out of the cosine and counted', () => {
  const sums = createReconstructionSums(1, 1);
  sums.add(f(0), f(1), f(0));
  sums.add(f(2), f(0), f(0));
  sums.add(f(2), f(1), f(0));
  const { cosine, l2Ratio, undirectedTokens } = sums.reconstruction();
  expect([cosine, l2Ratio, undirectedTokens]).toEqual([1, 0.25, 2]);
});

test('activations that are all the same have no variance to explain', () => {
  const sums = createReconstructionSums(2, 1);
  for (let i = 0; i < 3; i++) sums.add(f(0.1, 7), f(0.1, 6), f(1));
  expect(sums.reconstruction()).toMatchObject({ explainedVariance: Number.NaN, fvu: Number.NaN });
});

test('a common part a million times as large as the differences costs no digits', () => {
  const sums = createReconstructionSums(1, 1);
  for (let i = 0; i < 1000; i++) sums.add(f(2 ** 23 + (i % 2)), f(2 ** 23), f(0));
  // Every second token is off by 1; all are 0.5 away from the mean.
  expect(sums.reconstruction().fvu).toBe(2);
  expect(sums.mean()[0]).toBe(2 ** 23 + 0.5);
});

test('what is not finite is refused without a trace', () => {
  const sums = createReconstructionSums(1, 1);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(sums.add(f(1), f(value), f(1))).toBe(false);
    expect(sums.add(f(value), f(1), f(1))).toBe(false);
  }
  expect(sums.tokens).toBe(0);
});
