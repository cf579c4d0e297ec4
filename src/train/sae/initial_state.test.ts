import { describe, expect, it } from 'vitest';
import { createRng } from '../../tensor/rng.ts';
import { calibrate, initialParameters } from './initial_state.ts';
import { resolveSettings } from './settings.ts';

const D_IN = 6;

function cloud(rows: number): Float32Array {
  const rng = createRng(3, 'cloud');
  return Float32Array.from({ length: rows * D_IN }, (_, i) => (i % D_IN) + rng.normal());
}

describe('where a training begins', () => {
  it('activations are scaled to a mean norm of sqrt(d_in)', () => {
    const rows = cloud(500);
    const { scale, variance } = calibrate(rows, D_IN);
    let norms = 0;
    for (let i = 0; i < rows.length; i += D_IN) norms += Math.hypot(...rows.subarray(i, i + D_IN)) * scale;
    expect(norms / 500).toBeCloseTo(Math.sqrt(D_IN), 12);
    // Unit normals in each place, scaled.
    expect(variance / scale ** 2).toBeGreaterThan(0.9);
    expect(variance / scale ** 2).toBeLessThan(1.1);
  });

  it('the centre has the smallest sum of distances, and does not follow a few far rows', () => {
    const rows = cloud(400);
    for (let i = 0; i < 20 * D_IN; i++) rows[i] = 1e4;
    const { centre, scale } = calibrate(rows, D_IN);
    const distances = (point: readonly number[]): number => {
      let sum = 0;
      for (let i = 0; i < rows.length; i += D_IN) {
        sum += Math.hypot(...point.map((value, c) => rows[i + c]! - value));
      }
      return sum;
    };
    const found = Array.from(centre, (value) => value / scale);
    for (const [c, value] of found.entries()) expect(Math.abs(value - c)).toBeLessThan(0.3);
    const least = distances(found);
    for (let c = 0; c < D_IN; c++) {
      for (const shift of [-0.05, 0.05])
        expect(distances(found.with(c, found[c]! + shift))).toBeGreaterThan(least);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('activations that hold %d are refused', (value) => {
    const rows = cloud(10);
    rows[13] = value;
    expect(() => calibrate(rows, D_IN)).toThrow(
      'activations: the first 10 of them hold a NaN or an infinity',
    );
  });

  it('activations that are all alike are refused', () => {
    expect(() => calibrate(new Float32Array(60).fill(2), D_IN)).toThrow('are all alike');
    expect(() => calibrate(new Float32Array(60), D_IN)).toThrow('are all alike');
    expect(() => calibrate(new Float32Array(60), D_IN)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('--hook') }),
    );
  });

  it('rows of the decoder have length 1, the encoder has the same, and the seed decides them', () => {
    const start = (seed: number) => {
      const given = { architecture: 'jumprelu', dSae: 9, sparsityCoefficient: 1, steps: 10, seed } as const;
      return initialParameters(resolveSettings(given, D_IN), D_IN, calibrate(cloud(50), D_IN));
    };
    const parameters = start(4);
    const W_dec = parameters.get('W_dec')!;
    for (let i = 0; i < W_dec.length; i += D_IN)
      expect(Math.hypot(...W_dec.subarray(i, i + D_IN))).toBeCloseTo(1, 6);
    expect(parameters.get('W_enc')).toEqual(W_dec);
    expect(parameters.get('W_enc')).not.toBe(W_dec);
    expect(parameters.get('log_threshold')![8]).toBeCloseTo(Math.log(0.05), 6);
    expect(start(4)).toEqual(parameters);
    expect(start(5).get('W_dec')).not.toEqual(W_dec);
  });
});
