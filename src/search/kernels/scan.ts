/**
 * @file Reads a tile of integer products and writes down the pairs that can still matter; then looks at those again with finer integers.
 * AssemblyScript; see `quantise.ts`, and `tile.ts` for what a tile is.
 */

import { figure, Tile } from './tile';
import { dotWords, fineProduct } from './words';

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
 * Scans rows `row`.. until all are done or fewer than n records are free; returns the next row. A pair is written down when estimate + bounds >= `over` or
 * estimate - bounds <= `under`.
 */
export function scanTile(tile: Tile, row: i32, over: f64, under: f64): i32 {
  const m = tile.m;
  const n = tile.n;
  const columns = tile.columns;
  const columnScales = tile.columnScales;
  const columnBounds = tile.columnBounds;
  const records = tile.records;
  let found = tile.found;
  for (; row < m; row++) {
    const start = tile.start(row);
    if (start >= columns) continue;
    if (tile.capacity - found < n) break;
    const rowScale = <f64>figure(tile.rowScales, row);
    const rowBound = <f64>figure(tile.rowBounds, row);
    const reach = rowBound + <f64>tile.largestColumnBound;
    const top = f32x4.splat(loweredLimit(over - reach, rowScale));
    const bottom = f32x4.splat(-loweredLimit(-(under + reach), rowScale));
    const line = tile.products + <usize>row * <usize>n * 4;
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
  tile.found = found;
  return row;
}

/**
 * Keeps the records that can still matter after adding finer integers, in place; returns how many. Estimate = the tile's estimate + the product of the fine parts.
 */
export function refine(tile: Tile, over: f64, under: f64): i32 {
  const records = tile.records;
  const found = tile.found;
  let kept = 0;
  for (let r = 0; r < found; r++) {
    const record = records + <usize>r * 24;
    const row = load<i32>(record);
    const column = load<i32>(record, 4);
    const coarse =
      <f64>load<i32>(record, 8) * <f64>figure(tile.rowScales, row) * <f64>figure(tile.columnScales, column);
    const estimate = coarse + fineProduct(tile, row, column);
    const bound = <f64>figure(tile.rowWordBounds, row) + <f64>figure(tile.columnWordBounds, column);
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

/** Dot product of two rows of finer integers, for pairs that belong to no tile. */
export function productOfWords(a: usize, b: usize, length: i32): f64 {
  return dotWords(a, b, length);
}
