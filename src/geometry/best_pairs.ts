/** @file The k best of pairs that come one by one, in memory for about 2k. */

import type { ScoredPair } from '../search/pairs.ts';

export interface BestPairs {
  /** @param cos not NaN */
  offer(i: number, j: number, cos: number): void;
  /** The k best of all that were offered, in order. */
  finish(): ScoredPair[];
}

/** So that small k do not sort at every other pair. */
const MIN_CAPACITY = 256;

/** @param compare a total order, the better first */
export function keepBest(k: number, compare: (a: ScoredPair, b: ScoredPair) => number): BestPairs {
  const capacity = Math.max(MIN_CAPACITY, 2 * k);
  let kept: ScoredPair[] = [];
  let worst: ScoredPair | undefined;
  const cut = (): void => {
    kept = kept.sort(compare).slice(0, k);
    worst = kept[k - 1];
  };
  return {
    offer(i, j, cos) {
      const pair = { i, j, cos };
      if (worst && compare(worst, pair) < 0) return;
      kept.push(pair);
      if (kept.length > capacity) cut();
    },
    finish() {
      cut();
      return [...kept];
    },
  };
}
