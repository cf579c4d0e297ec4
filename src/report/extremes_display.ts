/** @file The most aligned and most opposed pairs as display tables: of a geometry run, and of a search by itself. */

import type { CoFiring } from '../geometry/co_firing.ts';
import { type ExtremePair, otherSpace } from '../geometry/extremes.ts';
import type { SpaceExtremes } from '../geometry/find_extremes.ts';
import { STRONG_COSINE } from '../geometry/pair_class.ts';
import type { SearchedRows } from '../geometry/searched_rows.ts';
import type { Space } from '../sae/sae.ts';
import {
  type DisplayTable,
  formatCosine,
  formatCount,
  formatDensity,
  formatDifference,
  left,
  plural,
  right,
} from './display.ts';
import { defectSentence, type ExtremesSubject, labelsOf, publishedOf } from './extremes_subject.ts';
import type { FeatureNotes } from './feature_notes.ts';
import { SPACE_NAMES } from './geometry_subject.ts';
import { saeTable } from './sae_display.ts';

export interface PairsView {
  readonly title: string;
  /** The space that was searched. */
  readonly space: Space;
  readonly pairs: readonly ExtremePair[];
  /** Pairs shown at each end. */
  readonly shown: number;
  readonly notesA: FeatureNotes;
  readonly notesB: FeatureNotes;
  readonly publishedCosine: (pair: ExtremePair) => number | undefined;
  /** Tokens on which both are active, where they were counted. */
  readonly coFiring?: CoFiring | undefined;
  /** Sentences under the table, behind the one about classes. */
  readonly remarks: readonly string[];
}

/** The aligned end, then the opposed one. */
export function pairsAtBothEnds(view: PairsView): DisplayTable {
  const { title, space, pairs, shown, notesA, notesB, publishedCosine, coFiring, remarks } = view;
  const cosOf = (pair: ExtremePair): number => (space === 'decoder' ? pair.cosDecoder : pair.cosEncoder);
  const otherOf = (pair: ExtremePair): number => (space === 'decoder' ? pair.cosEncoder : pair.cosDecoder);
  return {
    title,
    columns: [
      right('Cosine'),
      right('Index 1'),
      right('Index 2'),
      right(`Cosine in ${otherSpace(space)}`),
      left('Class'),
      left('Explanation 1'),
      left('Explanation 2'),
      right('Density 1'),
      right('Density 2'),
      right('Both active (by chance)'),
      right('Published'),
      right('Difference'),
    ],
    rows: pairs
      .filter(({ rank }) => rank <= shown)
      .map((pair) => ({ pair, published: publishedCosine(pair) }))
      .map(({ pair, published }) => [
        formatCosine(cosOf(pair)),
        String(pair.featureA),
        String(pair.featureB),
        formatCosine(otherOf(pair)),
        pair.pairClass ?? '',
        notesA.explanation(pair.featureA) ?? '',
        notesB.explanation(pair.featureB) ?? '',
        formatDensity(notesA.density(pair.featureA)),
        formatDensity(notesB.density(pair.featureB)),
        togetherText(pair, coFiring),
        formatCosine(published),
        formatDifference(published === undefined ? undefined : cosOf(pair) - published),
      ]),
    notes: [...(pairs.length > 0 ? [classSentence(pairs)] : []), ...remarks],
  };
}

/** Tokens on which both are active, beside what independence would give. */
function togetherText({ featureA, featureB }: ExtremePair, coFiring: CoFiring | undefined): string {
  const both = coFiring?.tokensOfBoth(featureA, featureB);
  const expected = coFiring?.expectedOfBoth(featureA, featureB);
  return both === undefined || expected === undefined
    ? ''
    : `${formatCount(both)} (${expectedText(expected)})`;
}

/** Two digits, and whole numbers from 10 on. */
function expectedText(expected: number): string {
  return expected >= 10 ? formatCount(Math.round(expected)) : String(Number(expected.toPrecision(2)));
}

/** A small dictionary can have a pair at both ends; it is one pair all the same. */
function classSentence(pairs: readonly ExtremePair[]): string {
  const distinct = new Map(pairs.map((pair) => [`${pair.featureA},${pair.featureB}`, pair]));
  const classes = new Map<string, number>();
  for (const { pairClass } of distinct.values())
    classes.set(pairClass ?? 'unknown', (classes.get(pairClass ?? 'unknown') ?? 0) + 1);
  const census = [...classes].sort(([x], [y]) => (x < y ? -1 : 1)).map(([name, count]) => `${name} ${count}`);
  return `Classes of the ${plural(distinct.size, 'pair', 'pairs')} kept (strong = |cosine| of at least ${STRONG_COSINE}): ${census.join(', ')}.`;
}

/** What was searched, then a table per space. */
export function extremesDisplay(subject: ExtremesSubject): DisplayTable[] {
  const { a, b, filter } = subject;
  const both = b ? [a, b] : [a];
  return [
    ...both.map(({ header, warnings }) => saeTable(header, warnings)),
    ...subject.found.map((found) =>
      pairsAtBothEnds({
        title: b
          ? `Extremes between ${labelsOf(subject).join(' and ')}, ${SPACE_NAMES[found.space]}`
          : `Extremes of all pairs, ${SPACE_NAMES[found.space]}: ${a.header.identity.label}`,
        space: found.space,
        pairs: found.extremes,
        shown: found.extremes.length,
        notesA: a.notes,
        notesB: (b ?? a).notes,
        publishedCosine: (pair) => publishedOf(subject, pair),
        remarks: [
          ...(b ? [`Index 1 is of ${a.header.identity.label}, Index 2 of ${b.header.identity.label}.`] : []),
          searchSentence(found, filter),
          ...populationSentence(found),
          ...searchedOf(subject, found).flatMap(([label, rows]) =>
            defectSentence(rows, found.space, b && label),
          ),
        ],
      }),
    ),
  ];
}

function searchSentence({ pairs, a, b }: SpaceExtremes, filter: string | undefined): string {
  const features = b
    ? `${formatCount(a.features)} x ${formatCount(b.features)} features`
    : plural(a.features, 'feature', 'features');
  const left = a.leftOut + (b?.leftOut ?? 0);
  const without = left > 0 ? `; ${plural(left, 'feature is', 'features are')} left out by ${filter}` : '';
  if (pairs === 0) return `There are no pairs of ${features}${without}.`;
  return `Searched: ${plural(pairs, 'pair', 'pairs')} of ${features}, every one of them${without}.`;
}

function populationSentence({ population }: SpaceExtremes): string[] {
  if (!population || population.pairs === 0) return [];
  const { mean, sd, pairs, sampledFrom } = population;
  const figures = `mean ${formatCosine(mean)}, standard deviation ${formatCosine(sd)}`;
  return sampledFrom === undefined
    ? [`All of them together: ${figures}.`]
    : [
        `About all of them together, from ${plural(pairs, 'pair', 'pairs')} of features drawn at random: ${figures}.`,
      ];
}

function searchedOf({ a, b }: ExtremesSubject, found: SpaceExtremes): [string, SearchedRows][] {
  return [
    [a.header.identity.label, found.a],
    ...(b && found.b ? [[b.header.identity.label, found.b] as [string, SearchedRows]] : []),
  ];
}
