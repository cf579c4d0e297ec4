/**
 * @file Which integers this machine multiplies exactly. On x86 with AVX2 but without VNNI, products of unsigned by signed bytes go through
 * `vpmaddubsw`, which adds two of them and saturates at 16 bits: 2 * 255 * 127 does not fit. Bytes of 7 bits (q in [-63, 63], stored as 65..191)
 * then do, as 2 * 191 * 63 < 2^15. Nothing is believed about a processor: its answers decide.
 */

import { createRng } from '../tensor/rng.ts';

/** (a - 128) * b for bytes a `[m, k]` and signed bytes b `[k, n]` (given as bytes). */
export type ByteProduct = (
  a: Uint8Array,
  b: Uint8Array,
  sizes: { readonly m: number; readonly k: number; readonly n: number },
) => Promise<Int32Array>;

/** Largest magnitudes to try, best first. */
export const LEVELS: readonly number[] = [127, 63];

/** Sizes that take whole vectors, remainders of every length in k, and several rows at once. */
const SIZES = [
  { m: 13, k: 64, n: 32 },
  { m: 5, k: 16, n: 16 },
  { m: 8, k: 1168, n: 32 },
];

/** The largest of `LEVELS` that `product` is exact for, 0 where it is for none: then floating point has to do. */
export async function exactLevels(product: ByteProduct): Promise<number> {
  for (const levels of LEVELS) if (await isExact(product, levels)) return levels;
  return 0;
}

async function isExact(product: ByteProduct, levels: number): Promise<boolean> {
  const rng = createRng(levels, 'self-test');
  const extreme = (): number => (rng.uniform() < 0.5 ? levels : -levels);
  const any = (): number => rng.integer(2 * levels + 1) - levels;
  const most = (): number => levels;
  const least = (): number => -levels;
  // All at the top drives sums to where they saturate, upwards and downwards; signs at random and small values look at everything else.
  const drawings: [left: () => number, right: () => number][] = [
    [most, most],
    [most, least],
    [extreme, extreme],
    [any, any],
  ];
  for (const sizes of SIZES) {
    for (const [left, right] of drawings) {
      const a = Uint8Array.from({ length: sizes.m * sizes.k }, () => left() + 128);
      const b = Uint8Array.from({ length: sizes.k * sizes.n }, () => right());
      if (!equals(await product(a, b, sizes), a, b, sizes)) return false;
    }
  }
  return true;
}

function equals(
  products: Int32Array,
  a: Uint8Array,
  b: Uint8Array,
  { m, k, n }: { readonly m: number; readonly k: number; readonly n: number },
): boolean {
  const signed = new Int8Array(b.buffer);
  const line = new Int32Array(n);
  for (let i = 0; i < m; i++) {
    line.fill(0);
    for (let c = 0; c < k; c++) {
      const left = a[i * k + c]! - 128;
      for (let j = 0; j < n; j++) line[j]! += left * signed[c * n + j]!;
    }
    for (let j = 0; j < n; j++) if (products[i * n + j] !== line[j]) return false;
  }
  return true;
}
