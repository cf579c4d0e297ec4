/** @file Cuts the table of all pairs into square tiles; within one matrix only those on or above the diagonal. */

/** Rows per tile edge: a product of 1024 x 1024 x 2304 runs at full speed and takes about 50 ms, which bounds the wait after Ctrl-C. */
export const TILE_ROWS = 1024;

export interface Tile {
  /** First row of the block in the first and the second matrix. */
  readonly i0: number;
  readonly j0: number;
}

/** @param n rows of the first matrix @param m rows of the second, or undefined for pairs i < j within the first */
export function tilesFor(n: number, m: number | undefined): Tile[] {
  const tiles: Tile[] = [];
  for (let i0 = 0; i0 < n; i0 += TILE_ROWS) {
    for (let j0 = m === undefined ? i0 : 0; j0 < (m ?? n); j0 += TILE_ROWS) tiles.push({ i0, j0 });
  }
  return tiles;
}

/** How many pairs a search over these sizes visits. */
export function pairCount(n: number, m: number | undefined): number {
  return m === undefined ? (n * Math.max(0, n - 1)) / 2 : n * m;
}
