/** @file The extremes as tables for files; `docs/schema.md` describes the columns. */

import { type ColumnSpec, type Table, tableFrom } from '../formats/table.ts';
import type { ExtremePair } from '../geometry/extremes.ts';
import { extremePairColumns, placeColumns } from '../geometry/pair_columns.ts';
import type { Space } from '../sae/sae.ts';
import { type ExtremesSubject, publishedOf } from './extremes_subject.ts';
import type { FeatureNotes } from './feature_notes.ts';
import { binColumns, binsOf, populationColumns, quantileColumns } from './population_tables.ts';

/** Raised when a column changes its meaning or goes; a new column does not raise it. */
export const EXTREMES_SCHEMA_VERSION = 1;

export interface ExtremeRow extends ExtremePair {
  readonly notesA: FeatureNotes;
  readonly notesB: FeatureNotes;
  readonly publishedCos: number | undefined;
}

/** Behind the names of the dictionaries. */
export const extremeColumns: readonly ColumnSpec<ExtremeRow>[] = [
  ...extremePairColumns,
  { name: 'class', type: 'string', value: ({ pairClass }) => pairClass },
  { name: 'published_cos', type: 'float64', value: ({ publishedCos }) => publishedCos },
  { name: 'density_a', type: 'float64', value: ({ notesA, featureA }) => notesA.density(featureA) },
  { name: 'density_b', type: 'float64', value: ({ notesB, featureB }) => notesB.density(featureB) },
  {
    name: 'max_activation_a',
    type: 'float64',
    value: ({ notesA, featureA }) => notesA.maxActivation(featureA),
  },
  {
    name: 'max_activation_b',
    type: 'float64',
    value: ({ notesB, featureB }) => notesB.maxActivation(featureB),
  },
  { name: 'explanation_a', type: 'string', value: ({ notesA, featureA }) => notesA.explanation(featureA) },
  { name: 'explanation_b', type: 'string', value: ({ notesB, featureB }) => notesB.explanation(featureB) },
];

/** `extremes`, a row per pair, and `searched`, a row per space; with a census `population`, `quantiles` and `histogram`. Within one dictionary `sae_b` is `sae`. */
export function extremesTables(subject: ExtremesSubject): Table[] {
  const { a, b = a, found } = subject;
  const [saeA, saeB] = [a.header.identity.label, b.header.identity.label];
  const rows = found.flatMap(({ extremes }) =>
    extremes.map((pair) => ({
      ...pair,
      notesA: a.notes,
      notesB: b.notes,
      publishedCos: publishedOf(subject, pair),
    })),
  );
  const dictionaries = [
    { name: 'sae', type: 'string', value: () => saeA },
    { name: 'sae_b', type: 'string', value: () => saeB },
  ] as const;
  const populations = found.flatMap(({ space, population, extremes }) => {
    if (!population) return [];
    const first = (end: ExtremePair['end']): number | undefined => {
      const pair = extremes.find((one) => one.end === end);
      return space === 'encoder' ? pair?.cosEncoder : pair?.cosDecoder;
    };
    return [{ space, population, max: first('aligned'), min: first('opposed') }];
  });
  const bins = populations.flatMap(({ space, population }) =>
    binsOf(population).map((bin) => ({ space, ...bin })),
  );
  const quantiles = populations.flatMap(({ space, population }) =>
    population.quantiles.map((quantile) => ({ space, ...quantile })),
  );
  const inSpace = [
    ...dictionaries,
    { name: 'space', type: 'string', value: ({ space }: { space: Space }) => space },
  ] as const;
  return [
    tableFrom('extremes', rows, [...dictionaries, ...extremeColumns, ...placeColumns]),
    tableFrom('searched', found, [
      ...inSpace,
      { name: 'features', type: 'int32', value: (row) => row.a.features },
      { name: 'features_b', type: 'int32', value: (row) => (row.b ?? row.a).features },
      { name: 'pairs', type: 'float64', value: ({ pairs }) => pairs },
      { name: 'without_direction', type: 'int32', value: (row) => row.a.defects.length },
      { name: 'without_direction_b', type: 'int32', value: (row) => (row.b ?? row.a).defects.length },
      { name: 'left_out', type: 'int32', value: (row) => row.a.leftOut },
      { name: 'left_out_b', type: 'int32', value: (row) => (row.b ?? row.a).leftOut },
    ]),
    ...(populations.length > 0
      ? [
          tableFrom('population', populations, [
            ...inSpace,
            ...populationColumns,
            { name: 'sampled_from', type: 'float64', value: ({ population }) => population.sampledFrom },
          ]),
          tableFrom('quantiles', quantiles, [...inSpace, ...quantileColumns]),
          tableFrom('histogram', bins, [...inSpace, ...binColumns]),
        ]
      : []),
  ];
}
