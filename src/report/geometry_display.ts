/** @file The result of a geometry run as display tables, in the article's form and order. */

import { countConcepts, crossPairs, overlaps } from '../concepts/concept_set.ts';
import type { SpaceMeasures } from '../geometry/measure_space.ts';
import { isotropicStandardError } from '../geometry/random_pairs.ts';
import { type ArticleRow, articleRows, type RowGroup } from './article_rows.ts';
import { extremesTable, sameFeatureTable } from './control_display.ts';
import {
  about,
  type DisplayTable,
  formatCosine,
  formatCount,
  formatDifference,
  formatPercentile,
  left,
  plural,
  right,
} from './display.ts';
import { type GeometrySubject, labelOf, namedRows, SPACE_NAMES, usesCatalogue } from './geometry_subject.ts';
import { saeTable } from './sae_display.ts';
import { antipodalityTable, classesTable, testsTable, verdictTable } from './verdict_display.ts';

/** The article's tables use one name for the extremes of several groups. */
const OF_GROUP: Record<RowGroup, string> = { antonym: ', antonyms', random: ', random', population: ', all' };

export interface GeometryDisplayOptions {
  /** Extreme pairs shown at each end; the files hold all that were asked for. */
  readonly shownExtremes: number;
  readonly seed: number;
  /** Share of tokens above which a feature counts as dense. */
  readonly denseAbove: number;
}

export function geometryDisplay(
  subjects: readonly GeometrySubject[],
  options: GeometryDisplayOptions,
): DisplayTable[] {
  return subjects.flatMap((subject) => {
    const { antipodality, classes, sameFeature, spaces } = subject.geometry;
    const searched = spaces.filter(
      ({ top, bottom }) => top !== undefined && top.length + (bottom?.length ?? 0) > 0,
    );
    return [
      ...about('subject', [subjectTable(subject)]),
      ...about('verdict', [verdictTable(subject) ?? []].flat()),
      ...about(
        'pairs',
        spaces
          .map((measures) => articleTable(subject, measures, options.seed))
          .filter(({ rows }) => rows.length > 0),
      ),
      ...about(
        'tests',
        spaces.filter(({ tests }) => tests !== undefined).map((measures) => testsTable(subject, measures)),
      ),
      ...about(
        'published',
        spaces.filter(({ named }) => named.length > 0).map((measures) => namedTable(subject, measures)),
      ),
      ...about('self', sameFeature ? [sameFeatureTable(subject)] : []),
      ...about('extremes', [
        ...searched.map(({ space }) => extremesTable(subject, space, options.shownExtremes)),
        ...(classes.length > 0 ? [classesTable(subject, options.denseAbove)] : []),
      ]),
      ...about('antipodality', antipodality ? [antipodalityTable(subject)] : []),
    ];
  });
}

function subjectTable(subject: GeometrySubject): DisplayTable {
  const { header, concepts, defects, warnings } = subject.geometry;
  const counts = countConcepts(concepts);
  const shared = overlaps(concepts);
  const skipped = concepts.concepts.filter((concept) => crossPairs(concept).skipped.length > 0);
  const notes = [
    ...warnings,
    ...shared.map(
      ({ feature, places }) =>
        `Feature ${feature} stands in ${places.map(({ concept, label }) => `${concept} (${label})`).join(' and ')}: their pairs are not independent.`,
    ),
    ...skipped.map(
      ({ concept }) => `${concept}: a feature is on both sides; its pair with itself is left out.`,
    ),
    ...(defects.length > 0 ? [defectSentence(subject)] : []),
  ];
  return saeTable(header, notes, [
    [
      'Concepts',
      `${concepts.id}: ${[
        plural(counts.concepts, 'pair of opposites', 'pairs of opposites'),
        plural(counts.features, 'feature', 'features'),
        plural(counts.pairs, 'feature pair', 'feature pairs'),
      ].join(', ')}`,
    ],
  ]);
}

function defectSentence({ geometry }: GeometrySubject): string {
  const shown = geometry.defects
    .slice(0, 8)
    .map(({ space, feature, defect }) => `${feature} (${space}, ${defect})`);
  const more = geometry.defects.length > shown.length ? ', …' : '';
  return `${geometry.defects.length} feature directions are unusable and left out: ${shown.join(', ')}${more}.`;
}

function articleTable(subject: GeometrySubject, measures: SpaceMeasures, seed: number): DisplayTable {
  const rows = articleRows(measures, subject.published, usesCatalogue(subject));
  const { marked: footnotes, common } = splitFootnotes(rows);
  const notes = [...footnotes.map((text, index) => `[${index + 1}] ${text}`), ...common];
  if (measures.random.length > 0) {
    notes.push(randomNote(subject, measures, seed));
  }
  const lost = measures.pairs.filter(({ cos }) => Number.isNaN(cos)).length;
  if (lost > 0)
    notes.push(
      `${plural(lost, 'combination has', 'combinations have')} no cosine, because a feature has no direction.`,
    );
  if (rows.some(({ interval }) => interval))
    notes.push(
      '95 %: of antonym pairs by resampling concepts; of random pairs from the spread of all pairs.',
    );
  if (measures.population)
    notes.push('Percentile: share of all pairs of this space with a smaller cosine, counted.');
  return {
    title: `Cosine similarity, ${SPACE_NAMES[measures.space]}: ${labelOf(subject)}`,
    columns: [
      left('Relationship Type'),
      right('Cosine'),
      right('95 %'),
      right('Percentile'),
      left('Feature Pair'),
      left('Semantic Concept'),
      right('Published'),
      right('Difference'),
      left('Published Pair'),
      left('Notes'),
    ],
    rows: rows.map((row) => articleCells(subject, row, footnotes)),
    notes,
  };
}

/** A footnote to every published row is a note to the table and needs no mark. */
function splitFootnotes(rows: readonly ArticleRow[]): { marked: string[]; common: string[] } {
  const noted = rows.filter(({ published }) => published !== undefined);
  const all = [...new Set(noted.flatMap(({ footnotes }) => footnotes))];
  const isCommon = (text: string): boolean => noted.every(({ footnotes }) => footnotes.includes(text));
  return { marked: all.filter((text) => !isCommon(text)), common: all.filter(isCommon) };
}

/** The article prints five decimals of what may be float32 sums. */
const PRINTED_PRECISION = 0.0001;

function namedTable(subject: GeometrySubject, measures: SpaceMeasures): DisplayTable {
  const named = namedRows(subject, measures);
  const agreeing = named.filter(
    ({ cos, published }) => Math.abs(cos - published) <= PRINTED_PRECISION,
  ).length;
  return {
    title: `Pairs that the article names, ${SPACE_NAMES[measures.space]}: ${labelOf(subject)}`,
    columns: [
      left('Relationship Type'),
      left('Feature Pair'),
      right('Cosine'),
      right('Percentile'),
      right('Published'),
      right('Difference'),
    ],
    rows: named.map(({ relation, featureA, featureB, cos, percentile, published }) => [
      relation,
      `[${featureA}, ${featureB}]`,
      formatCosine(cos),
      formatPercentile(percentile),
      formatCosine(published),
      formatDifference(cos - published),
    ]),
    notes: [
      `${agreeing} of ${named.length} printed cosines agree to ${PRINTED_PRECISION}.${agreeing === 0 ? ' These are hardly the weights that the article used.' : ''}`,
    ],
  };
}

/** How far the mean of the random pairs may be off, from the measured spread where there is one. */
function randomNote(subject: GeometrySubject, { random, population }: SpaceMeasures, seed: number): string {
  const drawn = `Random pairs: ${random.length} drawn with seed ${seed}; a mean of so few has a standard error of about`;
  if (population && population.sd > 0) {
    const error = population.sd / Math.sqrt(random.length);
    return `${drawn} ${error.toFixed(4)} by chance alone. The row of all pairs is the better yardstick.`;
  }
  const error = isotropicStandardError(random.length, subject.geometry.header.dIn);
  return `${drawn} ${error.toFixed(4)} by chance alone, were directions without structure.`;
}

function articleCells(subject: GeometrySubject, row: ArticleRow, footnotes: readonly string[]): string[] {
  const { featureA, featureB, published } = row;
  const hasPair = featureA !== undefined && featureB !== undefined;
  return [
    row.n === undefined
      ? `${row.relation}${OF_GROUP[row.group]}`
      : `${row.relation}, n = ${formatCount(row.n)}`,
    formatCosine(row.cos),
    row.interval ? `${formatCosine(row.interval.low)} to ${formatCosine(row.interval.high)}` : '',
    formatPercentile(row.percentile),
    hasPair ? `[${featureA}, ${featureB}]` : '',
    row.concept ?? (hasPair ? explanationsOf(subject, featureA, featureB) : ''),
    formatCosine(published?.cos),
    formatDifference(published && row.cos - published.cos),
    published?.pair ? `[${published.pair.join(', ')}]` : '',
    footnotes.flatMap((text, index) => (row.footnotes.includes(text) ? `[${index + 1}]` : [])).join(' '),
  ];
}

function explanationsOf({ notes }: GeometrySubject, a: number, b: number): string {
  const texts = [notes.explanation(a), notes.explanation(b)];
  if (texts.every((text) => text === undefined)) return '';
  return texts.map((text) => text ?? '(no explanation)').join(' - ');
}
