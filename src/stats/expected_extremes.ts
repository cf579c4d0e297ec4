/**
 * @file How large the largest of many draws is to be expected: the yardstick beside the most extreme cosine of a dictionary. Draws are taken as independent; the cosines
 * of independent random directions are so two by two, and the largest of all n(n-1)/2 behaves as if they all were (Cai, Fan and Jiang 2013, Journal of Machine
 * Learning Research 14).
 */

import { cosineUpperQuantile } from './beta.ts';
import { normalUpperQuantile } from './normal.ts';

/** A law that is symmetric about its centre. */
export interface SymmetricLaw {
  readonly centre: number;
  /** The value that a draw exceeds with this probability, in [0, 1]; exact also for probabilities far below 1e-16. */
  readonly upper: (tail: number) => number;
}

export function normalLaw(mean: number, sd: number): SymmetricLaw {
  return { centre: mean, upper: (tail) => mean + sd * normalUpperQuantile(tail) };
}

/** The cosine of two independent random directions in d >= 2 dimensions. */
export function randomCosineLaw(d: number): SymmetricLaw {
  return { centre: 0, upper: (tail) => cosineUpperQuantile(tail, d) };
}

export interface ExpectedExtreme {
  readonly mean: number;
  readonly median: number;
  /** 95 % of all times the extreme lies from `low` to `high`. */
  readonly low: number;
  readonly high: number;
}

export interface ExpectedExtremes {
  readonly largest: ExpectedExtreme;
  readonly smallest: ExpectedExtreme;
}

/** @param draws >= 1, e.g. n(n-1)/2 pairs; NaN throughout for fewer */
export function expectedExtremes(draws: number, law: SymmetricLaw): ExpectedExtremes {
  const { centre } = law;
  const largest: ExpectedExtreme = {
    mean: meanOfLargest(draws, law),
    median: quantileOfLargest(0.5, draws, law),
    low: quantileOfLargest(0.025, draws, law),
    high: quantileOfLargest(0.975, draws, law),
  };
  const mirror = (value: number): number => 2 * centre - value;
  return {
    largest,
    smallest: {
      mean: mirror(largest.mean),
      median: mirror(largest.median),
      low: mirror(largest.high),
      high: mirror(largest.low),
    },
  };
}

/** P(largest <= x) = (1 - tail)^draws. */
function quantileOfLargest(share: number, draws: number, { upper }: SymmetricLaw): number {
  return draws >= 1 ? upper(-Math.expm1(Math.log(share) / draws)) : Number.NaN;
}

/** -ln P(largest <= x) is exponentially distributed; its logarithm runs over these steps, beyond which less than 1e-16 is left. */
const FROM = -40;
const TO = 4;
const STEP = 1 / 16;

/** The trapezoidal rule, which is exact to rounding for a smooth function that dies out at both ends. */
function meanOfLargest(draws: number, { centre, upper }: SymmetricLaw): number {
  if (!(draws >= 1)) return Number.NaN;
  let sum = 0;
  for (let s = FROM; s <= TO; s += STEP) {
    const v = Math.exp(s);
    const weight = Math.exp(s - v);
    const value = upper(-Math.expm1(-v / draws));
    if (weight > 0 && Number.isFinite(value)) sum += weight * (value - centre);
  }
  return centre + sum * STEP;
}
