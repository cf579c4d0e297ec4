/** @file The controls as display tables: each feature against itself, and the extremes of all pairs. */

import { footnotesAt, type PublishedFeatureExtreme } from '../concepts/published.ts';
import type { SameFeatureSummary } from '../geometry/same_feature.ts';
import type { Space } from '../sae/sae.ts';
import {
  type DisplayTable,
  formatCosine,
  formatCount,
  formatDifference,
  left,
  plural,
  right,
} from './display.ts';
import { pairsAtBothEnds } from './extremes_display.ts';
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
  return pairsAtBothEnds({
    title: `Extremes of all pairs, ${SPACE_NAMES[space]}: ${labelOf(subject)}`,
    space,
    pairs: subject.geometry.extremes.filter((pair) => pair.space === space),
    shown,
    notesA: subject.notes,
    notesB: subject.notes,
    publishedCosine: (pair) => publishedExtreme(subject.published, pair),
    coFiring: subject.coFiring?.counts,
    remarks: coFiringSentence(subject, space),
  });
}

function coFiringSentence({ coFiring, geometry }: GeometrySubject, space: Space): string[] {
  if (!coFiring) return [];
  const { counts } = coFiring;
  if (!counts) return [`How often two features are active together is not known: ${coFiring.reason}.`];
  const antipodal = geometry.extremes.filter(
    (pair) => pair.space === space && pair.pairClass === 'antipodal',
  );
  const sum = (of: (featureA: number, featureB: number) => number | undefined): number =>
    antipodal.reduce((total, { featureA, featureB }) => total + (of(featureA, featureB) ?? 0), 0);
  return [
    `Both active: tokens of ${formatCount(counts.tokens)} in ${coFiring.texts}.`,
    ...(antipodal.length > 0
      ? [
          `${plural(antipodal.length, 'antipodal pair is', 'antipodal pairs are')} active together on ${formatCount(sum(counts.tokensOfBoth))} tokens, where independent features would be on ${formatCount(Math.round(sum(counts.expectedOfBoth)))}.`,
        ]
      : []),
  ];
}
