/** @file All pairs of a space as one distribution, and the place of a cosine in it. */

import type { PairCensus, PairSearchResult } from '../search/pairs.ts';
import { histogramQuantile } from '../stats/histogram_quantiles.ts';

/** Shares of all pairs whose cosines are reported. */
export const QUANTILES = [0.0001, 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 0.9999] as const;

export interface PopulationQuantile {
  /** Share of all pairs below it, one of `QUANTILES`. */
  readonly q: number;
  /** Off by less than 2^-15, the width of a bin of the count. */
  readonly cos: number;
}

export interface Population {
  readonly pairs: number;
  readonly mean: number;
  readonly sd: number;
  /** How many pairs there are, where only those of features drawn at random were counted. */
  readonly sampledFrom?: number;
  /** Third standardised moment; NaN where the cosines do not differ. */
  readonly skewness: number;
  /** Ascending; empty without pairs. */
  readonly quantiles: readonly PopulationQuantile[];
  /** Counts over [-1, 1] in equal bins. */
  readonly histogram: Float64Array;
}

export function populationOf({
  pairs,
  mean,
  sd,
  skewness,
  histogram,
  fineHistogram,
}: PairCensus): Population {
  const quantiles = QUANTILES.map((q) => ({ q, cos: histogramQuantile(fineHistogram, [-1, 1], q) }));
  return { pairs, mean, sd, skewness, quantiles: pairs === 0 ? [] : quantiles, histogram };
}

/** A cosine and its place among all pairs of the space; the place is absent where the population was not searched. */
export interface PlacedCosine {
  readonly cos: number;
  /** Pairs of the whole dictionary with a strictly smaller cosine, counted. */
  readonly pairsBelow?: number;
  /** 100 * pairsBelow / all pairs. */
  readonly percentile?: number;
  /** (cos - population mean) / population sd; absent where all cosines are equal. */
  readonly z?: number;
}

/** @param pairsBelow of all pairs of the population; undefined where it was not counted */
export function placeCosine(
  cos: number,
  pairsBelow: number | undefined,
  { pairs, mean, sd }: Pick<Population, 'pairs' | 'mean' | 'sd'>,
): PlacedCosine {
  if (pairsBelow === undefined || pairs === 0) return { cos };
  const percentile = (100 * pairsBelow) / pairs;
  return sd > 0 ? { cos, pairsBelow, percentile, z: (cos - mean) / sd } : { cos, pairsBelow, percentile };
}

/**
 * How many pairs lie strictly below each cosine of the exact lists of both ends: counted from the ends alone, since no pair beyond a list is more extreme
 * than its last.
 * @param total all pairs
 * @returns by cosine; cosines that tie with the last of the aligned end are left out where there are more pairs than the list has: how many
 * others tie with them is not in the list
 */
export function countedBelow(
  { top, bottom }: Pick<PairSearchResult, 'top' | 'bottom'>,
  total: number,
): Map<number, number> {
  const below = new Map<number, number>();
  const last = top.at(-1)?.cos;
  top.forEach(({ cos }, index) => {
    const isComplete = cos !== last || top.length === total;
    // The last of equals comes last: it overwrites.
    if (isComplete) below.set(cos, total - 1 - index);
  });
  let smaller = 0;
  bottom.forEach(({ cos }, index) => {
    if (index > 0 && cos !== bottom[index - 1]!.cos) smaller = index;
    below.set(cos, smaller);
  });
  return below;
}
