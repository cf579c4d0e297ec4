import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { histogramQuantile } from './histogram_quantiles.ts';

const golden = JSON.parse(
  readFileSync(new URL('../../test/golden/stats/histogram_quantiles.json', import.meta.url), 'utf8'),
) as { counts: number[]; quantiles: [number, number][]; exact: number[] }[];

describe('histogramQuantile', () => {
  it.each(golden)('equals numpy’s interpolation, within a bin of the quantile of the values', (one) => {
    const counts = Float64Array.from(one.counts);
    one.quantiles.forEach(([q, expected], index) => {
      const found = histogramQuantile(counts, [-1, 1], q);
      expect(found).toBeCloseTo(expected, 12);
      expect(Math.abs(found - one.exact[index]!)).toBeLessThanOrEqual(2 / counts.length);
    });
  });

  it('is not known of nothing', () => {
    expect(histogramQuantile(new Float64Array(4), [-1, 1], 0.5)).toBeNaN();
  });
});
