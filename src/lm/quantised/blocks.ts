/**
 * @file Weights in blocks that share one float32 scale, symmetric around zero: what ONNX Runtime's `MatMulNBits` reads without zero points
 * (com.microsoft operators, "MatMulNBits"). A weight is (q - 2^(bits-1)) * scale.
 * - 8 bits, blocks of 64: scale = largest magnitude / 127, as llama.cpp's q8_0, so q is 1 to 255. |w - dequantised| <= scale / 2.
 * - 4 bits, blocks of 128: scale = the value of largest magnitude / -8, its sign included, as llama.cpp's q4_0, or 0.9 of that where it makes the
 *   sum of squared errors smaller; the first value counts where both signs reach it. Even weights in the low half of a byte.
 *   |w - dequantised| <= |scale| / 2, but for values beyond -8.5 or 7.5 scales, which become -8 or 7 of them.
 * Both up to a relative 2^-23 from rounding the scale. Blocks without a weight of at least 2^-119 are stored as zeros with scale 0: their
 * scale would not be a normal float32. Ties go to the larger q.
 */

export type BlockBits = 4 | 8;

/**
 * Decoding is bound by memory traffic. With a float32 scale these are 8.5 and 4.25 bits per weight; llama.cpp's q8_0 and q4_0, blocks of 32 with
 * 16-bit scales, have 8.5 and 4.5.
 */
const BLOCK_WEIGHTS: Record<BlockBits, number> = { 8: 64, 4: 128 };

/** Smaller steps for most weights at the price of cutting the largest ones off: on normally distributed weights 5 % less error. */
const NARROWED = 0.9;

/** Bits of 2^-119 and of infinity as float32. */
const SMALLEST = (127 - 119) << 23;
const INFINITE = 0x7f800000;
const MAGNITUDE = 0x7fffffff;

export interface Blocks {
  /** `blockBytes(bits)` bytes per block. */
  readonly quants: Uint8Array;
  readonly scales: Float32Array;
}

export function blockWeights(bits: BlockBits): number {
  return BLOCK_WEIGHTS[bits];
}

export function blockBytes(bits: BlockBits): number {
  return (BLOCK_WEIGHTS[bits] * bits) / 8;
}

/**
 * Quantises whole blocks; scales are taken in float64 and rounded to float32, quotients are float64.
 * @param values a multiple of `blockWeights(bits)` of them; the missing ones of a last block are zeros
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
  const size = BLOCK_WEIGHTS[8];
  let to = first * size;
  for (let from = 0, block = first; from < values.length; from += size, block++) {
    const at = largestAt(words, from, size);
    const most = words[at]! & MAGNITUDE;
    if (most >= INFINITE) return false;
    const scale = most < SMALLEST ? 0 : Math.fround(Math.abs(values[at]!) / 127);
    const inverse = scale === 0 ? 0 : 1 / scale;
    scales[block] = scale;
    for (let i = from; i < from + size; i++) quants[to++] = (values[i]! * inverse + 128.5) | 0;
  }
  return true;
}

function fourBits(values: Float32Array, { quants, scales }: Blocks, first: number): boolean {
  const words = wordsOf(values);
  const size = BLOCK_WEIGHTS[4];
  let to = first * (size / 2);
  for (let from = 0, block = first; from < values.length; from += size, block++) {
    const at = largestAt(words, from, size);
    const most = words[at]! & MAGNITUDE;
    if (most >= INFINITE) return false;
    const scale = most < SMALLEST ? 0 : fourBitScale(values, from, values[at]! / -8);
    const inverse = scale === 0 ? 0 : 1 / scale;
    scales[block] = scale;
    for (let i = from; i < from + size; i += 2) {
      quants[to++] = fourBitStep(values[i]! * inverse) | (fourBitStep(values[i + 1]! * inverse) << 4);
    }
  }
  return true;
}

/** Of a whole range or a narrowed one: what loses less. */
function fourBitScale(values: Float32Array, from: number, whole: number): number {
  const narrowed = Math.fround(whole * NARROWED);
  return squaredError(values, from, narrowed) < squaredError(values, from, whole) ? narrowed : whole;
}

/** In steps, times the square of a step; in float64. */
function squaredError(values: Float32Array, from: number, scale: number): number {
  const inverse = 1 / scale;
  let sum = 0;
  for (let i = from; i < from + BLOCK_WEIGHTS[4]; i++) {
    const ratio = values[i]! * inverse;
    const error = ratio - (fourBitStep(ratio) - 8);
    sum += error * error;
  }
  return sum * scale * scale;
}

/** @param ratio above -9 */
function fourBitStep(ratio: number): number {
  const step = (ratio + 8.5) | 0;
  return step > 15 ? 15 : step;
}

/** Where the first value of largest magnitude stands: magnitudes of floats are ordered like their bits, infinity and NaN above all numbers. */
function largestAt(words: Int32Array, from: number, size: number): number {
  let most = 0;
  let at = from;
  for (let i = from; i < from + size; i++) {
    const magnitude = words[i]! & MAGNITUDE;
    if (magnitude > most) {
      most = magnitude;
      at = i;
    }
  }
  return at;
}

function wordsOf(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}
