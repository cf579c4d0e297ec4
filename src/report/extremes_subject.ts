/** @file A search for extremes together with what is known about the features: what its renderers start from. */

import type { Published } from '../concepts/published.ts';
import type { ExtremePair } from '../geometry/extremes.ts';
import type { SpaceExtremes } from '../geometry/find_extremes.ts';
import type { SearchedRows } from '../geometry/searched_rows.ts';
import type { SaeHeader, Space } from '../sae/sae.ts';
import type { FeatureNotes } from './feature_notes.ts';
import { publishedExtreme } from './geometry_subject.ts';

/** One dictionary and what is known about its features. */
export interface KnownSae {
  readonly header: SaeHeader;
  readonly notes: FeatureNotes;
  /** Sentences for the reader. */
  readonly warnings: readonly string[];
}

export interface ExtremesSubject {
  readonly a: KnownSae;
  /** The other dictionary, where two were compared. */
  readonly b: KnownSae | undefined;
  readonly found: readonly SpaceExtremes[];
  /** The options that left features out, as the user wrote them. */
  readonly filter: string | undefined;
  /** The article's numbers for a dictionary by itself. */
  readonly published: Published | undefined;
}

export function labelsOf({ a, b }: Pick<ExtremesSubject, 'a' | 'b'>): string[] {
  return [a, b].flatMap((known) => known?.header.identity.label ?? []);
}

/** The article lists pairs within one dictionary. */
export function publishedOf({ b, published }: ExtremesSubject, pair: ExtremePair): number | undefined {
  return b ? undefined : publishedExtreme(published, pair);
}

/** Enough to look at; files list all. */
const SHOWN_DEFECTS = 8;

/** @param label where it has to be said which dictionary is meant @returns no or one sentence */
export function defectSentence({ defects }: SearchedRows, space: Space, label: string | undefined): string[] {
  if (defects.length === 0) return [];
  const shown = defects.slice(0, SHOWN_DEFECTS).map(({ feature, defect }) => `${feature} (${defect})`);
  const more = defects.length > shown.length ? ', …' : '';
  const of = label === undefined ? '' : ` of ${label}`;
  const count = defects.length === 1 ? '1 direction is' : `${defects.length} directions are`;
  return [`${count} unusable in the ${space}${of} and left out: ${shown.join(', ')}${more}.`];
}
