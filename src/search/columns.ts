/**
 * @file How the table of all pairs is divided: by its columns, which are the rows with a direction of the second matrix, or of the only one. A range of columns stands for
 * all pairs (i, j) with j in it, within one matrix those with i < j. Any division gives the same pairs in the end.
 */

import { AntipodeError } from '../errors.ts';

/** Columns from..to - 1. */
export interface ColumnRange {
  readonly from: number;
  readonly to: number;
}

/** One part of several that together visit every pair once. */
export interface Shard {
  /** From 1 to `count`. */
  readonly index: number;
  readonly count: number;
}

/** How many rows and columns the table of pairs has. */
export interface PairTable {
  readonly rows: number;
  /** Undefined for pairs i < j within the rows. */
  readonly others: number | undefined;
}

/** The whole table. */
export const WHOLE: Shard = { index: 1, count: 1 };

/** @throws {AntipodeError} `usage` */
export function checkShard({ index, count }: Shard): void {
  if (Number.isInteger(index) && Number.isInteger(count) && index >= 1 && index <= count) return;
  throw new AntipodeError('usage', `shard: got ${index} of ${count}, expected two counts such as 1 of 8`);
}

/** The columns of one shard; all shards of a count hold nearly the same number of pairs. Empty where there are more shards than columns. */
export function shardColumns({ index, count }: Shard, table: PairTable): ColumnRange {
  const columns = table.others ?? table.rows;
  const edge = (at: number): number => {
    const share = at / count;
    // Within one matrix, columns to the left of a share s of them hold s^2 of the pairs. Division and root are rounded alike on every machine.
    return Math.round(columns * (table.others === undefined ? Math.sqrt(share) : share));
  };
  return { from: edge(index - 1), to: edge(index) };
}

/** Pairs that a range stands for. */
export function pairsIn({ from, to }: ColumnRange, { rows, others }: PairTable): number {
  if (others !== undefined) return (to - from) * rows;
  return (to * (to - 1) - from * (from - 1)) / 2;
}

/** The same columns as few ranges, ascending; ranges that overlap become one. */
export function joinRanges(ranges: readonly ColumnRange[]): ColumnRange[] {
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of [...ranges].sort((p, q) => p.from - q.from)) {
    const last = joined.at(-1);
    if (from >= to) continue;
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}

/** What of `range` is not in `done`. */
export function rangesLeft(range: ColumnRange, done: readonly ColumnRange[]): ColumnRange[] {
  const left: ColumnRange[] = [];
  let from = range.from;
  for (const one of joinRanges(done)) {
    if (one.from > from) left.push({ from, to: Math.min(one.from, range.to) });
    from = Math.max(from, one.to);
  }
  left.push({ from, to: range.to });
  return left.filter((one) => one.from < one.to);
}

/** Ranges cut into blocks of at most `most` columns, the last first: `[left, columns, left, columns, …]`, shared. */
export function cutBlocks(ranges: readonly ColumnRange[], most: number): Int32Array {
  const blocks: number[] = [];
  for (const { from, to } of [...ranges].sort((p, q) => q.from - p.from)) {
    for (let left = from + Math.floor((to - from - 1) / most) * most; left >= from; left -= most)
      blocks.push(left, Math.min(most, to - left));
  }
  const shared = new Int32Array(new SharedArrayBuffer(4 * blocks.length));
  shared.set(blocks);
  return shared;
}
