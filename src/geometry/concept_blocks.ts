/**
 * @file The shape of a set of concepts, apart from which features stand in it: which places are on which side of which concept. Tests put other features into
 * the places. Leaves out cosines.
 */

import type { Concept } from '../concepts/concept_set.ts';

export interface ConceptBlocks {
  /** All of the set, also those that no pair is left of. */
  readonly concepts: readonly Concept[];
  /** The distinct features that take part; a place is an index into it. A feature in several concepts is one place. */
  readonly features: readonly number[];
  /** Places on the sides of each concept; none where it has no pair. */
  readonly sides: readonly { readonly a: Int32Array; readonly b: Int32Array }[];
  /** Places of all pairs, concept after concept; no place is paired with itself. */
  readonly pairA: Int32Array;
  readonly pairB: Int32Array;
  /** Pairs `start[c]` to `start[c + 1]` are those of concept c. */
  readonly start: Int32Array;
}

/** @param takesPart features for which it is false are left out of both sides */
export function conceptBlocks(
  concepts: readonly Concept[],
  takesPart: (feature: number) => boolean,
): ConceptBlocks {
  const placeOf = new Map<number, number>();
  const placesOf = (features: readonly number[]): Int32Array =>
    Int32Array.from(features, (feature) => {
      const place = placeOf.get(feature) ?? placeOf.size;
      placeOf.set(feature, place);
      return place;
    });
  const sides = concepts.map(({ a, b }) => {
    const [onA, onB] = [a.features.filter(takesPart), b.features.filter(takesPart)];
    const hasPair = onA.some((one) => onB.some((other) => one !== other));
    return { a: placesOf(hasPair ? onA : []), b: placesOf(hasPair ? onB : []) };
  });
  const pairA: number[] = [];
  const pairB: number[] = [];
  const start = [0];
  for (const { a, b } of sides) {
    for (const one of a) {
      for (const other of b) {
        if (one === other) continue;
        pairA.push(one);
        pairB.push(other);
      }
    }
    start.push(pairA.length);
  }
  return {
    concepts,
    features: [...placeOf.keys()],
    sides,
    pairA: Int32Array.from(pairA),
    pairB: Int32Array.from(pairB),
    start: Int32Array.from(start),
  };
}

/** Pairs of concept c. */
export function pairsIn({ start }: ConceptBlocks, c: number): number {
  return start[c + 1]! - start[c]!;
}

/** Indices of the concepts with at least one pair. */
export function conceptsWithPairs(blocks: ConceptBlocks): number[] {
  return blocks.concepts.map((_, c) => c).filter((c) => pairsIn(blocks, c) > 0);
}
