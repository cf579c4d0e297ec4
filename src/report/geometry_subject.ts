/**
 * @file One SAE's results together with what is known about its features and what the article printed for it: what every renderer of geometry
 * starts from.
 */

import { namedPairs, type Published } from '../concepts/published.ts';
import type { KnownCoFiring } from '../geometry/co_firing.ts';
import type { ExtremePair } from '../geometry/extremes.ts';
import type { SaeGeometry } from '../geometry/measure_sae.ts';
import type { FeaturePairCosine, SpaceMeasures } from '../geometry/measure_space.ts';
import type { Space } from '../sae/sae.ts';
import type { FeatureNotes } from './feature_notes.ts';

/** One SAE's results with what is known about its features. */
export interface GeometrySubject {
  readonly geometry: SaeGeometry;
  readonly notes: FeatureNotes;
  readonly published: Published | undefined;
  /** Of the features of extreme pairs; absent where none were searched. */
  readonly coFiring?: KnownCoFiring | undefined;
}

/** Whether the concepts are the article's own for this SAE, so that its antonym numbers may stand beside ours. */
export function usesCatalogue({ geometry, published }: GeometrySubject): boolean {
  return published !== undefined && geometry.concepts.id === published.id;
}

/** The article's cosine of a pair in its exhaustive lists (decoder alone), in either order of the indices. */
export function publishedExtreme(published: Published | undefined, pair: ExtremePair): number | undefined {
  if (!published || pair.space !== published.exhaustive.space) return undefined;
  const rows = [...published.exhaustive.aligned, ...published.exhaustive.opposed];
  return rows.find(
    ({ featureA, featureB }) =>
      (featureA === pair.featureA && featureB === pair.featureB) ||
      (featureA === pair.featureB && featureB === pair.featureA),
  )?.cosine;
}

/** The pairs that the article names, as measured here. */
export function namedRows(
  { published }: GeometrySubject,
  measures: SpaceMeasures,
): (FeaturePairCosine & { readonly relation: string; readonly published: number })[] {
  if (!published) return [];
  return namedPairs(published, measures.space).flatMap(({ relation, a, b, cosine }) => {
    const found = measures.named.find(({ featureA, featureB }) => featureA === a && featureB === b);
    return found ? [{ ...found, relation, published: cosine }] : [];
  });
}

export const SPACE_NAMES: Record<Space, string> = { encoder: 'Encoder', decoder: 'Decoder' };

export function labelOf({ geometry }: GeometrySubject): string {
  return geometry.header.identity.label;
}
