/**
 * @file Concept pairs: two labelled feature sets per concept, and what can be said about a set of them without any SAE.
 * METHOD section 1. Leaves out where a set comes from (`load_concepts.ts`) and every cosine (the geometry room).
 */

import { AntipodeError } from '../errors.ts';

export interface ConceptSide {
  readonly label: string;
  /** Indices of one SAE, at least one, no duplicates, in the order of the source. */
  readonly features: readonly number[];
}

/** One pair of opposites, e.g. Happiness (a) and Sadness (b). */
export interface Concept {
  readonly concept: string;
  readonly a: ConceptSide;
  readonly b: ConceptSide;
}

export interface ConceptSet {
  /** The catalogue's id, else the file's name without its folders, or `stdin`. */
  readonly id: string;
  readonly title: string;
  /** Who chose the features, in words. */
  readonly source?: string;
  /** What the source calls its SAE, as it was written; a path and an id are both possible. */
  readonly sae?: string;
  /** `gemma-2-2b/20-gemmascope-res-16k`, where the source says it, in `sae` or through its feature references. */
  readonly neuronpediaId?: string;
  readonly layer?: number;
  readonly concepts: readonly Concept[];
  /** Concepts that a person struck from what was proposed; they are not in `concepts`. */
  readonly struck?: number;
  /** SHA-256 of the file's bytes, in hex; for the shipped catalogues, of their entry in the data file as compact JSON. */
  readonly sha256: string;
}

/** One combination of a feature of side A with a feature of side B. */
export interface CrossPair {
  readonly a: number;
  readonly b: number;
}

export interface CrossPairs {
  /** All |A| x |B| combinations with a != b, in the order of A, then of B. */
  readonly pairs: readonly CrossPair[];
  /** Features on both sides: their pair with themselves is left out, because its cosine is 1 by definition. */
  readonly skipped: readonly number[];
}

export function crossPairs(concept: Concept): CrossPairs {
  const pairs: CrossPair[] = [];
  const skipped: number[] = [];
  for (const a of concept.a.features) {
    for (const b of concept.b.features) {
      if (a === b) skipped.push(a);
      else pairs.push({ a, b });
    }
  }
  return { pairs, skipped };
}

export interface Place {
  readonly concept: string;
  readonly side: 'a' | 'b';
  readonly label: string;
}

export interface Overlap {
  readonly feature: number;
  /** At least two, in the order of the set. */
  readonly places: readonly Place[];
}

/** Features that stand in several places, by index. Their pairs are not independent of each other, which every result must say. */
export function overlaps(set: ConceptSet): Overlap[] {
  const places = new Map<number, Place[]>();
  for (const { concept, a, b } of set.concepts) {
    for (const [side, { label, features }] of [
      ['a', a],
      ['b', b],
    ] as const) {
      for (const feature of features) {
        const known = places.get(feature);
        if (known) known.push({ concept, side, label });
        else places.set(feature, [{ concept, side, label }]);
      }
    }
  }
  return [...places]
    .filter(([, found]) => found.length > 1)
    .sort(([left], [right]) => left - right)
    .map(([feature, found]) => ({ feature, places: found }));
}

export interface ConceptCounts {
  readonly concepts: number;
  /** Entries over all sides, a feature counted in each of its places. */
  readonly slots: number;
  /** Distinct features. */
  readonly features: number;
  readonly pairs: number;
  /** Pairs of a feature with itself, left out of `pairs`. */
  readonly skippedPairs: number;
}

export function countConcepts(set: ConceptSet): ConceptCounts {
  const all = allFeatures(set);
  let pairs = 0;
  let skippedPairs = 0;
  for (const concept of set.concepts) {
    const onA = new Set(concept.a.features);
    const skipped = concept.b.features.filter((feature) => onA.has(feature)).length;
    skippedPairs += skipped;
    pairs += concept.a.features.length * concept.b.features.length - skipped;
  }
  const features = new Set(all).size;
  return { concepts: set.concepts.length, slots: all.length, features, pairs, skippedPairs };
}

function allFeatures(set: ConceptSet): number[] {
  return set.concepts.flatMap(({ a, b }) => [...a.features, ...b.features]);
}

/** Distinct features of the set, ascending. */
export function featuresOf(set: ConceptSet): number[] {
  return [...new Set(allFeatures(set))].sort((left, right) => left - right);
}

/** What is known about the SAE that a set is about to be used with. */
export interface SaeClaim {
  readonly neuronpediaId?: string;
  readonly layer?: number;
}

const SHOWN_BAD_FEATURES = 5;

/**
 * Checks a set against the SAE it is used with.
 * @returns sentences for the reader where the set was made for another SAE: indices mean nothing there, and nothing else would show it
 * @throws {AntipodeError} `format` where a feature is not below `dSae`
 */
export function checkAgainst(set: ConceptSet, dSae: number, sae: SaeClaim = {}): string[] {
  const outside = set.concepts.flatMap(({ concept, a, b }) =>
    [a, b].flatMap(({ label, features }) =>
      features.filter((feature) => feature >= dSae).map((feature) => `${feature} in ${concept} / ${label}`),
    ),
  );
  if (outside.length > 0) {
    const shown = outside.slice(0, SHOWN_BAD_FEATURES).join(', ');
    const more =
      outside.length > SHOWN_BAD_FEATURES ? `, and ${outside.length - SHOWN_BAD_FEATURES} more` : '';
    throw new AntipodeError(
      'format',
      `${set.id}: features outside the SAE (got ${shown}${more}, expected 0 to ${dSae - 1})`,
      { hint: 'use the SAE that the concepts were chosen for, or correct the indices' },
    );
  }
  if (set.neuronpediaId !== undefined && sae.neuronpediaId !== undefined) {
    if (set.neuronpediaId === sae.neuronpediaId) return [];
    return [
      `${set.id} was made for ${set.neuronpediaId}, not for ${sae.neuronpediaId}: its indices mean other features here`,
    ];
  }
  if (set.layer !== undefined && sae.layer !== undefined && set.layer !== sae.layer) {
    return [
      `${set.id} was made for layer ${set.layer}, not for layer ${sae.layer}: its indices mean other features here`,
    ];
  }
  return [];
}
