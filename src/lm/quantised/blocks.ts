/**
 * @file Weights in blocks of 64 that share one float32 scale, symmetric around zero: what ONNX Runtime's `MatMulNBits` reads without zero points
 * (com.microsoft operators, "MatMulNBits"; scales are chosen as in llama.cpp's q8_0 and q4_0). A weight is (q - 2^(bits-1)) * scale.
 * - 8 bits: scale = largest magnitude / 127, so q is 1 to 255. |w - dequantised| <= scale / 2.
 * - 4 bits: scale = the value of largest magnitude / -8, its sign included, so that this value becomes q = 0, which uses all 16 steps; the first
 *   one counts where both signs reach it. Even weights in the low half of a byte. |w - dequantised| <= |scale| / 2, but up to |scale| at the
 *   other end of the range, where q stops at 15.
 * Both up to a relative 2^-23 from rounding the scale. Blocks without a weight of at least 2^-119 are stored as zeros with scale 0: their
 * scale would not be a normal float32. Ties go to the larger q.
 */

export type BlockBits = 4 | 8;

/** With a float32 scale that is 8.5 or 4.5 bits per weight, as of llama.cpp's blocks of 32 with 16-bit scales; blocks of 32 took a fifth more time. */
export const BLOCK_WEIGHTS = 64;

/** Bits of 2^-119 and of infinity as float32. */
const SMALLEST = (127 - 119) << 23;
const INFINITE = 0x7f800000;

export interface Blocks {
  /** `blockBytes(bits)` bytes per block. */
  readonly quants: Uint8Array;
  readonly scales: Float32Array;
}

export function blockBytes(bits: BlockBits): number {
  return (BLOCK_WEIGHTS * bits) / 8;
}

/**
 * Quantises whole blocks; scales are taken in float64 and rounded to float32, quotients are float64.
 * @param values a multiple of 64 of them; the missing ones of a last block are zeros
 * @param first where the first block goes in `target`
 * @returns false where a value is NaN or infinite; `target` is then of no use
 */
export function quantiseBlocks(
  values: Float32Array,
  bits: BlockBits,
  target: Blocks,
  first: number,
): boolean {
  return bits === 8 ? eightBits(values, target, first) : fourBits(values, target, first);
}

function eightBits(values: Float32Array, { quants, scales }: Blocks, first: number): boolean {
  const words = wordsOf(values);
  let to = first * BLOCK_WEIGHTS;
  for (let from = 0, block = first; from < values.length; from += BLOCK_WEIGHTS, block++) {
    let most = 0;
    let at = from;
    // Magnitudes of floats are ordered like their bits, and above all numbers stand infinity and NaN.
    for (let i = from; i < from + BLOCK_WEIGHTS; i++) {
      const magnitude = words[i]! & 0x7fffffff;
      if (magnitude > most) {
        most = magnitude;
        at = i;
      }
    }
    if (most >= INFINITE) return false;
    const scale = most < SMALLEST ? 0 : Math.fround(Math.abs(values[at]!) / 127);
    const inverse = scale === 0 ? 0 : 1 / scale;
    scales[block] = scale;
    for (let i = from; i < from + BLOCK_WEIGHTS; i++) quants[to++] = (values[i]! * inverse + 128.5) | 0;
  }
  return true;
}

function fourBits(values: Float32Array, { quants, scales }: Blocks, first: number): boolean {
  const words = wordsOf(values);
  let to = first * (BLOCK_WEIGHTS / 2);
  for (let from = 0, block = first; from < values.length; from += BLOCK_WEIGHTS, block++) {
    let most = 0;
    let at = from;
    for (let i = from; i < from + BLOCK_WEIGHTS; i++) {
      const magnitude = words[i]! & 0x7fffffff;
      if (magnitude > most) {
        most = magnitude;
        at = i;
      }
    }
    if (most >= INFINITE) return false;
    const scale = most < SMALLEST ? 0 : values[at]! / -8;
    const inverse = scale === 0 ? 0 : 1 / scale;
    scales[block] = scale;
    for (let i = from; i < from + BLOCK_WEIGHTS; i += 2) {
      const low = (values[i]! * inverse + 8.5) | 0;
      const high = (values[i + 1]! * inverse + 8.5) | 0;
      quants[to++] = (low > 15 ? 15 : low) | ((high > 15 ? 15 : high) << 4);
    }
  }
  return true;
}

function wordsOf(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}
