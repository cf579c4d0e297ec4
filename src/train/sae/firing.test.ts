import { describe, expect, it } from 'vitest';
import { countFiring, createFiring, markDead } from './firing.ts';

const step = (fired: readonly number[], smallest = Number.NaN, isCounted = true) => ({
  fired: Float32Array.from(fired),
  batch: 10,
  smallest,
  isCounted,
});

describe('firing of latents', () => {
  it('a latent is dead when it has not fired for that many activations, and alive when it fires again', () => {
    const firing = createFiring(3);
    const dead = new Float32Array(3);
    expect(markDead(firing, 20, dead)).toBe(0);
    expect(countFiring(firing, step([3, 0, 1]))).toBeCloseTo(0.4, 6);
    countFiring(firing, step([1, 0, 0]));
    expect(markDead(firing, 20, dead)).toBe(1);
    expect([...dead]).toEqual([0, 1, 0]);
    countFiring(firing, step([1, 2, 0]));
    expect(markDead(firing, 20, dead)).toBe(1);
    expect([...dead]).toEqual([0, 0, 1]);
  });

  it('frequencies are counted in the steps that shall count', () => {
    const firing = createFiring(2);
    countFiring(firing, step([10, 0], Number.NaN, false));
    countFiring(firing, step([5, 1]));
    countFiring(firing, step([1, 0]));
    expect([...firing.fired]).toEqual([6, 1]);
    expect(firing.counted).toBe(20);
  });

  it('the threshold is the mean of the first steps, then a running mean over about a hundred', () => {
    const firing = createFiring(1);
    for (const smallest of [1, 2, 6]) countFiring(firing, step([1], smallest));
    expect(firing.threshold).toBeCloseTo(3, 12);
    for (let i = 0; i < 1000; i++) countFiring(firing, step([1], 4));
    expect(firing.threshold).toBeCloseTo(4, 3);
    countFiring(firing, step([1], 5));
    expect(firing.threshold).toBeCloseTo(4.01, 3);
  });
});
