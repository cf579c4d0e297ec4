import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../test/support/effort.ts';
import { BLOCK_WEIGHTS, type BlockBits, blockBytes, quantiseBlocks } from './blocks.ts';

interface Quantised {
  readonly isOk: boolean;
  readonly scales: Float32Array;
  readonly quants: number[];
  /** In float64, by the definition. */
  readonly values: number[];
}

function quantise(values: Float32Array, bits: BlockBits): Quantised {
  const count = values.length / BLOCK_WEIGHTS;
  const scales = new Float32Array(count).fill(Number.NaN);
  const bytes = new Uint8Array(count * blockBytes(bits)).fill(0xaa);
  const isOk = quantiseBlocks(values, bits, { quants: bytes, scales }, 0);
  const quants = bits === 8 ? Array.from(bytes) : Array.from(bytes).flatMap((byte) => [byte & 15, byte >> 4]);
  const zero = 2 ** (bits - 1);
  return {
    isOk,
    scales,
    quants,
    values: quants.map((q, i) => (q - zero) * scales[Math.floor(i / BLOCK_WEIGHTS)]!),
  };
}

const block = (first: readonly number[]): Float32Array => {
  const values = new Float32Array(BLOCK_WEIGHTS);
  values.set(first);
  return values;
};

/** Blocks of all magnitudes that a float32 has, subnormal ones and zeros included. */
const anyBlocks = fc
  .array(
    fc.tuple(
      fc.integer({ min: -148, max: 127 }),
      fc.array(fc.float({ min: -1, max: 1, noNaN: true }), {
        minLength: BLOCK_WEIGHTS,
        maxLength: BLOCK_WEIGHTS,
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
      fc.property(anyBlocks, (values) => {
        const { isOk, quants, scales, values: got } = quantise(values, 8);
        expect(isOk).toBe(true);
        for (const [i, value] of values.entries()) {
          const scale = scales[Math.floor(i / BLOCK_WEIGHTS)]!;
          const bound = scale === 0 ? 2 ** -119 : (scale / 2) * (1 + ROUNDING);
          expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(bound);
          expect(quants[i]).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: runs(300) },
    );
  });

  test('4 bits: half a scale, a whole one beyond 7.5 scales; the largest value exactly', () => {
    fc.assert(
      fc.property(anyBlocks, (values) => {
        const { values: got, scales } = quantise(values, 4);
        for (let from = 0; from < values.length; from += BLOCK_WEIGHTS) {
          const scale = scales[from / BLOCK_WEIGHTS]!;
          const part = values.subarray(from, from + BLOCK_WEIGHTS);
          const largest = part.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
          for (const [i, value] of part.entries()) {
            const error = Math.abs(got[from + i]! - value);
            if (scale === 0) expect(error).toBeLessThan(2 ** -119);
            else if (value === largest) expect(error).toBe(0);
            else {
              const share = value / scale > 7.5 ? 1 : 0.5;
              expect(error).toBeLessThanOrEqual(share * Math.abs(scale) * (1 + ROUNDING));
            }
          }
        }
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('exact values', () => {
  test.each([8, 4] as const)('what %i bits can hold comes back as it was', (bits) => {
    const half = 2 ** (bits - 1);
    // The value that decides the scale stands first: 127 steps of 8 bits, -8 steps of 4 bits.
    const extreme = bits === 8 ? 127 : -8;
    const [least, most] = bits === 8 ? [-127, 127] : [-8, 7];
    fc.assert(
      fc.property(
        fc.integer({ min: -100, max: 90 }),
        fc.constantFrom(1, -1),
        fc.array(fc.integer({ min: least, max: most }), { minLength: 31, maxLength: 31 }),
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
    const eight = quantise(block([127, -127, 1, -1, 63.5, -63.5, 0.49]), 8);
    expect(eight.scales[0]).toBe(1);
    expect(eight.quants.slice(0, 8)).toEqual([255, 1, 129, 127, 192, 65, 128, 128]);
    const four = quantise(block([-8, 7, 1, -1, 8, 2.5, -2.5]), 4);
    expect(four.scales[0]).toBe(1);
    expect(four.quants.slice(0, 8)).toEqual([0, 15, 9, 7, 15, 11, 6, 8]);
    const turned = quantise(block([4, -2, -4]), 4);
    expect([turned.scales[0], ...turned.quants.slice(0, 4)]).toEqual([-0.5, 0, 12, 15, 8]);
  });

  test('the first value of a half byte is the low one', () => {
    const quants = new Uint8Array(16);
    quantiseBlocks(block([-8, 3]), 4, { quants, scales: new Float32Array(1) }, 0);
    expect(quants[0]).toBe(0xb0);
  });
});

describe('edges', () => {
  test.each([8, 4] as const)(
    'zeros, and what is too small for a scale, are zeros of scale 0 (%i bits)',
    (bits) => {
      for (const value of [0, -0, 2 ** -149, -(2 ** -120)]) {
        const { isOk, quants, scales } = quantise(block([0, value]), bits);
        expect([isOk, scales[0], new Set(quants)]).toEqual([true, 0, new Set([2 ** (bits - 1)])]);
      }
      expect(quantise(block([2 ** -119]), bits).scales[0]).not.toBe(0);
    },
  );

  test.each([8, 4] as const)('the largest floats (%i bits)', (bits) => {
    const most = (2 - 2 ** -23) * 2 ** 127;
    const { isOk, values } = quantise(block([most, -most]), bits);
    expect([isOk, values.every(Number.isFinite)]).toEqual([true, true]);
  });

  test.each([8, 4] as const)('NaN and infinities are seen wherever they stand (%i bits)', (bits) => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (let at = 0; at < 2 * BLOCK_WEIGHTS; at += 7) {
        const values = new Float32Array(2 * BLOCK_WEIGHTS).fill(0.5);
        values[at] = value;
        expect(quantise(values, bits).isOk).toBe(false);
      }
    }
  });

  test('blocks go where they are told', () => {
    const target = { quants: new Uint8Array(3 * BLOCK_WEIGHTS), scales: new Float32Array(3) };
    quantiseBlocks(block([127]), 8, target, 1);
    expect([...target.scales]).toEqual([0, 1, 0]);
    expect([-1, 0, 1, BLOCK_WEIGHTS].map((at) => target.quants[BLOCK_WEIGHTS + at])).toEqual([
      0, 255, 128, 0,
    ]);
  });
});
