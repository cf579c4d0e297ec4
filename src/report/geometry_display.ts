/** @file The result of a geometry run as display tables, in the article's form and order. */

import { countConcepts, crossPairs, overlaps } from '../concepts/concept_set.ts';
import { footnotesAt, type PublishedFeatureExtreme } from '../concepts/published.ts';
import type { ExtremePair } from '../geometry/extremes.ts';
import type { SpaceMeasures } from '../geometry/measure_space.ts';
import { STRONG_COSINE } from '../geometry/pair_class.ts';
import { isotropicStandardError } from '../geometry/random_pairs.ts';
import type { SameFeatureSummary } from '../geometry/same_feature.ts';
import type { Space } from '../sae/sae.ts';
import { type ArticleRow, articleRows } from './article_rows.ts';
import {
  type DisplayColumn,
  type DisplayTable,
  formatCosine,
  formatCount,
  formatDifference,
  formatPercentile,
  shorten,
} from './display.ts';
import { type GeometrySubject, namedRows, publishedExtreme, usesCatalogue } from './geometry_subject.ts';

const SPACE_NAMES: Record<Space, string> = { encoder: 'Encoder', decoder: 'Decoder' };
const EXPLANATION_LENGTH = 60;

export interface GeometryDisplayOptions {
  /** Extreme pairs shown at each end; the files hold all that were asked for. */
  readonly shownExtremes: number;
  readonly seed: number;
}

export function geometryDisplay(
  subjects: readonly GeometrySubject[],
  options: GeometryDisplayOptions,
): DisplayTable[] {
  return subjects.flatMap((subject) => [
    subjectTable(subject),
    ...subject.geometry.spaces.map((measures) => articleTable(subject, measures, options.seed)),
    ...subject.geometry.spaces
      .filter(({ named }) => named.length > 0)
      .map((measures) => namedTable(subject, measures)),
    ...(subject.geometry.sameFeature ? [sameFeatureTable(subject)] : []),
    ...subject.geometry.spaces
      .filter(({ top }) => top !== undefined)
      .map(({ space }) => extremesTable(subject, space, options.shownExtremes)),
  ]);
}

function labelOf({ geometry }: GeometrySubject): string {
  return geometry.header.identity.label;
}

function subjectTable(subject: GeometrySubject): DisplayTable {
  const { header, concepts, defects, warnings } = subject.geometry;
  const { identity } = header;
  const counts = countConcepts(concepts);
  const shared = overlaps(concepts);
  const skipped = concepts.concepts.filter((concept) => crossPairs(concept).skipped.length > 0);
  const notes = [
    ...(identity.isSynthetic
      ? ['These weights are SYNTHETIC: the numbers say nothing about any language model.']
      : []),
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
  const facts: [string, string][] = [
    ['SAE', [identity.release, identity.saeId].filter(Boolean).join(' / ') || identity.label],
    ['Neuronpedia', identity.neuronpediaId ?? ''],
    [
      'Features x width',
      `${formatCount(header.dSae)} x ${formatCount(header.dIn)} (${header.architecture}, ${header.dtype})`,
    ],
    [
      'Concepts',
      `${concepts.id}: ${[
        plural(counts.concepts, 'pair of opposites', 'pairs of opposites'),
        plural(counts.features, 'feature', 'features'),
        plural(counts.pairs, 'feature pair', 'feature pairs'),
      ].join(', ')}`,
    ],
  ];
  return {
    title: labelOf(subject),
    columns: [left(''), left('')],
    rows: facts.filter(([, value]) => value !== ''),
    notes,
  };
}

function plural(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function defectSentence({ geometry }: GeometrySubject): string {
  const shown = geometry.defects
    .slice(0, 8)
    .map(({ space, feature, defect }) => `${feature} (${space}, ${defect})`);
  const more = geometry.defects.length > shown.length ? ', …' : '';
  return `${geometry.defects.length} feature directions are unusable and left out: ${shown.join(', ')}${more}.`;
}

function left(header: string): DisplayColumn {
  return { header, align: 'left' };
}

function right(header: string): DisplayColumn {
  return { header, align: 'right' };
}

function articleTable(subject: GeometrySubject, measures: SpaceMeasures, seed: number): DisplayTable {
  const rows = articleRows(measures, subject.published, usesCatalogue(subject));
  const { marked: footnotes, common } = splitFootnotes(rows);
  const notes = [...footnotes.map((text, index) => `[${index + 1}] ${text}`), ...common];
  if (measures.random.length > 0) {
    const { dIn } = subject.geometry.header;
    const error = isotropicStandardError(measures.random.length, dIn).toFixed(4);
    notes.push(
      `Random pairs: ${measures.random.length} drawn with seed ${seed}; a mean of so few has a standard error of about ${error} by chance alone. The row of all pairs is the better yardstick.`,
    );
  }
  if (measures.population)
    notes.push('Percentile: share of all pairs of this space with a smaller cosine, counted.');
  return {
    title: `Cosine similarity, ${SPACE_NAMES[measures.space]}: ${labelOf(subject)}`,
    columns: [
      left('Relationship Type'),
      right('Cosine'),
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

function namedTable(subject: GeometrySubject, measures: SpaceMeasures): DisplayTable {
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
    rows: namedRows(subject, measures).map(({ relation, featureA, featureB, cos, percentile, published }) => [
      relation,
      `[${featureA}, ${featureB}]`,
      formatCosine(cos),
      formatPercentile(percentile),
      formatCosine(published),
      formatDifference(cos - published),
    ]),
    notes: [],
  };
}

function articleCells(subject: GeometrySubject, row: ArticleRow, footnotes: readonly string[]): string[] {
  const { featureA, featureB, published } = row;
  const hasPair = featureA !== undefined && featureB !== undefined;
  return [
    row.n === undefined ? row.relation : `${row.relation}, n = ${formatCount(row.n)}`,
    formatCosine(row.cos),
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
  return texts.map((text) => shorten(text ?? '(no explanation)', EXPLANATION_LENGTH / 2)).join(' - ');
}

function sameFeatureTable(subject: GeometrySubject): DisplayTable {
  const same = subject.geometry.sameFeature!;
  const published = subject.published?.sameFeature;
  const footnotes = subject.published
    ? footnotesAt(subject.published, 'same_feature').map(({ text }) => text)
    : [];
  const group = (
    name: string,
    summary: SameFeatureSummary,
    numbers?: { average: number; highest: PublishedFeatureExtreme; lowest: PublishedFeatureExtreme },
  ): string[][] => {
    const extreme = (
      title: string,
      found: SameFeatureSummary['highest'],
      said: PublishedFeatureExtreme | undefined,
    ): string[] => [
      title,
      formatCosine(found?.cos),
      found ? String(found.feature) : '',
      found ? shorten(subject.notes.explanation(found.feature) ?? '', EXPLANATION_LENGTH) : '',
      formatCosine(said?.cosine),
      formatDifference(said && found && found.cos - said.cosine),
      said ? String(said.feature) : '',
      formatCosine(said && same.cosines[said.feature]),
    ];
    const average = numbers?.average;
    return [
      [
        `Average (${name}), n = ${formatCount(summary.n)}`,
        formatCosine(summary.mean),
        '',
        '',
        formatCosine(average),
        formatDifference(average === undefined ? undefined : summary.mean - average),
        '',
        '',
      ],
      extreme('Highest Similarity', summary.highest, numbers?.highest),
      extreme('Lowest Similarity', summary.lowest, numbers?.lowest),
    ];
  };
  return {
    title: `Same feature, encoder against decoder: ${labelOf(subject)}`,
    columns: [
      left('Relationship Type'),
      right('Cosine'),
      right('Feature'),
      left('Explanation'),
      right('Published'),
      right('Difference'),
      right('Published Feature'),
      right('Its Cosine Here'),
    ],
    rows: [
      ...group('Antonym Pairs', same.concepts, usesCatalogue(subject) ? published?.antonym : undefined),
      ...group('Random Pairs', same.random, published?.random),
      ...group('All Features', same.dictionary),
    ],
    notes: [...footnotes, 'Each distinct feature counts once, also where it stands in several concepts.'],
  };
}

function extremesTable(subject: GeometrySubject, space: Space, shown: number): DisplayTable {
  const ofSpace = subject.geometry.extremes.filter((pair) => pair.space === space);
  const cosOf = (pair: ExtremePair): number => (space === 'decoder' ? pair.cosDecoder : pair.cosEncoder);
  const otherOf = (pair: ExtremePair): number => (space === 'decoder' ? pair.cosEncoder : pair.cosDecoder);
  const classes = new Map<string, number>();
  for (const { pairClass } of ofSpace)
    classes.set(pairClass ?? 'unknown', (classes.get(pairClass ?? 'unknown') ?? 0) + 1);
  const census = [...classes].sort(([x], [y]) => (x < y ? -1 : 1)).map(([name, count]) => `${name} ${count}`);
  return {
    title: `Extremes of all pairs, ${SPACE_NAMES[space]}: ${labelOf(subject)}`,
    columns: [
      right('Cosine'),
      right('Index 1'),
      right('Index 2'),
      right(`Cosine in ${space === 'decoder' ? 'encoder' : 'decoder'}`),
      left('Class'),
      left('Explanation 1'),
      left('Explanation 2'),
      right('Density 1'),
      right('Density 2'),
      right('Published'),
      right('Difference'),
    ],
    rows: ofSpace
      .filter(({ rank }) => rank <= shown)
      .map((pair) => ({ pair, published: publishedExtreme(subject, pair) }))
      .map(({ pair, published }) => [
        formatCosine(cosOf(pair)),
        String(pair.featureA),
        String(pair.featureB),
        formatCosine(otherOf(pair)),
        pair.pairClass ?? '',
        shorten(subject.notes.explanation(pair.featureA) ?? '', EXPLANATION_LENGTH),
        shorten(subject.notes.explanation(pair.featureB) ?? '', EXPLANATION_LENGTH),
        formatDensity(subject.notes.density(pair.featureA)),
        formatDensity(subject.notes.density(pair.featureB)),
        formatCosine(published),
        formatDifference(published === undefined ? undefined : cosOf(pair) - published),
      ]),
    notes: [
      `Classes of the ${ofSpace.length} pairs kept (strong = |cosine| of at least ${STRONG_COSINE}): ${census.join(', ')}.`,
    ],
  };
}

function formatDensity(density: number | undefined): string {
  return density === undefined ? '' : `${(100 * density).toPrecision(2)} %`;
}
