/** @file What the extremes are, and how antipodal features are, as tables for files; `docs/schema.md` describes the columns. */

import { type Table, tableFrom } from '../formats/table.ts';
import { classifyPair } from '../geometry/pair_class.ts';
import { placeInSpace, saeColumn } from './geometry_rows.ts';
import type { GeometrySubject } from './geometry_subject.ts';

export function antipodalityTables(subjects: readonly GeometrySubject[]): Table[] {
  return [classesTable(subjects), groupsTable(subjects), featuresTable(subjects)];
}

function classesTable(subjects: readonly GeometrySubject[]): Table {
  const rows = subjects.flatMap((subject) => subject.geometry.classes.map((one) => ({ ...one, subject })));
  return tableFrom('extreme_classes', rows, [
    ...placeInSpace,
    { name: 'end', type: 'string', value: ({ end }) => end },
    { name: 'class', type: 'string', value: ({ pairClass }) => pairClass },
    { name: 'pairs', type: 'int32', value: ({ pairs }) => pairs },
    { name: 'of', type: 'int32', value: (row) => row.of },
    { name: 'both_dense', type: 'int32', value: ({ bothDense }) => bothDense },
    { name: 'one_dense', type: 'int32', value: ({ oneDense }) => oneDense },
    { name: 'opposites', type: 'int32', value: ({ opposites }) => opposites },
    { name: 'with_concept_feature', type: 'int32', value: ({ withConceptFeature }) => withConceptFeature },
  ]);
}

function groupsTable(subjects: readonly GeometrySubject[]): Table {
  const rows = subjects.flatMap((subject) =>
    (subject.geometry.antipodality?.groups ?? []).map((group) => ({ ...group, subject })),
  );
  return tableFrom('antipodality_summary', rows, [
    saeColumn,
    { name: 'features', type: 'string', value: ({ group }) => group },
    { name: 'n', type: 'int32', value: ({ n }) => n },
    { name: 'mean', type: 'float64', value: ({ mean }) => mean },
    { name: 'antipodal', type: 'int32', value: ({ antipodal }) => antipodal },
    { name: 'duplicate', type: 'int32', value: ({ duplicate }) => duplicate },
    { name: 'highest_feature', type: 'int32', value: ({ highest }) => highest },
    {
      name: 'highest',
      type: 'float64',
      value: ({ subject, highest }) =>
        highest === undefined ? undefined : subject.geometry.antipodality?.features.score[highest],
    },
  ]);
}

function featuresTable(subjects: readonly GeometrySubject[]): Table {
  const rows = subjects.flatMap((subject) => {
    const found = subject.geometry.antipodality?.features;
    return Array.from(found?.partner ?? [], (partner, feature) => ({
      subject,
      feature,
      partner: partner === -1 ? undefined : partner,
      score: found!.score[feature]!,
      cosEncoder: found!.cosEncoder[feature]!,
      cosDecoder: found!.cosDecoder[feature]!,
    }));
  });
  return tableFrom('antipodality', rows, [
    saeColumn,
    { name: 'feature', type: 'int32', value: ({ feature }) => feature },
    { name: 'score', type: 'float64', value: ({ score }) => score },
    { name: 'partner', type: 'int32', value: ({ partner }) => partner },
    { name: 'cos_enc', type: 'float64', value: ({ cosEncoder }) => cosEncoder },
    { name: 'cos_dec', type: 'float64', value: ({ cosDecoder }) => cosDecoder },
    {
      name: 'class',
      type: 'string',
      value: ({ cosEncoder, cosDecoder }) => classifyPair(cosEncoder, cosDecoder),
    },
    { name: 'density', type: 'float64', value: ({ subject, feature }) => subject.notes.density(feature) },
  ]);
}
