/** @file Quantiles of samples and of histograms, by linear interpolation (definition 7 of Hyndman and Fan 1996, which numpy and R take by default). */

/**
 * @param sorted ascending, without NaN @param share from 0 (the smallest) to 1 (the largest)
 * @returns NaN for an empty sample
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  // Equal infinities have no difference.
  return low === high ? low : low + (at - below) * (high - low);
}

/** Ascending, NaN left out. */
export function sortedNumbers(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort();
}
