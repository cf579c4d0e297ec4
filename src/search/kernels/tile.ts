/**
 * @file What the scans are told about a tile of products: where its parts lie and how large they are. Written by `../tile_view.ts`, which lists the same fields.
 * AssemblyScript; see `quantise.ts`.
 */

/** Scales, bounds and limits are one float32 per row or column of the tile; pointers are byte offsets. Row r stands for row `first + r`, column c for `left + c`. */
@unmanaged
export class Tile {
  /** int32 `[m, n]`. */
  products: usize;
  rowScales: usize;
  rowBounds: usize;
  columnScales: usize;
  columnBounds: usize;
  /** int16 `[m, width]` and `[n, width]`: finer integers, with figures of their own. */
  rowWords: usize;
  columnWords: usize;
  rowWordScales: usize;
  rowWordBounds: usize;
  columnWordScales: usize;
  columnWordBounds: usize;
  /** What each row and column is known to reach, for the scan that asks for the nearest of each; lows are negated, so that both only rise. */
  rowHighs: usize;
  rowLows: usize;
  columnHighs: usize;
  columnLows: usize;
  /** Room for two float32 per 16 columns. */
  groupLimits: usize;
  /** Room for `capacity` records of 24 bytes: row and column within the tile (u32), the product (i32), ends that it may matter to (1 top, 2 bottom, 3 both), estimate (f64). */
  records: usize;
  width: i32;
  m: i32;
  /** A multiple of 16; columns from `columns` on only fill it up. */
  n: i32;
  columns: i32;
  first: i32;
  left: i32;
  /** 1 where only columns beyond the row count. */
  isTriangle: i32;
  capacity: i32;
  /** Records written. */
  found: i32;
  largestColumnBound: f32;

  /** The first column that counts for a row. */
  start(row: i32): i32 {
    return this.isTriangle ? max<i32>(0, this.first + row + 1 - this.left) : 0;
  }
}

export function figure(figures: usize, at: i32): f32 {
  return load<f32>(figures + ((<usize>at) << 2));
}
