/** @file Quantiles of values of which only counts in equal bins are known. */

/**
 * The value below which a share `q` of all lies, by the cumulative count, taken as evenly spread within a bin: off by less than the width of a bin.
 * @param counts of equal bins over [low, high] @param q in [0, 1]; 0 and 1 give the outer edges of the first and the last bin that holds a value
 * @returns NaN where nothing was counted
 */
export function histogramQuantile(
  counts: Float64Array,
  [low, high]: readonly [number, number],
  q: number,
): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return Number.NaN;
  const width = (high - low) / counts.length;
  const wanted = q * total;
  let below = 0;
  let last = 0;
  for (const [bin, count] of counts.entries()) {
    if (count === 0) continue;
    if (below + count >= wanted) return low + (bin + (wanted - below) / count) * width;
    below += count;
    last = bin;
  }
  return low + (last + 1) * width;
}
