/** @file The neighbours of features as display tables: what each feature is, then its two ends in every space and dictionary. */

import type { ExtremePair } from '../geometry/extremes.ts';
import { otherSpace } from '../geometry/extremes.ts';
import type { FeatureNeighbors } from '../geometry/find_neighbors.ts';
import { type DisplayTable, formatCosine, formatDensity, left, plural, right } from './display.ts';
import { defectSentence } from './extremes_subject.ts';
import { SPACE_NAMES } from './geometry_subject.ts';
import { labelAt, type NeighborsSubject } from './neighbors_subject.ts';
import { saeTable } from './sae_display.ts';

export function neighborsDisplay(subject: NeighborsSubject): DisplayTable[] {
  const { saes, found } = subject;
  const features = [...new Set(found.map(({ feature }) => feature))];
  return [
    ...saes.map(({ header, warnings }) => saeTable(header, warnings)),
    featuresTable(subject, features),
    ...found.map((neighbors) => neighborsTable(subject, neighbors)),
  ];
}

function featuresTable(subject: NeighborsSubject, features: readonly number[]): DisplayTable {
  const { notes } = subject.saes[0]!;
  return {
    title: `${plural(features.length, 'feature', 'features')} of ${labelAt(subject, 0)}`,
    columns: [right('Index'), left('Explanation'), right('Density')],
    rows: features.map((feature) => [
      String(feature),
      notes.explanation(feature) ?? '(no explanation)',
      formatDensity(notes.density(feature)),
    ]),
    notes: [],
  };
}

function neighborsTable(subject: NeighborsSubject, found: FeatureNeighbors): DisplayTable {
  const { feature, space, among } = found;
  const { notes } = subject.saes[among]!;
  const own = labelAt(subject, 0);
  const title =
    among === 0
      ? `Neighbors of ${feature}, ${SPACE_NAMES[space]}: ${own}`
      : `Neighbors of ${feature} of ${own} in ${labelAt(subject, among)}, ${SPACE_NAMES[space]}`;
  const [cosOf, otherOf] =
    space === 'decoder'
      ? [(pair: ExtremePair) => pair.cosDecoder, (pair: ExtremePair) => pair.cosEncoder]
      : [(pair: ExtremePair) => pair.cosEncoder, (pair: ExtremePair) => pair.cosDecoder];
  return {
    title,
    columns: [
      right('Cosine'),
      right('Index'),
      right(`Cosine in ${otherSpace(space)}`),
      left('Class'),
      left('Explanation'),
      right('Density'),
    ],
    rows: found.neighbors.map((pair) => [
      formatCosine(cosOf(pair)),
      String(pair.featureB),
      formatCosine(otherOf(pair)),
      pair.pairClass ?? '',
      notes.explanation(pair.featureB) ?? '',
      formatDensity(notes.density(pair.featureB)),
    ]),
    notes: neighborNotes(subject, found),
  };
}

function neighborNotes(
  subject: NeighborsSubject,
  { feature, space, among, hasDirection, searched }: FeatureNeighbors,
): string[] {
  if (!hasDirection)
    return [`Feature ${feature} has no direction in the ${space}, so it has no neighbors there.`];
  const { leftOut, features } = searched;
  const without =
    leftOut > 0 ? `; ${plural(leftOut, 'feature is', 'features are')} left out by ${subject.filter}` : '';
  return [
    `Searched: every one of ${plural(features, 'feature', 'features')}${without}.`,
    ...defectSentence(searched, space, among === 0 ? undefined : labelAt(subject, among)),
  ];
}
