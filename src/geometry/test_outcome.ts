/** @file What one test says, in numbers: the observed mean beside its null distribution, a p-value, and how large the difference is. */

import { type BootstrapInterval, bootstrapRatio, type Cluster } from '../stats/bootstrap.ts';
import type { NullSummary } from '../stats/permutation.ts';
import { mean } from '../stats/summary.ts';
import type { Interval } from '../stats/wilson.ts';
import type { Rng } from '../tensor/rng.ts';

export interface Estimate {
  readonly value: number;
  /** 95 %. */
  readonly interval: Interval;
}

/** NaN throughout (but `observed`) where the test could not be made; a reason stands beside it then. */
export interface TestOutcome {
  /** Mean cosine, float64. */
  readonly observed: number;
  /** Of the draws under the null hypothesis. */
  readonly nullMean: number;
  readonly nullSd: number;
  /** Two-sided, twice the smaller tail with the observed value counted as a draw, at most 1. */
  readonly p: number;
  /** (observed - nullMean) / nullSd: how surprising, which grows with the number of concepts. */
  readonly z: number;
  /** (observed - nullMean) / sd of single pairs: how large, which does not. Negative means opposed. */
  readonly effect: number;
  /** 95 %, of the effect. */
  readonly interval: Interval;
  /** Draws compared with; fewer than asked for where they are all there are. */
  readonly draws: number;
}

export const NO_INTERVAL: Interval = { low: Number.NaN, high: Number.NaN };

/** @param interval 95 %, of the observed mean @param pairSd of the cosines of single pairs of any features */
export function outcomeOf(
  observed: number,
  { mean: nullMean, sd: nullSd, p, draws }: NullSummary,
  { interval, pairSd }: { readonly interval: Interval; readonly pairSd: number },
): TestOutcome {
  const toEffect = (value: number): number => (value - nullMean) / pairSd;
  return {
    observed,
    nullMean,
    nullSd,
    p,
    z: (observed - nullMean) / nullSd,
    effect: toEffect(observed),
    interval: { low: toEffect(interval.low), high: toEffect(interval.high) },
    draws,
  };
}

export function noOutcome(observed: number): TestOutcome {
  const nothing = Number.NaN;
  return {
    observed,
    nullMean: nothing,
    nullSd: nothing,
    p: nothing,
    z: nothing,
    effect: nothing,
    interval: NO_INTERVAL,
    draws: 0,
  };
}

/** Numbers of each concept; empty where it has none. */
export type ByConcept = readonly (readonly number[])[];

/** Every concept weighs the same. */
export function macroClusters(values: ByConcept): Cluster[] {
  return values.filter(({ length }) => length > 0).map((of) => ({ sum: mean(of), weight: 1 }));
}

/** Every pair weighs the same. */
export function pooledClusters(values: ByConcept): Cluster[] {
  return values
    .filter(({ length }) => length > 0)
    .map((of) => ({ sum: mean(of) * of.length, weight: of.length }));
}

/** The bootstrap-t over concepts, cut to what the number can be. */
export function estimateOf(
  clusters: readonly Cluster[],
  options: { readonly draws: number; readonly rng: Rng; readonly range: Interval },
): Estimate {
  const { estimate, low, high }: BootstrapInterval = bootstrapRatio(clusters, options);
  const { range } = options;
  return {
    value: estimate,
    interval: { low: Math.max(range.low, low), high: Math.min(range.high, high) },
  };
}
