/**
 * @file The result of a geometry run as tables for files; `docs/schema.md` describes the columns. One run may hold several SAEs: the
 * columns `sae` and `space` tell the rows apart.
 */

import { type ColumnSpec, type Table, tableFrom } from '../formats/table.ts';
import type { SaeGeometry } from '../geometry/measure_sae.ts';
import type { ConceptPairCosine, SpaceMeasures } from '../geometry/measure_space.ts';
import { featureColumns, type OfPair, placeColumns, rankColumns } from '../geometry/pair_columns.ts';
import type { PlacedCosine } from '../geometry/population.ts';
import { antipodalityTables } from './antipodality_tables.ts';
import { articleRows } from './article_rows.ts';
import { extremeColumns } from './extremes_tables.ts';
import { eachSpace, type OfSubject, placeInSpace, saeColumn } from './geometry_rows.ts';
import { type GeometrySubject, namedRows, publishedExtreme, usesCatalogue } from './geometry_subject.ts';
import {
  binColumns,
  binsOf,
  chanceExtremes,
  populationColumns,
  quantileColumns,
} from './population_tables.ts';
import { conceptTestColumns, testsTables } from './tests_tables.ts';

/** Raised when a column changes its meaning or goes; a new column does not raise it. */
export const GEOMETRY_SCHEMA_VERSION = 1;

const explanations: ColumnSpec<OfSubject & OfPair>[] = [
  {
    name: 'explanation_a',
    type: 'string',
    value: ({ subject, featureA }) => subject.notes.explanation(featureA),
  },
  {
    name: 'explanation_b',
    type: 'string',
    value: ({ subject, featureB }) => subject.notes.explanation(featureB),
  },
];

const placement: ColumnSpec<PlacedCosine>[] = [
  { name: 'cos', type: 'float64', value: ({ cos }) => cos },
  ...placeColumns,
];

/** What is known of each feature of an extreme pair by itself. */
function ofEach(
  name: string,
  value: (subject: GeometrySubject, feature: number) => number | undefined,
): ColumnSpec<OfSubject & OfPair>[] {
  return (['a', 'b'] as const).map((side) => ({
    name: `${name}_${side}`,
    type: 'float64',
    value: ({ subject, featureA, featureB }) => value(subject, side === 'a' ? featureA : featureB),
  }));
}

/** Tables without a row are left out. */
export function geometryTables(subjects: readonly GeometrySubject[]): Table[] {
  const tables = [
    ...testsTables(subjects),
    summaryTable(subjects),
    pairsTable(subjects),
    conceptsTable(subjects),
    randomTable(subjects),
    namedPairsTable(subjects),
    extremesTable(subjects),
    ...antipodalityTables(subjects),
    sameFeatureSummaryTable(subjects),
    sameFeatureTable(subjects),
    populationTable(subjects),
    quantilesTable(subjects),
    histogramTable(subjects),
  ];
  return tables.filter(({ rowCount }) => rowCount > 0);
}

function summaryTable(subjects: readonly GeometrySubject[]): Table {
  const rows = eachSpace(subjects).flatMap(({ subject, measures }) =>
    articleRows(measures, subject.published, usesCatalogue(subject)).map((row) => ({
      ...row,
      subject,
      space: measures.space,
    })),
  );
  return tableFrom('summary', rows, [
    ...placeInSpace,
    { name: 'pairs', type: 'string', value: ({ group }) => group },
    { name: 'relation', type: 'string', value: ({ relation }) => relation },
    { name: 'cos', type: 'float64', value: ({ cos }) => cos },
    { name: 'cos_low', type: 'float64', value: ({ interval }) => interval?.low },
    { name: 'cos_high', type: 'float64', value: ({ interval }) => interval?.high },
    { name: 'percentile', type: 'float64', value: ({ percentile }) => percentile },
    { name: 'n', type: 'float64', value: ({ n }) => n },
    ...featureColumns,
    { name: 'concept', type: 'string', value: ({ concept }) => concept },
    { name: 'published_cos', type: 'float64', value: ({ published }) => published?.cos },
    { name: 'difference', type: 'float64', value: ({ cos, published }) => published && cos - published.cos },
    { name: 'published_feature_a', type: 'int32', value: ({ published }) => published?.pair?.[0] },
    { name: 'published_feature_b', type: 'int32', value: ({ published }) => published?.pair?.[1] },
    { name: 'footnotes', type: 'string', value: ({ footnotes }) => footnotes.join(' ') || null },
  ]);
}

function pairsTable(subjects: readonly GeometrySubject[]): Table {
  const rows = eachSpace(subjects).flatMap(({ subject, measures }) => {
    const others = otherSpaceCosines(subject.geometry, measures);
    return measures.pairs.map((pair) => ({
      ...pair,
      subject,
      space: measures.space,
      cosOther: others.get(keyOf(pair)),
    }));
  });
  return tableFrom('pairs', rows, [
    ...placeInSpace,
    { name: 'concept', type: 'string', value: ({ concept }) => concept.concept },
    { name: 'label_a', type: 'string', value: ({ concept }) => concept.a.label },
    { name: 'label_b', type: 'string', value: ({ concept }) => concept.b.label },
    ...featureColumns,
    ...placement,
    ...rankColumns,
    { name: 'cos_centred', type: 'float64', value: ({ centredCos }) => centredCos },
    { name: 'cos_other_space', type: 'float64', value: ({ cosOther }) => cosOther },
    ...explanations,
  ]);
}

function keyOf({ concept, featureA, featureB }: ConceptPairCosine): string {
  return `${concept.concept}\n${featureA}\n${featureB}`;
}

function otherSpaceCosines(geometry: SaeGeometry, measures: SpaceMeasures): Map<string, number> {
  const other = geometry.spaces.find(({ space }) => space !== measures.space);
  return new Map(other?.pairs.map((pair) => [keyOf(pair), pair.cos]));
}

function conceptsTable(subjects: readonly GeometrySubject[]): Table {
  const rows = eachSpace(subjects).flatMap(({ subject, measures }) =>
    measures.concepts.map((summary) => ({
      ...summary,
      subject,
      space: measures.space,
      test: measures.tests?.concepts.find(({ concept }) => concept === summary.concept),
      without: measures.tests?.sensitivity.withoutConcept.find(({ concept }) => concept === summary.concept),
    })),
  );
  return tableFrom('concepts', rows, [
    ...placeInSpace,
    { name: 'concept', type: 'string', value: ({ concept }) => concept.concept },
    { name: 'n', type: 'int32', value: ({ n }) => n },
    { name: 'mean', type: 'float64', value: ({ mean }) => mean.cos },
    { name: 'mean_percentile', type: 'float64', value: ({ mean }) => mean.percentile },
    { name: 'max', type: 'float64', value: ({ max }) => max?.cos },
    { name: 'max_feature_a', type: 'int32', value: ({ max }) => max?.featureA },
    { name: 'max_feature_b', type: 'int32', value: ({ max }) => max?.featureB },
    { name: 'min', type: 'float64', value: ({ min }) => min?.cos },
    { name: 'min_feature_a', type: 'int32', value: ({ min }) => min?.featureA },
    { name: 'min_feature_b', type: 'int32', value: ({ min }) => min?.featureB },
    ...conceptTestColumns,
  ]);
}

function randomTable(subjects: readonly GeometrySubject[]): Table {
  const rows = eachSpace(subjects).flatMap(({ subject, measures }) =>
    measures.random.map((pair) => ({ ...pair, subject, space: measures.space })),
  );
  return tableFrom('random_pairs', rows, [
    ...placeInSpace,
    ...featureColumns,
    ...placement,
    ...rankColumns,
    ...explanations,
  ]);
}

function namedPairsTable(subjects: readonly GeometrySubject[]): Table {
  const rows = eachSpace(subjects).flatMap(({ subject, measures }) =>
    namedRows(subject, measures).map((row) => ({ ...row, subject, space: measures.space })),
  );
  return tableFrom('published_pairs', rows, [
    ...placeInSpace,
    { name: 'relation', type: 'string', value: ({ relation }) => relation },
    ...featureColumns,
    ...placement,
    ...rankColumns,
    { name: 'published_cos', type: 'float64', value: ({ published }) => published },
    { name: 'difference', type: 'float64', value: ({ cos, published }) => cos - published },
  ]);
}

function extremesTable(subjects: readonly GeometrySubject[]): Table {
  const rows = subjects.flatMap((subject) =>
    subject.geometry.extremes.map((pair) => ({
      ...pair,
      subject,
      notesA: subject.notes,
      notesB: subject.notes,
      publishedCos: publishedExtreme(subject.published, pair),
    })),
  );
  return tableFrom('extremes', rows, [
    saeColumn,
    ...extremeColumns,
    ...placeColumns,
    ...rankColumns,
    ...ofEach('antipodality', ({ geometry }, feature) => geometry.antipodality?.features.score[feature]),
    ...ofEach('threshold', ({ geometry }, feature) => geometry.thresholds?.[feature]),
    ...ofEach('tokens', ({ coFiring }, feature) => coFiring?.counts?.tokensOf(feature)),
    {
      name: 'tokens_both',
      type: 'float64',
      value: ({ subject, featureA, featureB }) => subject.coFiring?.counts?.tokensOfBoth(featureA, featureB),
    },
    { name: 'tokens', type: 'float64', value: ({ subject }) => subject.coFiring?.counts?.tokens },
  ]);
}

function sameFeatureSummaryTable(subjects: readonly GeometrySubject[]): Table {
  const rows = subjects.flatMap((subject) => {
    const same = subject.geometry.sameFeature;
    if (!same) return [];
    const published = subject.published?.sameFeature;
    return [
      {
        subject,
        group: 'antonym',
        summary: same.concepts,
        published: usesCatalogue(subject) ? published?.antonym : undefined,
      },
      { subject, group: 'random', summary: same.random, published: published?.random },
      { subject, group: 'dictionary', summary: same.dictionary, published: undefined },
    ];
  });
  return tableFrom('same_feature_summary', rows, [
    saeColumn,
    { name: 'features', type: 'string', value: ({ group }) => group },
    { name: 'n', type: 'int32', value: ({ summary }) => summary.n },
    { name: 'mean', type: 'float64', value: ({ summary }) => summary.mean },
    { name: 'highest', type: 'float64', value: ({ summary }) => summary.highest?.cos },
    { name: 'highest_feature', type: 'int32', value: ({ summary }) => summary.highest?.feature },
    { name: 'lowest', type: 'float64', value: ({ summary }) => summary.lowest?.cos },
    { name: 'lowest_feature', type: 'int32', value: ({ summary }) => summary.lowest?.feature },
    { name: 'published_mean', type: 'float64', value: ({ published }) => published?.average },
    { name: 'published_highest', type: 'float64', value: ({ published }) => published?.highest.cosine },
    { name: 'published_lowest', type: 'float64', value: ({ published }) => published?.lowest.cosine },
  ]);
}

function sameFeatureTable(subjects: readonly GeometrySubject[]): Table {
  const rows = subjects.flatMap((subject) =>
    Array.from(subject.geometry.sameFeature?.cosines ?? [], (cos, feature) => ({ subject, feature, cos })),
  );
  return tableFrom('same_feature', rows, [
    saeColumn,
    { name: 'feature', type: 'int32', value: ({ feature }) => feature },
    { name: 'cos_enc_dec', type: 'float64', value: ({ cos }) => cos },
  ]);
}

function populationTable(subjects: readonly GeometrySubject[]): Table {
  const rows = eachSpace(subjects).flatMap(({ subject, measures }) => {
    const { space, population, top, bottom, meanDirectionLength } = measures;
    if (!population) return [];
    const expected = chanceExtremes(population.pairs, subject.geometry.header.dIn);
    const [max, min] = [top?.[0]?.cos, bottom?.[0]?.cos];
    return [{ subject, space, population, max, min, meanDirectionLength, expected }];
  });
  return tableFrom('population', rows, [
    ...placeInSpace,
    ...populationColumns,
    {
      name: 'mean_direction_length',
      type: 'float64',
      value: ({ meanDirectionLength }) => meanDirectionLength,
    },
    { name: 'expected_max', type: 'float64', value: ({ expected }) => expected?.largest.mean },
    { name: 'expected_max_low', type: 'float64', value: ({ expected }) => expected?.largest.low },
    { name: 'expected_max_high', type: 'float64', value: ({ expected }) => expected?.largest.high },
    { name: 'expected_min', type: 'float64', value: ({ expected }) => expected?.smallest.mean },
    { name: 'expected_min_low', type: 'float64', value: ({ expected }) => expected?.smallest.low },
    { name: 'expected_min_high', type: 'float64', value: ({ expected }) => expected?.smallest.high },
  ]);
}

function quantilesTable(subjects: readonly GeometrySubject[]): Table {
  const rows = eachSpace(subjects).flatMap(({ subject, measures: { space, population } }) =>
    (population?.quantiles ?? []).map((quantile) => ({ subject, space, ...quantile })),
  );
  return tableFrom('quantiles', rows, [...placeInSpace, ...quantileColumns]);
}

function histogramTable(subjects: readonly GeometrySubject[]): Table {
  const rows = eachSpace(subjects).flatMap(({ subject, measures }) => {
    const { space, population } = measures;
    return population ? binsOf(population).map((bin) => ({ subject, space, ...bin })) : [];
  });
  return tableFrom('histogram', rows, [...placeInSpace, ...binColumns]);
}
