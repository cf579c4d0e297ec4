/**
 * @file Reads a tile of float32 cosines for the question which other row is nearest to each row, and which is most opposed: writes down the pairs that could be, and raises
 * what is known of rows and columns. AssemblyScript; records as in `floats.ts`, with 1 for the nearest and 2 for the most opposed.
 */

import { write } from './floats';

/** What is known may only rise; lows are negated. */
function raise(at: usize, value: f32): void {
  if (value > load<f32>(at)) store<f32>(at, value);
}

/**
 * A pair is written down when its cosine comes within `reach` of the highest, or of the lowest, that its row or its column has had. Other arguments and return value as
 * `scanFloats`.
 */
export function scanFloatRows(
  cosines: usize,
  row: i32,
  m: i32,
  columns: i32,
  isTriangle: i32,
  reach: f32,
  rowHighs: usize,
  rowLows: usize,
  columnHighs: usize,
  columnLows: usize,
  records: usize,
  capacity: i32,
  count: usize,
): i32 {
  let found = load<i32>(count);
  const reaches = f32x4.splat(reach);
  for (; row < m; row++) {
    if (capacity - found < columns) break;
    const start = isTriangle ? min<i32>(columns, row + 1) : 0;
    const line = cosines + <usize>row * <usize>columns * 4;
    const r = (<usize>row) << 2;
    for (let c = start; c < columns; ) {
      const at = (<usize>c) << 2;
      if (c + 4 <= columns) {
        const x = f32x4.add(v128.load(line + at), reaches);
        const y = f32x4.sub(reaches, v128.load(line + at));
        const highs = f32x4.pmin(v128.load32_splat(rowHighs + r), v128.load(columnHighs + at));
        const lows = f32x4.pmin(v128.load32_splat(rowLows + r), v128.load(columnLows + at));
        if (!v128.any_true(v128.or(f32x4.ge(x, highs), f32x4.ge(y, lows)))) {
          c += 4;
          continue;
        }
      }
      const end = min<i32>(c + 4, columns);
      for (; c < end; c++) {
        const q = (<usize>c) << 2;
        const value = load<f32>(line + q);
        const isHigh = value + reach >= min<f32>(load<f32>(rowHighs + r), load<f32>(columnHighs + q));
        const isLow = reach - value >= min<f32>(load<f32>(rowLows + r), load<f32>(columnLows + q));
        if (isHigh) {
          raise(rowHighs + r, value);
          raise(columnHighs + q, value);
        }
        if (isLow) {
          raise(rowLows + r, -value);
          raise(columnLows + q, -value);
        }
        if (isHigh || isLow) found = write(records, found, row, c, value, (isHigh ? 1 : 0) | (isLow ? 2 : 0));
      }
    }
  }
  store<i32>(count, found);
  return row;
}
