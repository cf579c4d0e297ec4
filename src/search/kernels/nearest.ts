/**
 * @file Reads a tile of integer products for the question which other row is nearest to each row, and which is most opposed. Like `scan.ts`, with a threshold per row
 * and column instead of one for all: what a row's largest cosine is known to reach, and its smallest. AssemblyScript; see `quantise.ts`.
 */

import { dotWords } from './scan';

/** Covers the roundings of float32 comparisons of values up to 4. */
const SLACK: f32 = 4e-6;
/** What rounding a known limit to float32 can add: never claimed. */
const ROUNDING: f64 = 2.5e-7;

/** Limits of one row or column, raised where a pair proves more. Lows are negated, so that both only rise. */
function raise(at: usize, value: f64): void {
  const lowered = <f32>(value - ROUNDING);
  if (lowered > load<f32>(at)) store<f32>(at, lowered);
}

/**
 * Writes down the pairs whose cosine could be the largest or smallest of its row or its column, by estimate and bounds, and raises the limits (`highs`, and `lows`
 * of negated cosines). Arguments and return value as `scanTile`.
 */
export function scanNearest(
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
  rowHighs: usize,
  rowLows: usize,
  columnHighs: usize,
  columnLows: usize,
  records: usize,
  capacity: i32,
  count: usize,
): i32 {
  let found = load<i32>(count);
  for (; row < m; row++) {
    const start = isTriangle ? max<i32>(0, first + row + 1 - left) : 0;
    if (start >= columns) continue;
    if (capacity - found < n) break;
    const r = (<usize>row) << 2;
    const rowScale = <f64>load<f32>(rowScales + r);
    const rowBound = <f64>load<f32>(rowBounds + r);
    const scale = f32x4.splat(<f32>rowScale);
    const reach = f32x4.splat(<f32>(rowBound + largestColumnBound) + SLACK);
    let high = f32x4.splat(load<f32>(rowHighs + r));
    let low = f32x4.splat(load<f32>(rowLows + r));
    const line = products + <usize>row * <usize>n * 4;
    for (let c = start & ~7; c < columns; c += 8) {
      const at = (<usize>c) << 2;
      const x0 = f32x4.mul(
        f32x4.mul(f32x4.convert_i32x4_s(v128.load(line + at)), v128.load(columnScales + at)),
        scale,
      );
      const x1 = f32x4.mul(
        f32x4.mul(f32x4.convert_i32x4_s(v128.load(line + at, 16)), v128.load(columnScales + at, 16)),
        scale,
      );
      const up0 = f32x4.ge(f32x4.add(x0, reach), f32x4.min(high, v128.load(columnHighs + at)));
      const up1 = f32x4.ge(f32x4.add(x1, reach), f32x4.min(high, v128.load(columnHighs + at, 16)));
      const down0 = f32x4.ge(f32x4.sub(reach, x0), f32x4.min(low, v128.load(columnLows + at)));
      const down1 = f32x4.ge(f32x4.sub(reach, x1), f32x4.min(low, v128.load(columnLows + at, 16)));
      if (!v128.any_true(v128.or(v128.or(up0, up1), v128.or(down0, down1)))) continue;
      const end = min<i32>(c + 8, columns);
      for (let column = max<i32>(c, start); column < end; column++) {
        const q = (<usize>column) << 2;
        const estimate = <f64>load<i32>(line + q) * <f64>load<f32>(columnScales + q) * rowScale;
        const bound = rowBound + <f64>load<f32>(columnBounds + q);
        const ends = endsOfRows(estimate, bound, rowHighs + r, rowLows + r, columnHighs + q, columnLows + q);
        if (ends === 0) continue;
        const record = records + <usize>found * 24;
        store<i32>(record, row);
        store<i32>(record, column, 4);
        store<i32>(record, ends, 12);
        store<f64>(record, estimate, 16);
        found++;
      }
      high = f32x4.splat(load<f32>(rowHighs + r));
      low = f32x4.splat(load<f32>(rowLows + r));
    }
  }
  store<i32>(count, found);
  return row;
}

/** Which ends of its row or column the pair could be (1 top, 2 bottom), before the limits are raised by it. */
function endsOfRows(
  estimate: f64,
  bound: f64,
  rowHigh: usize,
  rowLow: usize,
  columnHigh: usize,
  columnLow: usize,
): i32 {
  const isHigh = estimate + bound >= <f64>min<f32>(load<f32>(rowHigh), load<f32>(columnHigh));
  const isLow = bound - estimate >= <f64>min<f32>(load<f32>(rowLow), load<f32>(columnLow));
  if (isHigh) {
    raise(rowHigh, estimate - bound);
    raise(columnHigh, estimate - bound);
  }
  if (isLow) {
    raise(rowLow, -estimate - bound);
    raise(columnLow, -estimate - bound);
  }
  return (isHigh ? 1 : 0) | (isLow ? 2 : 0);
}

/** Drops the records that finer integers of whole rows rule out, and raises the limits by the others; returns how many are left. */
export function refineNearest(
  records: usize,
  count: i32,
  length: i32,
  rowWords: usize,
  columnWords: usize,
  rowWordScales: usize,
  columnWordScales: usize,
  rowBounds: usize,
  columnBounds: usize,
  rowHighs: usize,
  rowLows: usize,
  columnHighs: usize,
  columnLows: usize,
  firstBounds: usize,
  firstColumnBounds: usize,
): i32 {
  let kept = 0;
  const bytes = (<usize>length) << 1;
  for (let at = 0; at < count; at++) {
    const record = records + <usize>at * 24;
    const r = (<usize>load<u32>(record)) << 2;
    const c = (<usize>load<u32>(record, 4)) << 2;
    // Records before this one may have raised the limits since it was written.
    const guess = load<f64>(record, 16);
    const reach = <f64>load<f32>(firstBounds + r) + <f64>load<f32>(firstColumnBounds + c);
    const high = <f64>min<f32>(load<f32>(rowHighs + r), load<f32>(columnHighs + c));
    const low = <f64>min<f32>(load<f32>(rowLows + r), load<f32>(columnLows + c));
    if (guess + reach < high && reach - guess < low) continue;
    const scale = <f64>load<f32>(rowWordScales + r) * <f64>load<f32>(columnWordScales + c);
    const product = dotWords(rowWords + (r >> 2) * bytes, columnWords + (c >> 2) * bytes, length);
    const estimate = product * scale;
    const bound = <f64>load<f32>(rowBounds + r) + <f64>load<f32>(columnBounds + c);
    const ends = endsOfRows(estimate, bound, rowHighs + r, rowLows + r, columnHighs + c, columnLows + c);
    if (ends === 0) continue;
    const target = records + <usize>kept * 24;
    v128.store(target, v128.load(record));
    store<i32>(target, ends, 12);
    store<f64>(target, estimate, 16);
    kept++;
  }
  return kept;
}
