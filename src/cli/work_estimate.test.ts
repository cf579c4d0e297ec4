import { describe, expect, it } from 'vitest';
import { estimateLines, estimateWork } from './work_estimate.ts';

const FULL = { features: 16_384, d_in: 2304 };
const GEMMA = { parameters: 2_614_341_888, promptTokens: 650, newTokens: 9500 };

describe('what an experiment is estimated to take', () => {
  it('is what was measured, for what was measured', () => {
    // Two dictionaries in two spaces: four times 4 and 6.3 s.
    expect(estimateWork([FULL, FULL], 2, undefined)).toMatchObject({
      geometry_seconds: expect.closeTo(41.2, 9),
      generation_seconds: null,
      memory_bytes: 1.04e9,
      cache_bytes: 0,
    });
    // 9.5 new tokens and 65 of prompts a second, behind 23 s of quantising.
    expect(estimateWork([], 0, GEMMA)).toMatchObject({
      generation_seconds: 1000 + 10 + 23,
      memory_bytes: 3.43e9,
      cache_bytes: Math.round(2_614_341_888 * 1.0625),
    });
  });

  it('grows with pairs times width, and with parameters', () => {
    const [small, wide] = [
      estimateWork([{ features: 2, d_in: 1 }], 1, undefined).geometry_seconds!,
      estimateWork([{ ...FULL, d_in: 4608 }], 1, undefined).geometry_seconds!,
    ];
    expect(small).toBeCloseTo(4, 6);
    expect(wide - 4).toBeCloseTo(2 * 6.3, 9);
    const twice = estimateWork([], 0, { ...GEMMA, parameters: 2 * GEMMA.parameters });
    expect(twice.generation_seconds).toBe(2 * 1033);
  });

  it('is not known where a size is not, and says nothing about it then', () => {
    const unknown = estimateWork([FULL, { features: null, d_in: null }], 2, { ...GEMMA, parameters: null });
    expect(unknown).toMatchObject({ geometry_seconds: null, generation_seconds: null, memory_bytes: null });
    expect(estimateLines(unknown, 0)).toEqual([]);
    expect(estimateLines(unknown, 5e6)).toEqual(['take 5.0 MB of disk in caches']);
  });

  it('of a small model needs no copy of it', () => {
    const small = estimateWork([], 0, { parameters: 1e6, promptTokens: 1000, newTokens: 9000 });
    expect(small).toMatchObject({ generation_seconds: 20, cache_bytes: 0 });
    expect(estimateLines(small, 0)[0]).toMatch(
      /^take at most 20 s for the replies \(rates of docs\/performance\.md/,
    );
  });
});
