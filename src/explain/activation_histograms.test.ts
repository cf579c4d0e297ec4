import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { ActivationHistograms } from './activation_histograms.ts';

describe('ActivationHistograms', () => {
  test('bins are those of one that knew the range before, whatever the order', () => {
    const activation = fc.float({ min: Math.fround(1e-6), max: 1000, noNaN: true });
    fc.assert(
      fc.property(fc.array(activation, { minLength: 1, maxLength: 100 }), (values) => {
        const histograms = new ActivationHistograms(2);
        for (const value of values) histograms.add(1, value);
        const largest = Math.max(...values);
        const range = 2 ** (Math.floor(Math.log2(largest)) + 1);
        const { binWidth, counts } = histograms.of(1);
        expect(binWidth).toBe(range / 64);
        const expected = new Array(Math.floor(largest / binWidth) + 1).fill(0);
        for (const value of values) expected[Math.floor(value / binWidth)] += 1;
        expect(counts).toEqual(expected);
        expect(histograms.of(0).counts).toEqual([]);
      }),
      { numRuns: runs(200) },
    );
  });

  test('takes the smallest and largest float32', () => {
    const histograms = new ActivationHistograms(1);
    for (const value of [1e-45, 1e-38, 3.4e38]) histograms.add(0, value);
    const { counts, binWidth } = histograms.of(0);
    expect(counts.reduce((a, b) => a + b)).toBe(3);
    expect(counts[0]).toBe(2);
    expect(binWidth).toBe(2 ** 122);
  });
});
