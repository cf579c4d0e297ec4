/** @file The neighbours of features as tables for files; `docs/schema.md` describes the columns. */

import { type Table, tableFrom } from '../formats/table.ts';
import { extremeColumns } from './extremes_tables.ts';
import { labelAt, type NeighborsSubject } from './neighbors_subject.ts';

/** Raised when a column changes its meaning or goes; a new column does not raise it. */
export const NEIGHBORS_SCHEMA_VERSION = 1;

/** The article prints pairs, no neighbourhoods. */
const pairColumns = extremeColumns.filter(({ name }) => name !== 'published_cos');

/** `neighbors`, a row per feature and neighbour, and `searched`, a row per feature, space and dictionary. */
export function neighborsTables(subject: NeighborsSubject): Table[] {
  const { saes, found } = subject;
  const rows = found.flatMap(({ among, neighbors }) =>
    neighbors.map((pair) => ({
      ...pair,
      among,
      notesA: saes[0]!.notes,
      notesB: saes[among]!.notes,
      publishedCos: undefined,
    })),
  );
  return [
    tableFrom('neighbors', rows, [
      { name: 'sae', type: 'string', value: () => labelAt(subject, 0) },
      { name: 'sae_b', type: 'string', value: ({ among }) => labelAt(subject, among) },
      ...pairColumns,
    ]),
    tableFrom('searched', found, [
      { name: 'sae', type: 'string', value: () => labelAt(subject, 0) },
      { name: 'sae_b', type: 'string', value: ({ among }) => labelAt(subject, among) },
      { name: 'space', type: 'string', value: ({ space }) => space },
      { name: 'feature_a', type: 'int32', value: ({ feature }) => feature },
      { name: 'has_direction', type: 'boolean', value: ({ hasDirection }) => hasDirection },
      { name: 'features_b', type: 'int32', value: ({ searched }) => searched.features },
      { name: 'without_direction_b', type: 'int32', value: ({ searched }) => searched.defects.length },
      { name: 'left_out_b', type: 'int32', value: ({ searched }) => searched.leftOut },
    ]),
  ];
}
