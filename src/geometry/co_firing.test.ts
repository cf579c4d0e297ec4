import { describe, expect, it } from 'vitest';
import { createRng } from '../tensor/rng.ts';
import { createCoFiringCounter } from './co_firing.ts';

describe('createCoFiringCounter', () => {
  it('counts tokens alone and together, over blocks of any size', () => {
    const rng = createRng(1, 'co-firing-test');
    const features = [7, 2, 40];
    const tokens = 517;
    const acts = Float32Array.from({ length: tokens * 3 }, () => Math.max(0, rng.normal()));
    const counter = createCoFiringCounter(features, tokens);
    for (let from = 0, rows = 1; from < tokens; from += rows++)
      counter.add(acts.subarray(from * 3, Math.min(tokens, from + rows) * 3));
    const isActive = (token: number, column: number): boolean => acts[token * 3 + column]! > 0;
    const countOf = (...columns: number[]): number =>
      Array.from({ length: tokens }, (_, token) => columns.every((column) => isActive(token, column))).filter(
        Boolean,
      ).length;
    expect(counter.tokens).toBe(tokens);
    features.forEach((feature, column) => {
      expect(counter.tokensOf(feature)).toBe(countOf(column));
      features.forEach((other, otherColumn) => {
        expect(counter.tokensOfBoth(feature, other)).toBe(countOf(column, otherColumn));
      });
    });
    expect(counter.expectedOfBoth(7, 40)).toBeCloseTo((countOf(0) * countOf(2)) / tokens, 12);
  });

  it('knows nothing of other features, nor what chance is without tokens; NaN and negative values are not active', () => {
    const counter = createCoFiringCounter([1, 2], 2);
    expect(counter.expectedOfBoth(1, 2)).toBeUndefined();
    counter.add(Float32Array.of(Number.NaN, 1, -1, 2));
    expect([counter.tokensOf(1), counter.tokensOf(2), counter.tokensOfBoth(1, 2)]).toEqual([0, 2, 0]);
    expect([counter.tokensOf(3), counter.tokensOfBoth(1, 3)]).toEqual([undefined, undefined]);
    expect(() => counter.add(Float32Array.of(1, 1))).toThrow(/more than 2 tokens/);
  });
});
