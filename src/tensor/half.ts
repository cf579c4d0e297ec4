/** @file Numbers as IEEE 754 binary16, for files that store weights in half the space. The way back is `widenToFloat32` in `dtype.ts`. */

/** Values from here on round to infinity: halfway between the largest finite one, 65504, and the next. */
export const HALF_LIMIT = 65_520;

/**
 * Rounds to the nearest binary16, ties to even; subnormals are kept, values of at least `HALF_LIMIT` become infinite, NaN stays NaN.
 * @returns the bits, one element each
 */
export function narrowToHalf(values: Float32Array): Uint16Array {
  const bits = new Uint16Array(values.length);
  const word = new Float32Array(1);
  const pattern = new Uint32Array(word.buffer);
  for (let i = 0; i < values.length; i++) {
    word[0] = values[i]!;
    bits[i] = halfOf(pattern[0]!);
  }
  return bits;
}

/** @param float bits of a binary32 */
function halfOf(float: number): number {
  const sign = (float >>> 16) & 0x8000;
  const exponent = (float >>> 23) & 0xff;
  const fraction = float & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  const shifted = exponent - 112;
  if (shifted >= 31) return sign | 0x7c00;
  if (shifted > 0) return sign | rounded((shifted << 23) | fraction, 13);
  // Subnormals of binary16; what is below half of the smallest becomes 0.
  if (shifted < -10) return sign;
  return sign | rounded(fraction | 0x800000, 14 - shifted);
}

/** The number without its lowest bits, to nearest, ties to even. A carry runs into the exponent, as it should. */
function rounded(value: number, bits: number): number {
  const kept = value >>> bits;
  const rest = value & ((1 << bits) - 1);
  const half = 1 << (bits - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}
