/** @file The false discovery rate of several tests (Benjamini and Hochberg 1995), as adjusted p-values. */

/**
 * For each p-value the smallest false discovery rate at which its test is still rejected: at least p, at most 1, and never smaller than the adjusted value of a
 * smaller p. Order is kept; NaN (no test could be made) stays NaN and does not count as a test.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const adjusted = pValues.map(() => Number.NaN);
  const descending = pValues
    .map((p, index) => ({ p, index }))
    .filter(({ p }) => !Number.isNaN(p))
    .sort((x, y) => y.p - x.p);
  const tests = descending.length;
  let smallest = 1;
  descending.forEach(({ p, index }, place) => {
    smallest = Math.min(smallest, (p * tests) / (tests - place));
    adjusted[index] = smallest;
  });
  return adjusted;
}
