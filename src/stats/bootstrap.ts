/**
 * @file Confidence intervals of a mean over clusters, or of a ratio of two sums over them: the clusters are resampled whole, so that what lies within one may
 * depend on each other as it likes. The bootstrap-t (Efron 1981; Davison and Hinkley 1997, section 5.2) divides each resample's deviation by its own standard
 * error: with a score of clusters the percentile interval covers less than it says.
 */

import type { Rng } from '../tensor/rng.ts';
import type { Interval } from './wilson.ts';

/** Weights of 1 and the clusters' means give the mean of means; sums and counts give the mean over all members. */
export interface Cluster {
  readonly sum: number;
  /** > 0. */
  readonly weight: number;
}

export interface BootstrapOptions {
  readonly draws: number;
  readonly rng: Rng;
  /** What the interval claims to cover; 0.95 where left out. */
  readonly level?: number;
}

export interface BootstrapInterval extends Interval {
  /** Sum of sums / sum of weights. */
  readonly estimate: number;
  /** By linearisation; NaN for one cluster. */
  readonly standardError: number;
}

/**
 * The interval can be unbounded: few clusters give resamples without any spread, which say nothing about the error. NaN without clusters; one cluster gives
 * (-Infinity, Infinity); clusters that all agree give a point.
 */
export function bootstrapRatio(clusters: readonly Cluster[], options: BootstrapOptions): BootstrapInterval {
  const { draws, rng, level = 0.95 } = options;
  const count = clusters.length;
  const sums = Float64Array.from(clusters, ({ sum }) => sum);
  const weights = Float64Array.from(clusters, ({ weight }) => weight);
  const all = Int32Array.from(clusters, (_, index) => index);
  const { ratio: estimate, error: standardError } = ratioOf(sums, weights, all);
  if (count === 0) return { estimate, standardError, low: Number.NaN, high: Number.NaN };
  if (count === 1) return { estimate, standardError, low: -Infinity, high: Infinity };
  const chosen = new Int32Array(count);
  const deviations = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw++) {
    for (let k = 0; k < count; k++) chosen[k] = rng.integer(count);
    const { ratio, error } = ratioOf(sums, weights, chosen);
    const deviation = ratio - estimate;
    deviations[draw] = deviation === 0 ? 0 : deviation / error;
  }
  deviations.sort();
  // The order statistics themselves: between a number and an infinity nothing can be interpolated.
  const tail = Math.max(1, Math.floor(((draws + 1) * (1 - level)) / 2));
  const [lowest, highest] = [deviations[tail - 1]!, deviations[draws - tail]!];
  return {
    estimate,
    standardError,
    low: standardError === 0 ? estimate : estimate - highest * standardError,
    high: standardError === 0 ? estimate : estimate - lowest * standardError,
  };
}

function ratioOf(
  sums: Float64Array,
  weights: Float64Array,
  chosen: Int32Array,
): { readonly ratio: number; readonly error: number } {
  let sum = 0;
  let weight = 0;
  for (const index of chosen) {
    sum += sums[index]!;
    weight += weights[index]!;
  }
  const ratio = sum / weight;
  let squares = 0;
  for (const index of chosen) squares += (sums[index]! - ratio * weights[index]!) ** 2;
  const n = chosen.length;
  // What rounding leaves of clusters that agree is not a spread.
  const spread = squares <= (1e-14 * weight) ** 2 ? 0 : squares;
  return { ratio, error: n > 1 ? Math.sqrt((n / (n - 1)) * spread) / weight : Number.NaN };
}
