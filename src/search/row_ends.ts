/**
 * @file Each row's nearest and most opposed other row from float32 cosines, on one worker: pairs that come within twice the error bound of what their row or column has
 * had wait until all tiles are seen, and float64 decides among those that are left.
 */

import type { FloatRecords } from './float_records.ts';
import type { KernelModule } from './kernel_module.ts';
import { type Best, emptyAnswer, enter } from './nearest_best.ts';
import { TILE_COLUMNS, type Tile } from './tiles.ts';

/** Pairs that wait before they are looked through again: 14 MB. */
const MOST_WAITING = 2 ** 20;
/** What rounding the sum of a cosine and the bound to float32 can take away. */
const ROUNDING = 5e-7;
const IS_HIGH = 1;
const IS_LOW = 2;

export interface RowEndsOptions {
  /** Rows of the first matrix, and of the second where there is one. */
  readonly sizes: readonly number[];
  /** A bound on |float32 cosine - float64 cosine|. */
  readonly errorBound: number;
  /** By places among the rows that have a direction. */
  readonly exactCosine: (i: number, j: number) => number;
  /** True once nobody waits for the answer. */
  readonly isOver: () => boolean;
}

/** Highest cosine and highest negated cosine of each row. */
interface Known {
  readonly highs: Float32Array;
  readonly lows: Float32Array;
}

export interface RowEnds {
  scan(tile: Tile, cosines: number, records: FloatRecords): void;
  /** Of each matrix, what this worker saw. */
  finish(): Best[];
}

/** The kernel's view of a tile's rows and columns. */
export interface LimitPlaces {
  readonly at: readonly number[];
}

export function allocateLimits(module: KernelModule): LimitPlaces {
  return { at: Array.from({ length: 4 }, () => module.allocate(4 * TILE_COLUMNS)) };
}

export function createRowEnds(options: RowEndsOptions, module: KernelModule, limits: LimitPlaces): RowEnds {
  const { sizes, errorBound, exactCosine, isOver } = options;
  const reach = 2 * errorBound + ROUNDING;
  const known = sizes.map(
    (size): Known => ({ highs: new Float32Array(size).fill(-2), lows: new Float32Array(size).fill(-2) }),
  );
  const ofRows = known[0]!;
  const ofColumns = known.at(-1)!;
  const answers = sizes.map(emptyAnswer);
  const waiting = createWaiting();

  /** A cosine of exactly 1, or -1, with a smaller index cannot be improved on. */
  const isSettled = (
    { nearest, nearestCos, opposed, opposedCos }: Best,
    row: number,
    other: number,
    why: number,
  ): boolean =>
    ((why & IS_HIGH) === 0 || (nearestCos[row] === 1 && nearest[row]! < other)) &&
    ((why & IS_LOW) === 0 || (opposedCos[row] === -1 && opposed[row]! < other));
  const isOpen = (i: number, j: number, value: number): number =>
    (value + reach >= Math.min(ofRows.highs[i]!, ofColumns.highs[j]!) ? IS_HIGH : 0) |
    (reach - value >= Math.min(ofRows.lows[i]!, ofColumns.lows[j]!) ? IS_LOW : 0);
  const decide = (): void => {
    const [rowsSide, columnsSide] = [answers[0]!, answers.at(-1)!];
    waiting.keep((i, j, value) => {
      const why = isOver() ? 0 : isOpen(i, j, value);
      if (why === 0 || (isSettled(rowsSide, i, j, why) && isSettled(columnsSide, j, i, why))) return false;
      const cos = exactCosine(i, j);
      enter(rowsSide, i, j, cos);
      enter(columnsSide, j, i, cos);
      return false;
    });
  };
  const views = ({ m, n }: Tile): Float32Array[] =>
    limits.at.map((at, index) => new Float32Array(module.buffer, at, index < 2 ? m : n));
  const sources = ({ i0, m, j0, n }: Tile): Float32Array[] => [
    ofRows.highs.subarray(i0, i0 + m),
    ofRows.lows.subarray(i0, i0 + m),
    ofColumns.highs.subarray(j0, j0 + n),
    ofColumns.lows.subarray(j0, j0 + n),
  ];
  return {
    scan(tile, cosines, records) {
      const inside = views(tile);
      const outside = sources(tile);
      inside.forEach((view, index) => {
        view.set(outside[index]!);
      });
      records.drain(
        tile.m,
        (row, capacity) =>
          module.kernels.scanFloatRows(
            cosines,
            row,
            tile.m,
            tile.n,
            tile.isDiagonal ? 1 : 0,
            reach,
            ...limits.at,
            records.at,
            capacity,
            records.count,
          ),
        (row, column, value) => {
          const [i, j] = [tile.i0 + row, tile.j0 + column];
          if (waiting.add(i, j, value)) return;
          waiting.keep((p, q, cos) => isOpen(p, q, cos) !== 0);
          // Ties can keep more than there is room for: then they are decided at once.
          if (waiting.isHalfFull()) decide();
          waiting.add(i, j, value);
        },
      );
      inside.forEach((view, index) => {
        const target = outside[index]!;
        for (let r = 0; r < view.length; r++) if (view[r]! > target[r]!) target[r] = view[r]!;
      });
    },
    finish() {
      decide();
      return answers;
    },
  };
}

interface Waiting {
  /** @returns false where there is no room */
  add(i: number, j: number, value: number): boolean;
  /** Keeps those for which it is true. */
  keep(isKept: (i: number, j: number, value: number) => boolean): void;
  isHalfFull(): boolean;
}

function createWaiting(): Waiting {
  const rows = new Int32Array(MOST_WAITING);
  const columns = new Int32Array(MOST_WAITING);
  const values = new Float32Array(MOST_WAITING);
  let count = 0;
  return {
    add(i, j, value) {
      if (count === MOST_WAITING) return false;
      rows[count] = i;
      columns[count] = j;
      values[count] = value;
      count++;
      return true;
    },
    keep(isKept) {
      let kept = 0;
      for (let at = 0; at < count; at++) {
        if (!isKept(rows[at]!, columns[at]!, values[at]!)) continue;
        rows[kept] = rows[at]!;
        columns[kept] = columns[at]!;
        values[kept] = values[at]!;
        kept++;
      }
      count = kept;
    },
    isHalfFull: () => count > MOST_WAITING / 2,
  };
}
