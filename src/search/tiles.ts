/**
 * @file Cuts the table of all pairs into tiles, and the tiles into pieces of work that share their columns; within one matrix only those on or above the diagonal, with
 * the diagonal in strips, half of which is of use. Tiles depend on the sizes alone, pieces on the number of workers as well.
 */

/** Rows and columns of a tile at most: products stay in the cache of one core, and Ctrl-C waits for 11 ms of 2,304 coordinates. */
export const TILE_ROWS = 256;
export const TILE_COLUMNS = 1024;

export interface Tile {
  /** First row and number of rows, in the first matrix and in the second. */
  readonly i0: number;
  readonly m: number;
  readonly j0: number;
  readonly n: number;
  /** True where i0 = j0 and only pairs above the diagonal count. */
  readonly isDiagonal: boolean;
}

/** Tiles that share their columns are neighbours; strips come last. @param n rows of the first matrix @param m rows of the second, or undefined for pairs i < j within the first */
export function tilesFor(n: number, m: number | undefined): Tile[] {
  const columns = m ?? n;
  const tiles: Tile[] = [];
  for (let j0 = 0; j0 < columns; j0 += TILE_COLUMNS) {
    const until = m === undefined ? j0 : n;
    for (let i0 = 0; i0 < until; i0 += TILE_ROWS) {
      const sizes = { m: Math.min(TILE_ROWS, until - i0), n: Math.min(TILE_COLUMNS, columns - j0) };
      tiles.push({ i0, j0, ...sizes, isDiagonal: false });
    }
  }
  if (m !== undefined) return tiles;
  for (let i0 = 0; i0 < n; i0 += TILE_ROWS) {
    const end = Math.min(n, (Math.floor(i0 / TILE_COLUMNS) + 1) * TILE_COLUMNS);
    const sizes = { m: Math.min(TILE_ROWS, end - i0), n: end - i0 };
    tiles.push({ i0, j0: i0, ...sizes, isDiagonal: true });
  }
  return tiles;
}

/** Tiles from..to - 1 of the list: the same columns, or strips that end with the same one. */
export interface Piece {
  readonly from: number;
  readonly to: number;
}

/** Fewer tiles than this are not cut apart: preparing columns costs about as much as one. */
const SMALLEST_CUT = 16;
/** Pieces per worker at least, where the tiles are enough for that. */
const PIECES_PER_WORKER = 4;

/** Longest first, so that the end of a pass is made of small pieces. */
export function piecesOf(tiles: readonly Tile[], workers: number): Piece[] {
  const most = Math.max(SMALLEST_CUT, Math.ceil(tiles.length / (PIECES_PER_WORKER * workers)));
  const pieces: Piece[] = [];
  for (let from = 0; from < tiles.length; ) {
    let end = from + 1;
    while (end < tiles.length && areAlike(tiles[from]!, tiles[end]!)) end++;
    const parts = Math.ceil((end - from) / most);
    const length = Math.ceil((end - from) / parts);
    for (let at = from; at < end; at += length) pieces.push({ from: at, to: Math.min(end, at + length) });
    from = end;
  }
  return pieces.sort((a, b) => b.to - b.from - (a.to - a.from));
}

function areAlike(first: Tile, tile: Tile): boolean {
  if (first.isDiagonal !== tile.isDiagonal) return false;
  return first.isDiagonal ? first.j0 + first.n === tile.j0 + tile.n : first.j0 === tile.j0;
}

/** How many pairs a search over these sizes visits. */
export function pairCount(n: number, m: number | undefined): number {
  return m === undefined ? (n * Math.max(0, n - 1)) / 2 : n * m;
}
