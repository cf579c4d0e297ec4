/** @file What the tables of a geometry run have in common: the columns that say which SAE and space a row is of. */

import type { ColumnSpec } from '../formats/table.ts';
import type { SpaceMeasures } from '../geometry/measure_space.ts';
import type { GeometrySubject } from './geometry_subject.ts';

export interface OfSubject {
  readonly subject: GeometrySubject;
}

export interface InSpace extends OfSubject {
  readonly measures: SpaceMeasures;
}

export const saeColumn: ColumnSpec<OfSubject> = {
  name: 'sae',
  type: 'string',
  value: ({ subject }) => subject.geometry.header.identity.label,
};

export const placeInSpace: readonly ColumnSpec<OfSubject & { readonly space: string }>[] = [
  saeColumn,
  { name: 'space', type: 'string', value: ({ space }) => space },
];

export function eachSpace(subjects: readonly GeometrySubject[]): InSpace[] {
  return subjects.flatMap((subject) => subject.geometry.spaces.map((measures) => ({ subject, measures })));
}
