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
const BINS = 2 * BINS_PER_UNIT + 1;
/** Bins that are counted together as well, so that a limit is found by few looks at memory that others write to. */
const BINS_PER_GROUP = 64;
const GROUPS = Math.ceil(BINS / BINS_PER_GROUP);
/** Counters of a tally: of each bin, then of each group. */
export const TALLY_LENGTH: number = BINS + GROUPS;

export interface EndListOptions {
  readonly k: number;
  readonly end: 'top' | 'bottom';
  /** Known before the search: at least k pairs have sign * cosine at or above it. -Infinity where nothing is known. */
  readonly seed: number;
  /** `TALLY_LENGTH` counters, shared by all workers. */
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

/** No cosine in the bin is below it. */
function edgeOf(bin: number): number {
  return bin / BINS_PER_UNIT - 1 - 1e-12;
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
      for (let group = GROUPS - 1; group >= 0; group--) {
        const first = group * BINS_PER_GROUP;
        const inGroup = Atomics.load(tally, BINS + group);
        if (count + inGroup < k && edgeOf(first) > limit) {
          count += inGroup;
          continue;
        }
        for (let bin = Math.min(BINS, first + BINS_PER_GROUP) - 1; bin >= first; bin--) {
          if (edgeOf(bin) <= limit) return limit;
          count += Atomics.load(tally, bin);
          if (count < k) continue;
          limit = edgeOf(bin);
          return limit;
        }
      }
      return limit;
    },
    raise(value) {
      limit = Math.max(limit, value);
    },
    add(i, j, cos) {
      if (sign * cos < limit) return;
      pairs.push({ i, j, cos });
      const bin = Math.floor((sign * cos + 1) * BINS_PER_UNIT);
      Atomics.add(tally, bin, 1);
      Atomics.add(tally, BINS + Math.floor(bin / BINS_PER_GROUP), 1);
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
