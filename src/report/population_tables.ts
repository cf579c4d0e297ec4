/** @file Columns for the population of all pairs of a space, which several kinds of runs count. */

import type { ColumnSpec } from '../formats/table.ts';
import type { Population, PopulationQuantile } from '../geometry/population.ts';
import { type ExpectedExtremes, expectedExtremes, randomCosineLaw } from '../stats/expected_extremes.ts';

export interface PopulationRow {
  readonly population: Population;
  /** The largest and the smallest cosine; undefined where no pair was kept. */
  readonly max: number | undefined;
  readonly min: number | undefined;
}

export const populationColumns: readonly ColumnSpec<PopulationRow>[] = [
  { name: 'pairs', type: 'float64', value: ({ population }) => population.pairs },
  { name: 'mean', type: 'float64', value: ({ population }) => population.mean },
  { name: 'sd', type: 'float64', value: ({ population }) => population.sd },
  { name: 'skewness', type: 'float64', value: ({ population }) => population.skewness },
  { name: 'max', type: 'float64', value: ({ max }) => max },
  { name: 'min', type: 'float64', value: ({ min }) => min },
];

/** What the extremes of as many pairs of random directions would be; undefined where a direction has no room to be random. */
export function chanceExtremes(pairs: number, dIn: number): ExpectedExtremes | undefined {
  return dIn >= 2 && pairs >= 1 ? expectedExtremes(pairs, randomCosineLaw(dIn)) : undefined;
}

export interface HistogramBin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** Empty bins are left out. */
export function binsOf({ histogram }: Population): HistogramBin[] {
  const width = 2 / histogram.length;
  return Array.from(histogram, (count, bin) => ({
    lower: -1 + bin * width,
    upper: -1 + (bin + 1) * width,
    count,
  })).filter(({ count }) => count > 0);
}

export const binColumns: readonly ColumnSpec<HistogramBin>[] = [
  { name: 'lower', type: 'float64', value: ({ lower }) => lower },
  { name: 'upper', type: 'float64', value: ({ upper }) => upper },
  { name: 'count', type: 'float64', value: ({ count }) => count },
];

export const quantileColumns: readonly ColumnSpec<PopulationQuantile>[] = [
  { name: 'q', type: 'float64', value: ({ q }) => q },
  { name: 'cos', type: 'float64', value: ({ cos }) => cos },
];
