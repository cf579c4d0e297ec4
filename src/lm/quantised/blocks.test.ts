import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../test/support/effort.ts';
import { createRng } from '../../tensor/rng.ts';
import { type BlockBits, blockBytes, blockWeights, quantiseBlocks } from './blocks.ts';

interface Quantised {
  readonly isOk: boolean;
  readonly scales: Float32Array;
  readonly quants: number[];
  /** In float64, by the definition. */
  readonly values: number[];
}

function quantise(values: Float32Array, bits: BlockBits): Quantised {
  const size = blockWeights(bits);
  const count = values.length / size;
  const scales = new Float32Array(count).fill(Number.NaN);
  const bytes = new Uint8Array(count * blockBytes(bits)).fill(0xaa);
  const isOk = quantiseBlocks(values, bits, { quants: bytes, scales }, 0);
  const quants = bits === 8 ? Array.from(bytes) : Array.from(bytes).flatMap((byte) => [byte & 15, byte >> 4]);
  const zero = 2 ** (bits - 1);
  return {
    isOk,
    scales,
    quants,
    values: quants.map((q, i) => (q - zero) * scales[Math.floor(i / size)]!),
  };
}

const block = (bits: BlockBits, first: readonly number[]): Float32Array => {
  const values = new Float32Array(blockWeights(bits));
  values.set(first);
  return values;
};

/** Blocks of all magnitudes that a float32 has, subnormal ones and zeros included. */
const anyBlocks = (bits: BlockBits): fc.Arbitrary<Float32Array> =>
  fc
    .array(
      fc.tuple(
        fc.integer({ min: -148, max: 127 }),
        fc.array(fc.float({ min: -1, max: 1, noNaN: true }), {
          minLength: blockWeights(bits),
          maxLength: blockWeights(bits),
        }),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((drawn) => Float32Array.from(drawn.flatMap(([power, values]) => values.map((v) => v * 2 ** power))));

/** Relative: the scale of 8 bits is rounded to float32, and a quotient that close to a tie may go either way. */
const ROUNDING = 2 ** -22;

describe('error bounds', () => {
  test('8 bits: half a scale, and the largest value to within the rounding of the scale', () => {
    fc.assert(
      fc.property(anyBlocks(8), (values) => {
        const { isOk, quants, scales, values: got } = quantise(values, 8);
        expect(isOk).toBe(true);
        for (const [i, value] of values.entries()) {
          const scale = scales[Math.floor(i / blockWeights(8))]!;
          const bound = scale === 0 ? 2 ** -119 : (scale / 2) * (1 + ROUNDING);
          expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(bound);
          expect(quants[i]).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: runs(300) },
    );
  });

  test('4 bits: half a scale but where the range ends; never more in all than with the whole range', () => {
    fc.assert(
      fc.property(anyBlocks(4), (values) => {
        const size = blockWeights(4);
        const { values: got, scales } = quantise(values, 4);
        for (let from = 0; from < values.length; from += size) {
          const scale = scales[from / size]!;
          const part = values.subarray(from, from + size);
          const largest = part.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
          const whole = largest / -8;
          let [error, wholeError] = [0, 0];
          for (const [i, value] of part.entries()) {
            const off = Math.abs(got[from + i]! - value);
            if (scale === 0) {
              expect(off).toBeLessThan(2 ** -119);
              continue;
            }
            const ratio = value / scale;
            const bound = Math.max(0.5, ratio - 7, -8 - ratio);
            expect(off).toBeLessThanOrEqual(bound * Math.abs(scale) * (1 + ROUNDING));
            const step = Math.min(7, Math.max(-8, Math.floor(value / whole + 0.5)));
            error += (off / whole) ** 2;
            wholeError += (value / whole - step) ** 2;
          }
          if (scale === 0) continue;
          expect([1, Math.fround(0.9 * whole) / whole]).toContain(scale / whole);
          expect(error).toBeLessThanOrEqual(wholeError * (1 + ROUNDING) + 1e-9);
        }
      }),
      { numRuns: runs(300) },
    );
  });

  test('4 bits: most blocks of normally distributed weights lose less with a narrowed range', () => {
    const rng = createRng(3, 'blocks');
    const values = Float32Array.from({ length: 100 * blockWeights(4) }, () => rng.normal());
    const { scales, values: got } = quantise(values, 4);
    const squares = (list: Iterable<number>): number => Array.from(list).reduce((sum, v) => sum + v * v, 0);
    const error = Math.sqrt(squares(got.map((value, i) => value - values[i]!)) / squares(values));
    // numpy, 2000 blocks: 0.0985, and 0.1032 with the whole range.
    expect(Math.abs(error - 0.0985)).toBeLessThan(0.002);
    expect(scales.length).toBe(100);
  });
});

describe('exact values', () => {
  test.each([8, 4] as const)('what %i bits can hold comes back as it was', (bits) => {
    const half = 2 ** (bits - 1);
    const size = blockWeights(bits);
    // The value that decides the scale stands first: 127 steps of 8 bits, -8 steps of 4 bits.
    const extreme = bits === 8 ? 127 : -8;
    const [least, most] = bits === 8 ? [-127, 127] : [-8, 7];
    fc.assert(
      fc.property(
        fc.integer({ min: -100, max: 90 }),
        fc.constantFrom(1, -1),
        fc.array(fc.integer({ min: least, max: most }), { minLength: size - 1, maxLength: size - 1 }),
        (power, sign, steps) => {
          const scale = (bits === 8 ? 1 : sign) * 2 ** power;
          const values = Float32Array.of(extreme * scale, ...steps.map((step) => step * scale));
          const got = quantise(values, bits);
          expect(got.values.map((value) => value + 0)).toEqual(Array.from(values, (value) => value + 0));
          expect(got.quants[0]).toBe(extreme + half);
          expect(got.scales[0]).toBe(scale);
        },
      ),
      { numRuns: runs(200) },
    );
  });

  test('bytes worked out by hand', () => {
    const eight = quantise(block(8, [127, -127, 1, -1, 63.5, -63.5, 0.49]), 8);
    expect(eight.scales[0]).toBe(1);
    expect(eight.quants.slice(0, 8)).toEqual([255, 1, 129, 127, 192, 65, 128, 128]);
    const four = quantise(block(4, [-8, 7, 1, -1, 8, 2.5, -2.5]), 4);
    expect(four.scales[0]).toBe(1);
    expect(four.quants.slice(0, 8)).toEqual([0, 15, 9, 7, 15, 11, 6, 8]);
    const turned = quantise(block(4, [4, -2, -4]), 4);
    expect([turned.scales[0], ...turned.quants.slice(0, 4)]).toEqual([-0.5, 0, 12, 15, 8]);
  });

  test('the first value of a half byte is the low one', () => {
    const quants = new Uint8Array(blockBytes(4));
    quantiseBlocks(block(4, [-8, 3]), 4, { quants, scales: new Float32Array(1) }, 0);
    expect(quants[0]).toBe(0xb0);
  });
});

describe('edges', () => {
  test.each([8, 4] as const)(
    'zeros, and what is too small for a scale, are zeros of scale 0 (%i bits)',
    (bits) => {
      for (const value of [0, -0, 2 ** -149, -(2 ** -120)]) {
        const { isOk, quants, scales } = quantise(block(bits, [0, value]), bits);
        expect([isOk, scales[0], new Set(quants)]).toEqual([true, 0, new Set([2 ** (bits - 1)])]);
      }
      expect(quantise(block(bits, [2 ** -119]), bits).scales[0]).not.toBe(0);
    },
  );

  test.each([8, 4] as const)('the largest floats (%i bits)', (bits) => {
    const most = (2 - 2 ** -23) * 2 ** 127;
    const { isOk, values } = quantise(block(bits, [most, -most]), bits);
    expect([isOk, values.every(Number.isFinite)]).toEqual([true, true]);
  });

  test.each([8, 4] as const)('NaN and infinities are seen wherever they stand (%i bits)', (bits) => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (let at = 0; at < 2 * blockWeights(bits); at += 7) {
        const values = new Float32Array(2 * blockWeights(bits)).fill(0.5);
        values[at] = value;
        expect(quantise(values, bits).isOk).toBe(false);
      }
    }
  });

  test('blocks go where they are told', () => {
    const size = blockWeights(8);
    const target = { quants: new Uint8Array(3 * size), scales: new Float32Array(3) };
    quantiseBlocks(block(8, [127]), 8, target, 1);
    expect([...target.scales]).toEqual([0, 1, 0]);
    expect([-1, 0, 1, size].map((at) => target.quants[size + at])).toEqual([0, 255, 128, 0]);
  });
});
