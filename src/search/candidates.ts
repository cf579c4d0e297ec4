/**
 * @file Keeps the pairs that can still be among the k largest, given float32 cosines with a proven error bound.
 *
 * Let |v - c| <= e for a pair's float32 cosine v and its exact cosine c, and let w be the k-th largest v seen so far. The k pairs behind it
 * have c >= w - e, so a pair with v < w - 2e has c < w - e and cannot be among the k largest. Everything else is kept, and at the end
 * (or when too much is kept, as with thousands of exact ties) decided in float64 under the total order (cos, i, j).
 * The smallest end is the same on negated values.
 */

import type { ScoredPair } from './pairs.ts';

export interface CandidateOptions {
  readonly k: number;
  /** +1 for the largest, -1 for the smallest. */
  readonly sign: 1 | -1;
  /** e: a bound on |float32 cosine - float64 cosine|. */
  readonly errorBound: number;
  readonly exactCosine: (i: number, j: number) => number;
  readonly compare: (a: ScoredPair, b: ScoredPair) => number;
}

export interface Candidates {
  /** Values (times sign) at or below this cannot matter; the scan compares against it before calling `add`. */
  bar(): number;
  /** @param value sign * float32 cosine */
  add(value: number, i: number, j: number): void;
  /** The k best, in order. */
  finish(): ScoredPair[];
}

const MIN_CAPACITY = 4096;

export function createCandidates(options: CandidateOptions): Candidates {
  const { k, sign, errorBound, exactCosine, compare } = options;
  const capacity = Math.max(MIN_CAPACITY, 8 * k);
  const values = new Float64Array(capacity);
  const firsts = new Int32Array(capacity);
  const seconds = new Int32Array(capacity);
  let count = 0;
  let bar = k === 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;

  const keepAbove = (limit: number): void => {
    let kept = 0;
    for (let r = 0; r < count; r++) {
      if (values[r]! < limit) continue;
      values[kept] = values[r]!;
      firsts[kept] = firsts[r]!;
      seconds[kept] = seconds[r]!;
      kept++;
    }
    count = kept;
  };
  const verified = (): ScoredPair[] => {
    const pairs: ScoredPair[] = [];
    for (let r = 0; r < count; r++) {
      const i = firsts[r]!;
      const j = seconds[r]!;
      pairs.push({ i, j, cos: exactCosine(i, j) });
    }
    return pairs.sort(compare).slice(0, k);
  };
  const prune = (): void => {
    const sorted = values.slice(0, count).sort();
    const kth = sorted[count - k]!;
    keepAbove(kth - 2 * errorBound);
    bar = Math.max(bar, kth - 2 * errorBound);
    if (count <= capacity / 2) return;
    const best = verified();
    best.forEach((pair, r) => {
      values[r] = sign * pair.cos;
      firsts[r] = pair.i;
      seconds[r] = pair.j;
    });
    count = best.length;
    bar = Math.max(bar, values[count - 1]! - errorBound);
  };

  return {
    bar: () => bar,
    add(value, i, j) {
      if (count === capacity) prune();
      // The prune may have raised the bar over this very value.
      if (value < bar) return;
      values[count] = value;
      firsts[count] = i;
      seconds[count] = j;
      count++;
    },
    finish: verified,
  };
}
