/**
 * @file Tests by comparison with arrangements drawn under the null hypothesis, and the arrangements of permutation tests. With the observed value counted as
 * one of the draws the p-value is valid whatever their number (Davison and Hinkley 1997, section 4.2; Phipson and Smyth 2010).
 */

import type { Rng } from '../tensor/rng.ts';
import { createMoments } from './moments.ts';

/** Sums of the same numbers in another order differ by less; numbers here are at most about 1. */
const TIE = 1e-12;

export interface NullSummary {
  readonly draws: number;
  /** Of the draws. */
  readonly mean: number;
  readonly sd: number;
  /** Draws at or below the observed value, and at or above it. */
  readonly below: number;
  readonly above: number;
  /**
   * Two-sided: twice the smaller tail, (1 + count) / (1 + draws), at most 1; where every arrangement was enumerated, count / draws, because the observed one is
   * among them. NaN without draws or without an observed value.
   */
  readonly p: number;
}

export interface NullTally {
  /** NaN (an arrangement in which nothing could be measured) is passed over. */
  add(drawn: number): void;
  summary(): NullSummary;
}

/** @param isEnumerated the draws will be all arrangements, each once, the observed one included */
export function createNullTally(observed: number, isEnumerated = false): NullTally {
  const sums = createMoments();
  let below = 0;
  let above = 0;
  return {
    add(drawn) {
      if (Number.isNaN(drawn)) return;
      sums.add(drawn);
      if (drawn <= observed + TIE) below += 1;
      if (drawn >= observed - TIE) above += 1;
    },
    summary() {
      const { count: draws, mean, sd } = sums.moments();
      const spare = isEnumerated ? 0 : 1;
      const p =
        draws === 0 || Number.isNaN(observed)
          ? Number.NaN
          : Math.min(1, (2 * (spare + Math.min(below, above))) / (spare + draws));
      return { draws, mean, sd, below, above, p };
    },
  };
}

/** Puts the items into a uniformly random order, in place (Fisher and Yates). */
export function shuffle(items: Int32Array, rng: Rng): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = rng.integer(last + 1);
    const item = items[last]!;
    items[last] = items[other]!;
    items[other] = item;
  }
}

/**
 * The numbers 0 to n - 1 in `draws` random orders, or in every order once where there are no more than that (`isEnumerable`). It is the same array each time.
 */
export function* orders(n: number, draws: number, rng: Rng): Generator<Int32Array, void, undefined> {
  const order = Int32Array.from({ length: n }, (_, index) => index);
  if (isEnumerable(n, draws)) {
    yield* everyOrder(order, n);
    return;
  }
  for (let draw = 0; draw < draws; draw++) {
    shuffle(order, rng);
    yield order;
  }
}

/** Whether n things have at most `draws` orders. */
export function isEnumerable(n: number, draws: number): boolean {
  let count = 1;
  for (let k = 2; k <= n && count <= draws; k++) count *= k;
  return count <= draws;
}

/** Heap's algorithm. */
function* everyOrder(order: Int32Array, length: number): Generator<Int32Array, void, undefined> {
  if (length <= 1) {
    yield order;
    return;
  }
  for (let k = 0; k < length; k++) {
    yield* everyOrder(order, length - 1);
    if (k === length - 1) break;
    const other = length % 2 === 0 ? k : 0;
    const item = order[length - 1]!;
    order[length - 1] = order[other]!;
    order[other] = item;
  }
}
