/** @file The controls as display tables: each feature against itself, and the extremes of all pairs. */

import { footnotesAt, type PublishedFeatureExtreme } from '../concepts/published.ts';
import type { ExtremePair } from '../geometry/extremes.ts';
import { STRONG_COSINE } from '../geometry/pair_class.ts';
import type { SameFeatureSummary } from '../geometry/same_feature.ts';
import type { Space } from '../sae/sae.ts';
import { type DisplayTable, formatCosine, formatCount, formatDifference, left, right } from './display.ts';
import {
  type GeometrySubject,
  labelOf,
  publishedExtreme,
  SPACE_NAMES,
  usesCatalogue,
} from './geometry_subject.ts';

/** The article's positive control: concept features, random features, all features. */
export function sameFeatureTable(subject: GeometrySubject): DisplayTable {
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
      found ? (subject.notes.explanation(found.feature) ?? '') : '',
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

/** The k most aligned and k most opposed pairs of one space. */
export function extremesTable(subject: GeometrySubject, space: Space, shown: number): DisplayTable {
  const ofSpace = subject.geometry.extremes.filter((pair) => pair.space === space);
  const cosOf = (pair: ExtremePair): number => (space === 'decoder' ? pair.cosDecoder : pair.cosEncoder);
  const otherOf = (pair: ExtremePair): number => (space === 'decoder' ? pair.cosEncoder : pair.cosDecoder);
  // A small dictionary can have a pair at both ends; it is one pair all the same.
  const distinct = new Map(ofSpace.map((pair) => [`${pair.featureA},${pair.featureB}`, pair]));
  const classes = new Map<string, number>();
  for (const { pairClass } of distinct.values())
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
        subject.notes.explanation(pair.featureA) ?? '',
        subject.notes.explanation(pair.featureB) ?? '',
        formatDensity(subject.notes.density(pair.featureA)),
        formatDensity(subject.notes.density(pair.featureB)),
        formatCosine(published),
        formatDifference(published === undefined ? undefined : cosOf(pair) - published),
      ]),
    notes: [
      `Classes of the ${distinct.size} pairs kept (strong = |cosine| of at least ${STRONG_COSINE}): ${census.join(', ')}.`,
    ],
  };
}

function formatDensity(density: number | undefined): string {
  return density === undefined ? '' : `${(100 * density).toPrecision(2)} %`;
}
