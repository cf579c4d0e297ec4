/** @file Which concepts of a set say nothing of their own: a repeated concept is no further observation, however often it is listed. */

import type { Concept } from '../concepts/concept_set.ts';

/** Concepts all of whose combinations stand in earlier ones, whichever side is which; those without any combination are left out. */
export function repeatedConcepts(concepts: readonly Concept[]): Concept[] {
  const seen = new Set<string>();
  return concepts.filter((concept) => {
    const keys = keysOf(concept);
    const isRepeated = keys.length > 0 && keys.every((key) => seen.has(key));
    for (const key of keys) seen.add(key);
    return isRepeated;
  });
}

function keysOf({ a, b }: Concept): string[] {
  return a.features.flatMap((one) =>
    b.features
      .filter((other) => other !== one)
      .map((other) => `${Math.min(one, other)} ${Math.max(one, other)}`),
  );
}
