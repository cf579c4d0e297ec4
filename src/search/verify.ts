/**
 * @file The last word on a pair: its float64 cosine from the stored rows, and the list of the k best seen. Every engine decides with these two, so
 * that all give the same bits.
 */

import { dotRange } from '../tensor/matrix.ts';
import type { RowStore } from '../tensor/unit_rows.ts';
import { compareBottom, compareTop, type ScoredPair } from './pairs.ts';
import { type RowValues, rowData, rowStart } from './row_values.ts';

type CosineRows = RowValues & Pick<RowStore, 'norms'>;

/** cos(a_i, b_j) of rows that have a direction, as `cosine` of tensor/matrix.ts gives it, bit for bit. */
export function exactCosine(a: CosineRows, i: number, b: CosineRows, j: number, d: number): number {
  const dot = dotRange(rowData(a, i, d, 0), rowStart(a, i, d), rowData(b, j, d, 1), rowStart(b, j, d), d);
  const value = dot / (a.norms[i]! * b.norms[j]!);
  return value > 1 ? 1 : value < -1 ? -1 : value;
}

/** Bins per unit of cosine in the tally of verified pairs that workers share. */
const BINS_PER_UNIT = 1024;
export const TALLY_BINS: number = 2 * BINS_PER_UNIT + 1;

export interface EndListOptions {
  readonly k: number;
  readonly end: 'top' | 'bottom';
  /** Known before the search: at least k pairs have sign * cosine at or above it. -Infinity where nothing is known. */
  readonly seed: number;
  /** `TALLY_BINS` counters, shared by all workers. */
  readonly tally: Int32Array;
}

/** The k best pairs at one end of those that one worker visits; `sign` is +1 for the top and -1 for the bottom. */
export interface EndList {
  readonly k: number;
  /** A pair with sign * cosine below it is not among the k best of all workers. Never falls. */
  limit(): number;
  /** At least k different pairs are known to have sign * cosine at or above `value`. */
  raise(value: number): void;
  /** Each pair at most once, over all workers. */
  add(i: number, j: number, cos: number): void;
  /** True where the pair cannot enter whatever its cosine: the list is full of cosines of 1 with smaller indices. */
  isClosedTo(i: number, j: number): boolean;
  /** In order. */
  finish(): ScoredPair[];
}

/** Verified pairs kept beyond k before the list is cut: sorting then costs little per pair. */
const SPARE_PAIRS = 1024;

export function createEndList({ k, end, seed, tally }: EndListOptions): EndList {
  const sign = end === 'top' ? 1 : -1;
  const compare = end === 'top' ? compareTop : compareBottom;
  let pairs: ScoredPair[] = [];
  let limit = seed;
  let last: ScoredPair | undefined;

  const cut = (): void => {
    pairs.sort(compare);
    if (pairs.length > k) pairs = pairs.slice(0, k);
    if (pairs.length === k) last = pairs[k - 1]!;
    if (last) limit = Math.max(limit, sign * last.cos);
  };
  return {
    k,
    limit() {
      let count = 0;
      for (let bin = TALLY_BINS - 1; bin >= 0; bin--) {
        const edge = bin / BINS_PER_UNIT - 1 - 1e-12;
        if (edge <= limit) break;
        count += Atomics.load(tally, bin);
        if (count >= k) limit = edge;
      }
      return limit;
    },
    raise(value) {
      limit = Math.max(limit, value);
    },
    add(i, j, cos) {
      if (sign * cos < limit) return;
      pairs.push({ i, j, cos });
      Atomics.add(tally, Math.floor((sign * cos + 1) * BINS_PER_UNIT), 1);
      if (pairs.length >= 4 * k + SPARE_PAIRS) cut();
    },
    isClosedTo: (i, j) =>
      last !== undefined && sign * last.cos === 1 && (i > last.i || (i === last.i && j > last.j)),
    finish() {
      cut();
      return pairs;
    },
  };
}
