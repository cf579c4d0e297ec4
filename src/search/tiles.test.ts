import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pairCount, piecesOf, TILE_COLUMNS, TILE_ROWS, tilesFor } from './tiles.ts';

const size = fc.oneof(
  fc.integer({ min: 1, max: 3000 }),
  fc.constantFrom(255, 256, 257, 1023, 1024, 1025, 2048, 2305),
);
const sizes = fc.tuple(size, fc.option(size, { nil: undefined }));

it('every pair lies in one tile, and none is larger than the room for it', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), ([n, m], someRow, someColumn) => {
      const tiles = tilesFor(n, m);
      let pairs = 0;
      for (const { m: rows, n: columns, isDiagonal } of tiles) {
        expect(rows).toBeLessThanOrEqual(TILE_ROWS);
        expect(columns).toBeLessThanOrEqual(TILE_COLUMNS);
        pairs += isDiagonal ? rows * columns - (rows * (rows + 1)) / 2 : rows * columns;
      }
      expect(pairs).toBe(pairCount(n, m));
      const i = someRow % n;
      const j = m === undefined ? (i + 1 + (someColumn % Math.max(1, n - 1))) % n : someColumn % m;
      const [row, column] = m === undefined ? [Math.min(i, j), Math.max(i, j)] : [i, j];
      fc.pre(m !== undefined || row < column);
      const holders = tiles.filter(
        ({ i0, m: rows, j0, n: columns, isDiagonal }) =>
          row >= i0 &&
          row < i0 + rows &&
          column >= j0 &&
          column < j0 + columns &&
          (!isDiagonal || column > row),
      );
      expect(holders).toHaveLength(1);
    }),
  );
});

it('pieces hold every tile once, share their columns, begin with the longest, and are enough for the workers', () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 40 }), ([n, m], workers) => {
      const tiles = tilesFor(n, m);
      const pieces = piecesOf(tiles, workers);
      const taken = pieces.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, t) => from + t));
      expect(taken.sort((a, b) => a - b)).toEqual(tiles.map((_, t) => t));
      const lengths = pieces.map(({ from, to }) => to - from);
      expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
      for (const { from, to } of pieces) {
        const [first, last] = [tiles[from]!, tiles[to - 1]!];
        expect(last.isDiagonal).toBe(first.isDiagonal);
        if (first.isDiagonal) expect(last.j0 + last.n).toBe(first.j0 + first.n);
        else expect(last.j0).toBe(first.j0);
      }
    }),
  );
  // 64 tiles of 256 rows for each of 16 blocks of columns.
  expect(piecesOf(tilesFor(16_384, 16_384), 64).length).toBeGreaterThanOrEqual(64);
});
