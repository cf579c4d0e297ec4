import { describe, expect, test } from 'vitest';
import type { RopeScaling } from './config/model_config.ts';
import { ropeFrequencies, ropeTables } from './rope_tables.ts';

const frequencies = (scaling: RopeScaling, theta = 10000): Float32Array =>
  ropeFrequencies({ lanes: 8, theta, scaling });

describe('frequencies', () => {
  test('theta^(-2i / lanes)', () => {
    const found = frequencies({ type: 'default' });
    for (const [i, expected] of [1, 0.1, 0.01, 0.001].entries()) expect(found[i]).toBeCloseTo(expected, 7);
  });

  test('linear scaling divides all of them, llama3 only the slow ones', () => {
    const plain = frequencies({ type: 'default' });
    expect(frequencies({ type: 'linear', factor: 4 })).toEqual(plain.map((f) => f / 4));
    const scaling: RopeScaling = {
      type: 'llama3',
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositions: 200,
    };
    const found = frequencies(scaling);
    // Turns within 200 positions: 31.8, 3.18, 0.318, 0.0318.
    expect(found[0]).toBe(plain[0]);
    const blend = (200 * 0.1) / (2 * Math.PI) - 1;
    expect(found[1]).toBeCloseTo((1 - blend / 3) * (0.1 / 8) + (blend / 3) * 0.1, 7);
    expect(found[2]).toBe(Math.fround(plain[2]! / 8));
    expect(found[3]).toBe(Math.fround(plain[3]! / 8));
  });
});

test('tables begin at any position and agree where they overlap', () => {
  const f = frequencies({ type: 'default' });
  const whole = ropeTables(f, 0, 100);
  const part = ropeTables(f, 60, 10);
  expect(part.cos).toEqual(whole.cos.subarray(60 * 4, 70 * 4));
  expect(part.sin).toEqual(whole.sin.subarray(60 * 4, 70 * 4));
  expect([...ropeTables(f, 0, 1).cos, ...ropeTables(f, 0, 1).sin]).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
});

test('angles are rounded to float32 before the cosine, as the reference implementations do', () => {
  const f = frequencies({ type: 'default' });
  const angle = Math.fround(100_001 * f[1]!);
  expect(angle).not.toBe(100_001 * f[1]!);
  expect(ropeTables(f, 100_001, 1).cos[1]).toBe(Math.fround(Math.cos(angle)));
});
