/** @file Means and extremes of small samples, float64. Empty samples give NaN, which tables write as "not known". */

/** Arithmetic mean, pairwise-summed so that the result does not drift with the length. */
export function mean(values: ArrayLike<number>): number {
  return values.length === 0 ? Number.NaN : sumRange(values, 0, values.length) / values.length;
}

function sumRange(values: ArrayLike<number>, from: number, to: number): number {
  if (to - from <= 32) {
    let sum = 0;
    for (let i = from; i < to; i++) sum += values[i]!;
    return sum;
  }
  const middle = (from + to) >> 1;
  return sumRange(values, from, middle) + sumRange(values, middle, to);
}

/** The middle value, or the mean of the two in the middle; NaN for none, and where a value is NaN. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  if (Number.isNaN(sorted.at(-1) ?? Number.NaN)) return Number.NaN;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The element with the largest `by`; the first of equals; undefined for none. NaN never wins. */
export function maxBy<T>(items: readonly T[], by: (item: T) => number): T | undefined {
  let best: T | undefined;
  let bestValue = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    const value = by(item);
    if (value > bestValue || (best === undefined && value === bestValue)) {
      best = item;
      bestValue = value;
    }
  }
  return best;
}

/** The element with the smallest `by`; the first of equals; undefined for none. */
export function minBy<T>(items: readonly T[], by: (item: T) => number): T | undefined {
  return maxBy(items, (item) => -by(item));
}
