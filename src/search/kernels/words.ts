/**
 * @file Dot products of rows as finer integers. AssemblyScript; see `quantise.ts`.
 */

import { figure, Tile } from './tile';

/** Coordinates between two widenings to 64 bits: 512 / 8 steps of at most 2 * 4095^2 stay below 2^31. */
const STEP: usize = 512;

/** Dot product of two rows of int16 in [-4095, 4095], exact; `length` is a multiple of 8. */
export function dotWords(a: usize, b: usize, length: i32): f64 {
  let total: i64 = 0;
  const end = (<usize>length) << 1;
  for (let from: usize = 0; from < end; from += STEP * 2) {
    let s0 = i32x4.splat(0);
    let s1 = i32x4.splat(0);
    const to = min<usize>(end, from + STEP * 2);
    let c = from;
    for (; c + 32 <= to; c += 32) {
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.load(a + c), v128.load(b + c)));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v128.load(a + c, 16), v128.load(b + c, 16)));
    }
    for (; c < to; c += 16) s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.load(a + c), v128.load(b + c)));
    const s = i64x2.add(
      i64x2.add(i64x2.extend_low_i32x4_s(s0), i64x2.extend_high_i32x4_s(s0)),
      i64x2.add(i64x2.extend_low_i32x4_s(s1), i64x2.extend_high_i32x4_s(s1)),
    );
    total += i64x2.extract_lane(s, 0) + i64x2.extract_lane(s, 1);
  }
  return <f64>total;
}

/** What the finer integers of a row and a column say of their dot product. */
export function fineProduct(tile: Tile, row: i32, column: i32): f64 {
  const bytes = (<usize>tile.width) << 1;
  const product = dotWords(
    tile.rowWords + <usize>row * bytes,
    tile.columnWords + <usize>column * bytes,
    tile.width,
  );
  return product * (<f64>figure(tile.rowWordScales, row) * <f64>figure(tile.columnWordScales, column));
}
