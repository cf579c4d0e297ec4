import { describe, expect, it } from 'vitest';
import type { Concept } from '../concepts/concept_set.ts';
import { repeatedConcepts } from './repeated_concepts.ts';

function concept(name: string, a: readonly number[], b: readonly number[]): Concept {
  return { concept: name, a: { label: 'a', features: a }, b: { label: 'b', features: b } };
}

function namesOf(...concepts: Concept[]): string[] {
  return repeatedConcepts(concepts).map(({ concept: name }) => name);
}

describe('repeated concepts', () => {
  it('are those whose pairs all stand in earlier ones, in either direction', () => {
    const wide = concept('wide', [1, 2], [3, 4]);
    expect(namesOf(wide, concept('same', [2, 1], [4, 3]))).toEqual(['same']);
    expect(namesOf(wide, concept('turned', [3], [1]))).toEqual(['turned']);
    expect(namesOf(concept('one', [1], [3]), concept('two', [2], [4]), wide)).toEqual([]);
  });

  it('are none that share features and no pair, or have no pair', () => {
    expect(namesOf(concept('one', [1], [2]), concept('two', [1], [3]), concept('three', [2], [3]))).toEqual(
      [],
    );
    expect(namesOf(concept('none', [1], [1]), concept('nothing', [], []))).toEqual([]);
  });
});
