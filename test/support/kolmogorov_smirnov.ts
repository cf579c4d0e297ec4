/** @file Whether numbers are uniform on [0, 1]: the one-sample Kolmogorov-Smirnov test with its asymptotic p-value, for p-values of simulated worlds. */

export interface UniformityTest {
  /** Largest distance between the shares of numbers and the uniform distribution. */
  readonly statistic: number;
  /** Of a distance at least as large; for large samples (Kolmogorov 1933), within about 0.01 from 100 numbers on. */
  readonly p: number;
}

export function testUniformity(values: readonly number[]): UniformityTest {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  let statistic = 0;
  sorted.forEach((value, k) => {
    statistic = Math.max(statistic, (k + 1) / n - value, value - k / n);
  });
  return { statistic, p: kolmogorovTail(statistic * Math.sqrt(n)) };
}

function kolmogorovTail(t: number): number {
  // Below, the alternating series has no digits left, and the probability is 1 to them all.
  if (t < 0.18) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k++) sum += (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * t * t);
  return Math.min(1, Math.max(0, 2 * sum));
}
