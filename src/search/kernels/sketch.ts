/**
 * @file Rows as bits, to guess which pairs are extreme: bit c says whether coordinate c lies above its mean. Rows that agree in a whole group of bits
 * (or disagree in all) are compared by all their bits. AssemblyScript; see `quantise.ts`. A sketch is a multiple of 16 bytes, a group 16 bits.
 */

import { writeUnit } from './quantise';

/** Rows of one bucket that a row looks at, and is compared with: thousands of equal rows must not cost their square. */
const MOST_STEPS: i32 = 256;
const MOST_PARTNERS: i32 = 32;

/** Bits of rows: float32 `[count, d]` to `[count, groups * 2]` bytes. `scratch` holds groups * 16 float32. */
export function sketchRows(
  rows: usize,
  d: i32,
  count: i32,
  inverses: usize,
  order: usize,
  means: usize,
  groups: i32,
  out: usize,
  scratch: usize,
): void {
  const width = groups << 4;
  for (let r = 0; r < count; r++) {
    const row = rows + <usize>r * <usize>d * 4;
    writeUnit(row, order, 0, width, width, load<f64>(inverses + ((<usize>r) << 3)), scratch);
    for (let g: usize = 0; g < <usize>groups; g++) {
      let bits = 0;
      for (let q: usize = 0; q < 4; q++) {
        const at = (g << 6) + (q << 4);
        bits |= i32x4.bitmask(f32x4.gt(v128.load(scratch + at), v128.load(means + at))) << ((<i32>q) << 2);
      }
      store<u16>(out + (<usize>r * <usize>groups + g) * 2, <u16>bits);
    }
  }
}

/** Rows in order of `mask` bits of their group `group`: `starts[key]` is the first place of a key, with one more at the end. */
export function sortByGroup(
  sketches: usize,
  count: i32,
  groups: i32,
  group: i32,
  mask: i32,
  starts: usize,
  sorted: usize,
): void {
  memory.fill(starts, 0, (<usize>(mask + 2)) << 2);
  const stride = (<usize>groups) << 1;
  const words = sketches + ((<usize>group) << 1);
  for (let r: usize = 0; r < <usize>count; r++) {
    const p = starts + ((<usize>load<u16>(words + r * stride) & <usize>mask) << 2);
    store<u32>(p, load<u32>(p) + 1);
  }
  for (let key: usize = 1; key <= <usize>mask + 1; key++) {
    const p = starts + (key << 2);
    store<u32>(p, load<u32>(p) + load<u32>(p - 4));
  }
  // Each key stands at the end of its rows by now and walks back to their start.
  for (let r = count - 1; r >= 0; r--) {
    const key = <usize>load<u16>(words + <usize>r * stride) & <usize>mask;
    const p = starts + (key << 2);
    const at = load<u32>(p) - 1;
    store<u32>(p, at);
    store<i32>(sorted + ((<usize>at) << 2), r);
  }
}

/** Bits in which two sketches differ. */
function distance(a: usize, b: usize, bytes: usize): i32 {
  let sum = i8x16.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    sum = i8x16.add(sum, i8x16.popcnt(v128.xor(v128.load(a + at), v128.load(b + at))));
  }
  const words = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(sum));
  return (
    i32x4.extract_lane(words, 0) +
    i32x4.extract_lane(words, 1) +
    i32x4.extract_lane(words, 2) +
    i32x4.extract_lane(words, 3)
  );
}

/** True where an earlier group puts the two into one bucket already, so that each pair is written down once. */
function metBefore(a: usize, b: usize, group: i32, mask: i32): bool {
  for (let g: usize = 0; g < <usize>group; g++) {
    const differ = (<i32>load<u16>(a + (g << 1)) ^ <i32>load<u16>(b + (g << 1))) & mask;
    if (differ === 0 || differ === mask) return true;
  }
  return false;
}

/**
 * Pairs that fall into one bucket of group `group`, or into opposite ones, and whose sketches differ in at most `cut` bits or agree in at most `cut`.
 * Writes row, partner and distance (12 bytes each); returns how many there are by now. `sorted` and `starts` are those of the partners.
 */
export function matchGroup(
  sketches: usize,
  count: i32,
  partners: usize,
  isTriangle: i32,
  groups: i32,
  group: i32,
  mask: i32,
  starts: usize,
  sorted: usize,
  cut: i32,
  out: usize,
  found: i32,
  capacity: i32,
): i32 {
  const bytes = (<usize>groups) << 1;
  const bits = groups << 4;
  for (let r = 0; r < count; r++) {
    const a = sketches + <usize>r * bytes;
    const key = <i32>load<u16>(a + ((<usize>group) << 1)) & mask;
    for (let side = 0; side < 2; side++) {
      const bucket = starts + ((<usize>(side === 0 ? key : key ^ mask)) << 2);
      let at = <i32>load<u32>(bucket);
      const end = min<i32>(<i32>load<u32>(bucket, 4), at + MOST_STEPS);
      let left = MOST_PARTNERS;
      for (; at < end && left > 0; at++) {
        const partner = load<i32>(sorted + ((<usize>at) << 2));
        if (isTriangle && partner <= r) continue;
        left--;
        const b = partners + <usize>partner * bytes;
        const differ = distance(a, b, bytes);
        if (differ > cut && bits - differ > cut) continue;
        if (metBefore(a, b, group, mask)) continue;
        if (found >= capacity) return found;
        const record = out + <usize>found * 12;
        store<i32>(record, r);
        store<i32>(record, partner, 4);
        store<i32>(record, differ, 8);
        found++;
      }
    }
  }
  return found;
}
