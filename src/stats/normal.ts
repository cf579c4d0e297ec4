/** @file The normal distribution: tails and quantiles, also where they are far smaller than 1e-16. */

import { chiSquaredTail } from './gamma.ts';
import { tailQuantile } from './tail_quantile.ts';

/** P(Z > z) of a standard normal Z; its square is chi-squared with one degree of freedom. Relative error about 1e-13 where the result is above 1e-300. */
export function normalTail(z: number): number {
  return z >= 0 ? chiSquaredTail(z * z, 1) / 2 : 1 - chiSquaredTail(z * z, 1) / 2;
}

/** Beyond this the tail is below the smallest double. */
const LARGEST_Z = 38.4;
const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** The z with P(Z > z) = `tail`: 1.96 for 0.025. Infinite at 0 and 1, NaN outside of [0, 1]. */
export function normalUpperQuantile(tail: number): number {
  if (!(tail >= 0 && tail <= 1)) return Number.NaN;
  if (tail > 0.5) return -normalUpperQuantile(1 - tail);
  if (tail === 0.5) return 0;
  if (tail === 0) return Number.POSITIVE_INFINITY;
  return tailQuantile(Math.log(tail), {
    logTail: (z) => Math.log(normalTail(z)),
    logDensity: (z) => -HALF_LOG_TWO_PI - (z * z) / 2,
    low: 0,
    high: LARGEST_Z,
  });
}
