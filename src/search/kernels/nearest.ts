/**
 * @file Reads a tile of integer products for the question which other row is nearest to each row, and which is most opposed. Like `scan.ts`, with a threshold per row
 * and column instead of one for all: what a row's largest cosine is known to reach, and its smallest. AssemblyScript; see `quantise.ts`.
 */

import { figure, Tile } from './tile';
import { fineProduct } from './words';

/** Covers the roundings of float32 comparisons of values up to 4. */
const SLACK: f32 = 4e-6;
/** What rounding a known limit to float32 can add: never claimed. */
const ROUNDING: f64 = 2.5e-7;
/** Below what any pair of rows reaches: a row of which nothing is known. */
const UNKNOWN: f32 = -1.5;

/** Limits of one row or column, raised where a pair proves more. */
function raise(at: usize, value: f64): void {
  const lowered = <f32>(value - ROUNDING);
  if (lowered > load<f32>(at)) store<f32>(at, lowered);
}

function record(tile: Tile, row: i32, column: i32, ends: i32, estimate: f64): void {
  const at = tile.records + <usize>tile.found * 24;
  store<i32>(at, row);
  store<i32>(at, column, 4);
  store<i32>(at, ends, 12);
  store<f64>(at, estimate, 16);
  tile.found++;
}

/** Least of 16 float32. */
function leastOf16(at: usize): f32 {
  const a = f32x4.min(v128.load(at), v128.load(at, 16));
  const b = f32x4.min(a, f32x4.min(v128.load(at, 32), v128.load(at, 48)));
  return min<f32>(
    min<f32>(f32x4.extract_lane(b, 0), f32x4.extract_lane(b, 1)),
    min<f32>(f32x4.extract_lane(b, 2), f32x4.extract_lane(b, 3)),
  );
}

/** Per 16 columns what all of them are known to reach. Columns that only fill up the tile know no end. */
function limitGroups(tile: Tile): void {
  for (let c = tile.columns; c < tile.n; c++) {
    store<f32>(tile.columnHighs + ((<usize>c) << 2), f32.MAX_VALUE);
    store<f32>(tile.columnLows + ((<usize>c) << 2), f32.MAX_VALUE);
  }
  for (let c: usize = 0; c < <usize>tile.n; c += 16) {
    const group = tile.groupLimits + (c >> 1);
    store<f32>(group, leastOf16(tile.columnHighs + (c << 2)));
    store<f32>(group, leastOf16(tile.columnLows + (c << 2)), 4);
  }
}

/** Products of four columns by the columns' scales. */
function scaled(products: usize, scales: usize): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(v128.load(products)), v128.load(scales));
}

/**
 * For each row of which nothing is known: the two columns with the largest and the smallest estimate, as records. Looking at them first spares most of the records that
 * a row would leave while its limits rise step by step.
 */
export function peaksOfUnknown(tile: Tile): void {
  const m = tile.m;
  const n = tile.n;
  const columns = tile.columns;
  const columnScales = tile.columnScales;
  tile.found = 0;
  for (let row = 0; row < m; row++) {
    const start = tile.start(row);
    if (start >= columns || figure(tile.rowHighs, row) > UNKNOWN) continue;
    const line = tile.products + <usize>row * <usize>n * 4;
    let most: f32 = -f32.MAX_VALUE;
    let least: f32 = f32.MAX_VALUE;
    let highest = start;
    let lowest = start;
    for (let c = start; c < columns; c++) {
      const at = (<usize>c) << 2;
      const value = <f32>load<i32>(line + at) * load<f32>(columnScales + at);
      if (value > most) {
        most = value;
        highest = c;
      }
      if (value < least) {
        least = value;
        lowest = c;
      }
    }
    const scale = <f64>figure(tile.rowScales, row);
    record(tile, row, highest, 3, <f64>most * scale);
    record(tile, row, lowest, 3, <f64>least * scale);
  }
}

/**
 * Writes down the pairs whose cosine could be the largest or smallest of its row or its column, by estimate and bounds, and raises the limits. Returns the next row, as
 * `scanTile`.
 */
export function scanNearest(tile: Tile, row: i32): i32 {
  const m = tile.m;
  const n = tile.n;
  const columns = tile.columns;
  const columnScales = tile.columnScales;
  limitGroups(tile);
  for (; row < m; row++) {
    const start = tile.start(row);
    if (start >= columns) continue;
    if (tile.capacity - tile.found < n) break;
    const r = (<usize>row) << 2;
    const scale = f32x4.splat(load<f32>(tile.rowScales + r));
    const reach = f32x4.splat(load<f32>(tile.rowBounds + r) + tile.largestColumnBound + SLACK);
    let high = f32x4.splat(load<f32>(tile.rowHighs + r));
    let low = f32x4.splat(load<f32>(tile.rowLows + r));
    const line = tile.products + <usize>row * <usize>n * 4;
    for (let c = start & ~15; c < columns; c += 16) {
      const p = line + ((<usize>c) << 2);
      const s = columnScales + ((<usize>c) << 2);
      const e0 = scaled(p, s);
      const e1 = scaled(p + 16, s + 16);
      const e2 = scaled(p + 32, s + 32);
      const e3 = scaled(p + 48, s + 48);
      const most = f32x4.pmax(f32x4.pmax(e0, e1), f32x4.pmax(e2, e3));
      const least = f32x4.pmin(f32x4.pmin(e0, e1), f32x4.pmin(e2, e3));
      const group = tile.groupLimits + (<usize>c >> 1);
      const up = f32x4.ge(
        f32x4.add(f32x4.mul(most, scale), reach),
        f32x4.pmin(high, v128.load32_splat(group)),
      );
      const down = f32x4.ge(
        f32x4.sub(reach, f32x4.mul(least, scale)),
        f32x4.pmin(low, v128.load32_splat(group, 4)),
      );
      if (!v128.any_true(v128.or(up, down))) continue;
      const before = tile.found;
      for (let q = c; q < c + 16; q += 4) scanFour(tile, row, q, start, scale, reach, high, low);
      if (tile.found === before) continue;
      high = f32x4.splat(load<f32>(tile.rowHighs + r));
      low = f32x4.splat(load<f32>(tile.rowLows + r));
    }
  }
  return row;
}

function scanFour(
  tile: Tile,
  row: i32,
  column: i32,
  start: i32,
  scale: v128,
  reach: v128,
  high: v128,
  low: v128,
): void {
  const at = (<usize>column) << 2;
  const line = tile.products + <usize>row * <usize>tile.n * 4;
  const x = f32x4.mul(scaled(line + at, tile.columnScales + at), scale);
  const up = f32x4.ge(f32x4.add(x, reach), f32x4.min(high, v128.load(tile.columnHighs + at)));
  const down = f32x4.ge(f32x4.sub(reach, x), f32x4.min(low, v128.load(tile.columnLows + at)));
  for (let lanes = i32x4.bitmask(v128.or(up, down)); lanes !== 0; lanes &= lanes - 1) {
    const c = column + ctz(lanes);
    if (c < start || c >= tile.columns) continue;
    const product = load<i32>(line + ((<usize>c) << 2));
    const estimate = <f64>product * <f64>figure(tile.columnScales, c) * <f64>figure(tile.rowScales, row);
    const bound = <f64>figure(tile.rowBounds, row) + <f64>figure(tile.columnBounds, c);
    const ends = endsOfRows(tile, row, c, estimate, bound);
    if (ends !== 0) record(tile, row, c, ends, estimate);
  }
}

/** Which ends of its row or column the pair could be (1 top, 2 bottom), before the limits are raised by it. */
function endsOfRows(tile: Tile, row: i32, column: i32, estimate: f64, bound: f64): i32 {
  const r = (<usize>row) << 2;
  const c = (<usize>column) << 2;
  const isHigh =
    estimate + bound >= <f64>min<f32>(load<f32>(tile.rowHighs + r), load<f32>(tile.columnHighs + c));
  const isLow =
    bound - estimate >= <f64>min<f32>(load<f32>(tile.rowLows + r), load<f32>(tile.columnLows + c));
  if (isHigh) {
    raise(tile.rowHighs + r, estimate - bound);
    raise(tile.columnHighs + c, estimate - bound);
  }
  if (isLow) {
    raise(tile.rowLows + r, -estimate - bound);
    raise(tile.columnLows + c, -estimate - bound);
  }
  return (isHigh ? 1 : 0) | (isLow ? 2 : 0);
}

/** Drops the records that finer integers of whole rows rule out, and raises the limits by the others; returns how many are left. */
export function refineNearest(tile: Tile): i32 {
  const records = tile.records;
  const found = tile.found;
  let kept = 0;
  for (let at = 0; at < found; at++) {
    const source = records + <usize>at * 24;
    const row = load<i32>(source);
    const column = load<i32>(source, 4);
    // Records before this one may have raised the limits since it was written.
    const guess = load<f64>(source, 16);
    const reach = <f64>figure(tile.rowBounds, row) + <f64>figure(tile.columnBounds, column) + <f64>SLACK;
    const high = <f64>min<f32>(figure(tile.rowHighs, row), figure(tile.columnHighs, column));
    const low = <f64>min<f32>(figure(tile.rowLows, row), figure(tile.columnLows, column));
    if (guess + reach < high && reach - guess < low) continue;
    const estimate = fineProduct(tile, row, column);
    const bound = <f64>figure(tile.rowWordBounds, row) + <f64>figure(tile.columnWordBounds, column);
    const ends = endsOfRows(tile, row, column, estimate, bound);
    if (ends === 0) continue;
    const target = records + <usize>kept * 24;
    v128.store(target, v128.load(source));
    store<i32>(target, ends, 12);
    store<f64>(target, estimate, 16);
    kept++;
  }
  return kept;
}
