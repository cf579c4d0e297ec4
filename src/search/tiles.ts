/** @file Cuts the table of all pairs into tiles; within one matrix only those on or above the diagonal, with the diagonal in strips, half of which is of use. */

/** Rows per tile edge: a product of 1024 x 1024 x 2304 runs at full speed and takes about 50 ms, which bounds the wait after Ctrl-C. */
export const TILE_ROWS = 1024;

/** Rows of a strip along the diagonal. */
const STRIP_ROWS = 256;

export interface Tile {
  /** First row and number of rows, in the first matrix and in the second. */
  readonly i0: number;
  readonly m: number;
  readonly j0: number;
  readonly n: number;
  /** True where i0 = j0 and only pairs above the diagonal count. */
  readonly isDiagonal: boolean;
}

/** Strips come last, so that the end of a pass is made of small pieces. @param n rows of the first matrix @param m rows of the second, or undefined for pairs i < j within the first */
export function tilesFor(n: number, m: number | undefined): Tile[] {
  const columns = m ?? n;
  const tiles: Tile[] = [];
  for (let i0 = 0; i0 < n; i0 += TILE_ROWS) {
    for (let j0 = m === undefined ? i0 + TILE_ROWS : 0; j0 < columns; j0 += TILE_ROWS) {
      const sizes = { m: Math.min(TILE_ROWS, n - i0), n: Math.min(TILE_ROWS, columns - j0) };
      tiles.push({ i0, j0, ...sizes, isDiagonal: false });
    }
  }
  if (m !== undefined) return tiles;
  for (let i0 = 0; i0 < n; i0 += STRIP_ROWS) {
    const end = Math.min(n, (Math.floor(i0 / TILE_ROWS) + 1) * TILE_ROWS);
    const sizes = { m: Math.min(STRIP_ROWS, end - i0), n: end - i0 };
    tiles.push({ i0, j0: i0, ...sizes, isDiagonal: true });
  }
  return tiles;
}

/** How many pairs a search over these sizes visits. */
export function pairCount(n: number, m: number | undefined): number {
  return m === undefined ? (n * Math.max(0, n - 1)) / 2 : n * m;
}
