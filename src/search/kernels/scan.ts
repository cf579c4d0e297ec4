/**
 * @file Reads a tile of integer products and writes down the pairs that can still matter; then looks at those again with finer integers.
 * AssemblyScript; see `quantise.ts`. A record is 24 bytes: row and column within the tile (u32), the product (i32), which
 * ends it may matter to (1 top, 2 bottom, 3 both), and the estimate of the cosine (f64).
 */

/** Relative slack of the float32 comparison of 16 products at a time; it carries four roundings of 6e-8. */
const SLACK: f64 = 1e-6;

/** The float32 that estimate/rowScale has to reach, a little lowered: never above the true limit. A row of zeros passes all or nothing. */
function loweredLimit(limit: f64, scale: f64): f32 {
  if (scale === 0) return limit > 0 ? f32.MAX_VALUE : -f32.MAX_VALUE;
  const x = limit / scale;
  return <f32>max<f64>(-3e38, min<f64>(3e38, x - Math.abs(x) * SLACK));
}

function endsOf(estimate: f64, bound: f64, over: f64, under: f64): i32 {
  return (estimate + bound >= over ? 1 : 0) | (estimate - bound <= under ? 2 : 0);
}

/**
 * Scans rows `row`.. of products `[m, n]` until all are done or fewer than n records are free; returns the next row. Row r of the tile stands for row
 * `first + r`, column c for `left + c`; where `isTriangle` is set only columns beyond the row count. A pair is written down when
 * estimate + bounds >= `over` or estimate - bounds <= `under`. The number of records is kept at `count`.
 */
export function scanTile(
  products: usize,
  row: i32,
  m: i32,
  n: i32,
  columns: i32,
  first: i32,
  left: i32,
  isTriangle: i32,
  rowScales: usize,
  rowBounds: usize,
  columnScales: usize,
  columnBounds: usize,
  largestColumnBound: f64,
  over: f64,
  under: f64,
  records: usize,
  capacity: i32,
  count: usize,
): i32 {
  let found = load<i32>(count);
  for (; row < m; row++) {
    const start = isTriangle ? max<i32>(0, first + row + 1 - left) : 0;
    if (start >= columns) continue;
    if (capacity - found < n) break;
    const rowScale = <f64>load<f32>(rowScales + ((<usize>row) << 2));
    const rowBound = <f64>load<f32>(rowBounds + ((<usize>row) << 2));
    const reach = rowBound + largestColumnBound;
    const top = f32x4.splat(loweredLimit(over - reach, rowScale));
    const bottom = f32x4.splat(-loweredLimit(-(under + reach), rowScale));
    const line = products + <usize>row * <usize>n * 4;
    for (let c = start & ~15; c < columns; c += 16) {
      const p = line + ((<usize>c) << 2);
      const s = columnScales + ((<usize>c) << 2);
      const e0 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(p)), v128.load(s));
      const e1 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(p, 16)), v128.load(s, 16));
      const e2 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(p, 32)), v128.load(s, 32));
      const e3 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(p, 48)), v128.load(s, 48));
      const most = f32x4.pmax(f32x4.pmax(e0, e1), f32x4.pmax(e2, e3));
      const least = f32x4.pmin(f32x4.pmin(e0, e1), f32x4.pmin(e2, e3));
      if (!v128.any_true(v128.or(f32x4.ge(most, top), f32x4.le(least, bottom)))) continue;
      const end = min<i32>(c + 16, columns);
      for (let column = max<i32>(c, start); column < end; column++) {
        const at = (<usize>column) << 2;
        const product = load<i32>(line + at);
        const estimate = <f64>product * <f64>load<f32>(columnScales + at) * rowScale;
        const bound = rowBound + <f64>load<f32>(columnBounds + at);
        const ends = endsOf(estimate, bound, over, under);
        if (ends === 0) continue;
        const record = records + <usize>found * 24;
        store<i32>(record, row);
        store<i32>(record, column, 4);
        store<i32>(record, product, 8);
        store<i32>(record, ends, 12);
        store<f64>(record, estimate, 16);
        found++;
      }
    }
  }
  store<i32>(count, found);
  return row;
}

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

/**
 * Keeps the records that can still matter after adding finer integers, in place; returns how many. Estimate = `keep` (1 or 0) * the tile's estimate
 * + the product of the fine parts. Scales and bounds are float32 per row and column of the tile.
 */
export function refine(
  records: usize,
  count: i32,
  length: i32,
  keep: f64,
  rowScales: usize,
  columnScales: usize,
  rowWords: usize,
  columnWords: usize,
  rowWordScales: usize,
  columnWordScales: usize,
  rowBounds: usize,
  columnBounds: usize,
  over: f64,
  under: f64,
): i32 {
  let kept = 0;
  const bytes = (<usize>length) << 1;
  for (let r = 0; r < count; r++) {
    const record = records + <usize>r * 24;
    const row = (<usize>load<u32>(record)) << 2;
    const column = (<usize>load<u32>(record, 4)) << 2;
    const fine = dotWords(rowWords + (row >> 2) * bytes, columnWords + (column >> 2) * bytes, length);
    const coarse =
      <f64>load<i32>(record, 8) * <f64>load<f32>(rowScales + row) * <f64>load<f32>(columnScales + column);
    const scale = <f64>load<f32>(rowWordScales + row) * <f64>load<f32>(columnWordScales + column);
    const estimate = keep * coarse + fine * scale;
    const bound = <f64>load<f32>(rowBounds + row) + <f64>load<f32>(columnBounds + column);
    const ends = endsOf(estimate, bound, over, under) & load<i32>(record, 12);
    if (ends === 0) continue;
    const target = records + <usize>kept * 24;
    v128.store(target, v128.load(record));
    store<i32>(target, ends, 12);
    store<f64>(target, estimate, 16);
    kept++;
  }
  return kept;
}
