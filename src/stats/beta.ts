/**
 * @file The incomplete beta function (Numerical Recipes, 6.4), and with it the law of the cosine between two random directions: without any structure,
 * (1 + cos) / 2 in d dimensions is beta-distributed with both parameters (d - 1) / 2. Its standard deviation is 1 / sqrt(d), and its tails are lighter than the
 * normal distribution's: nothing lies beyond 1.
 */

import { logGamma } from './gamma.ts';
import { tailQuantile } from './tail_quantile.ts';

/** ln I_x(a, b) of the regularised incomplete beta function; a, b > 0 and 0 <= x <= 1. -Infinity at 0. */
export function logIncompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return Number.NEGATIVE_INFINITY;
  if (x >= 1) return 0;
  // The fraction converges fast below the mean; above it the other side is computed.
  if (x > (a + 1) / (a + b + 2)) return Math.log1p(-Math.exp(logIncompleteBeta(1 - x, b, a)));
  const front = a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b);
  return front + Math.log(betaFraction(x, a, b)) - Math.log(a);
}

export function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** Steps grow with the square root of the larger parameter. */
const MAX_STEPS = 100_000;
const PRECISION = 1e-15;
const TINY = 1e-300;

/** Lentz's continued fraction. */
function betaFraction(x: number, a: number, b: number): number {
  const away = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m < MAX_STEPS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return h;
}

/** ln P(cos > x) for two independent random directions in d >= 2 dimensions, float64. */
export function logCosineTail(x: number, d: number): number {
  if (x <= -1) return 0;
  if (x >= 1) return Number.NEGATIVE_INFINITY;
  const log = logIncompleteBeta((1 - x) * (1 + x), (d - 1) / 2, 0.5) - Math.LN2;
  return x >= 0 ? log : Math.log1p(-Math.exp(log));
}

/** The cosine that two independent random directions in d >= 2 dimensions exceed with probability `tail`; 1 at 0, -1 at 1. */
export function cosineUpperQuantile(tail: number, d: number): number {
  if (!(tail >= 0 && tail <= 1)) return Number.NaN;
  if (tail > 0.5) return -cosineUpperQuantile(1 - tail, d);
  if (tail === 0.5) return 0;
  if (tail === 0) return 1;
  const norm = logBeta((d - 1) / 2, 0.5);
  return tailQuantile(Math.log(tail), {
    logTail: (x) => logCosineTail(x, d),
    logDensity: (x) => ((d - 3) / 2) * Math.log1p(-x * x) - norm,
    low: 0,
    high: 1,
  });
}
