/**
 * @file A search in parts by an engine that knows of none: a matrix whose other rows stand as rows without a direction is a part of it. For devices and for machines without
 * exact integer products; `int8_pass.ts` has parts of its own.
 */

import { throwIfInterrupted } from '../errors.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { type ColumnRange, pairsIn, rangesLeft, shardColumns, WHOLE } from './columns.ts';
import { type FoundPairs, type FoundSoFar, joinFound, NOTHING_FOUND, type PartOptions } from './found.ts';
import { checkPairRequest, type PairRequest } from './pairs.ts';
import { usableRows } from './shared_rows.ts';

export interface ColumnSearchOptions extends PairRequest, PartOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Finds the extremes of a request of its own; calls `onPairs` with the pairs visited so far. */
export type Engine = (request: PairRequest, onPairs: (done: number) => void) => Promise<FoundPairs>;

/** Pieces of a shard: each begins anew, so few; each can be gone on from, so more than one. */
const PIECES = 16;

/** @throws {AntipodeError} as the engine */
export async function searchByColumns(options: ColumnSearchOptions, engine: Engine): Promise<FoundPairs> {
  checkPairRequest(options);
  const { a, b, k, shard = WHOLE, from = NOTHING_FOUND, onFound, onProgress, signal } = options;
  const usable = usableRows((b ?? a).norms);
  const table = { rows: b ? usableRows(a.norms).length : usable.length, others: b && usable.length };
  const range = shardColumns(shard, table);
  const pieces = rangesLeft(range, from.done).flatMap((left) => cutRange(left));
  const total = pieces.reduce((sum, piece) => sum + pairsIn(piece, table), 0);
  let found: FoundSoFar = from;
  let visited = 0;
  for (const piece of pieces) {
    let before = visited;
    const visit = async (request: PairRequest, pairs: number): Promise<FoundPairs> => {
      const ends = await engine(request, (done) => onProgress?.(before + done, total));
      before += pairs;
      return ends;
    };
    const inside = onlyRows(b ?? a, usable.subarray(piece.from, piece.to));
    const size = piece.to - piece.from;
    const ends = b
      ? [await visit({ a, b: inside, k }, size * table.rows)]
      : [
          await visit({ a: onlyRows(a, usable.subarray(0, piece.from)), b: inside, k }, piece.from * size),
          await visit({ a: inside, k }, (size * (size - 1)) / 2),
        ];
    throwIfInterrupted(signal);
    visited = before;
    found = { done: [...found.done, piece], ...joinFound([found, ...ends], k) };
    await onFound?.(found);
  }
  const done = range.from < range.to ? [range] : [];
  await onFound?.({ ...found, done });
  return { top: found.top, bottom: found.bottom };
}

/** The matrix with the directions of these rows alone. */
function onlyRows(matrix: FeatureMatrix, rows: Int32Array): FeatureMatrix {
  const norms = new Float64Array(matrix.rows).fill(Number.NaN);
  for (const row of rows) norms[row] = matrix.norms[row]!;
  return { ...matrix, norms };
}

function cutRange({ from, to }: ColumnRange): ColumnRange[] {
  const size = Math.ceil((to - from) / PIECES);
  return Array.from({ length: Math.ceil((to - from) / size) }, (_, p) => ({
    from: from + p * size,
    to: Math.min(to, from + (p + 1) * size),
  }));
}
