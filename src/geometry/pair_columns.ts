/** @file Columns that tables of pairs of features have in common, of stages and of results; `docs/schema.md` describes them. */

import type { ColumnSpec } from '../formats/table.ts';
import type { ExtremePair } from './extremes.ts';
import type { PairRanks } from './measure_space.ts';
import type { PlacedCosine } from './population.ts';

export interface OfPair {
  readonly featureA: number;
  readonly featureB: number;
}

export const featureColumns: readonly ColumnSpec<Partial<OfPair>>[] = [
  { name: 'feature_a', type: 'int32', value: ({ featureA }) => featureA },
  { name: 'feature_b', type: 'int32', value: ({ featureB }) => featureB },
];

/** Where all pairs were counted. */
export const placeColumns: readonly ColumnSpec<Omit<PlacedCosine, 'cos'>>[] = [
  { name: 'percentile', type: 'float64', value: ({ percentile }) => percentile },
  { name: 'pairs_below', type: 'float64', value: ({ pairsBelow }) => pairsBelow },
  { name: 'z', type: 'float64', value: ({ z }) => z },
];

export const rankColumns: readonly ColumnSpec<PairRanks>[] = [
  { name: 'rank_of_b', type: 'int32', value: ({ rankOfB }) => rankOfB },
  { name: 'rank_of_a', type: 'int32', value: ({ rankOfA }) => rankOfA },
];

/** Behind the names of the dictionaries. */
export const extremePairColumns: readonly ColumnSpec<ExtremePair>[] = [
  { name: 'space', type: 'string', value: ({ space }) => space },
  { name: 'end', type: 'string', value: ({ end }) => end },
  { name: 'rank', type: 'int32', value: ({ rank }) => rank },
  ...featureColumns,
  { name: 'cos_enc', type: 'float64', value: ({ cosEncoder }) => cosEncoder },
  { name: 'cos_dec', type: 'float64', value: ({ cosDecoder }) => cosDecoder },
];
