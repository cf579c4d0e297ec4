import { describe, expect, it } from 'vitest';
import type { ConceptSet } from '../concepts/concept_set.ts';
import { antipodalGroups, countClasses, featureKinds } from './extreme_facts.ts';
import type { ExtremePair } from './extremes.ts';

const concepts: ConceptSet = {
  id: 'c',
  title: 'c',
  sha256: '',
  concepts: [
    { concept: 'Light', a: { label: 'bright', features: [1, 2] }, b: { label: 'dark', features: [3] } },
  ],
};
const densities = [0.5, 0.1, 0.2, undefined, 0.01, 0.11];
const kinds = featureKinds({
  concepts,
  dSae: 6,
  densityOf: (feature) => densities[feature],
  denseAbove: 0.1,
});
const unknown = featureKinds({ concepts, dSae: 6, denseAbove: 0.1 });

function pair(featureA: number, featureB: number, more: Partial<ExtremePair> = {}): ExtremePair {
  return {
    space: 'decoder',
    end: 'opposed',
    rank: 1,
    featureA,
    featureB,
    cosEncoder: -0.8,
    cosDecoder: -0.9,
    pairClass: 'antipodal',
    ...more,
  };
}

describe('featureKinds', () => {
  it('dense is above the share, not at it; opposites go either way, features of one side are none', () => {
    expect([0, 1, 2, 3].map(kinds.isDense)).toEqual([true, false, true, undefined]);
    expect([kinds.areOpposites(1, 3), kinds.areOpposites(3, 2), kinds.areOpposites(1, 2)]).toEqual([
      true,
      true,
      false,
    ]);
    expect([kinds.isInConcepts(3), kinds.isInConcepts(4)]).toEqual([true, false]);
    expect([kinds.knowsDensities, unknown.knowsDensities]).toEqual([true, false]);
  });
});

describe('countClasses', () => {
  it('counts by space, end and class, with what the pairs join', () => {
    const extremes = [
      pair(0, 2),
      pair(0, 5),
      pair(0, 4),
      pair(1, 3, { pairClass: 'weak' }),
      pair(3, 4, { pairClass: undefined }),
      pair(4, 5, { end: 'aligned', pairClass: 'duplicate' }),
      pair(4, 5, { space: 'encoder', pairClass: 'weak' }),
    ];
    const base = { space: 'decoder', end: 'opposed', of: 5, opposites: 0, withConceptFeature: 0 };
    expect(countClasses(extremes, kinds)).toEqual([
      { ...base, pairClass: 'antipodal', pairs: 3, bothDense: 2, oneDense: 1, withConceptFeature: 1 },
      {
        ...base,
        pairClass: 'weak',
        pairs: 1,
        bothDense: 0,
        oneDense: 0,
        opposites: 1,
        withConceptFeature: 1,
      },
      { ...base, pairClass: undefined, pairs: 1, bothDense: 0, oneDense: 0, withConceptFeature: 1 },
      { ...base, end: 'aligned', pairClass: 'duplicate', of: 1, pairs: 1, bothDense: 0, oneDense: 1 },
      { ...base, space: 'encoder', pairClass: 'weak', of: 1, pairs: 1, bothDense: 0, oneDense: 1 },
    ]);
    expect(countClasses([pair(0, 2)], unknown)).toEqual([
      {
        ...base,
        pairClass: 'antipodal',
        of: 1,
        pairs: 1,
        bothDense: undefined,
        oneDense: undefined,
        withConceptFeature: 1,
      },
    ]);
    expect(countClasses([], kinds)).toEqual([]);
  });
});

describe('antipodalGroups', () => {
  it('summarises features of each kind, without those that have no score', () => {
    const antipodality = {
      partner: Int32Array.of(2, 3, 0, 1, -1, 4),
      score: Float64Array.of(0.81, 0.2, 0.81, 0.2, Number.NaN, 0.36),
      cosEncoder: Float64Array.of(-0.9, 0.4, -0.9, 0.4, Number.NaN, 0.6),
      cosDecoder: Float64Array.of(-0.9, 0.5, -0.9, 0.5, Number.NaN, 0.6),
    };
    const close = (value: number): unknown => expect.closeTo(value, 12);
    expect(antipodalGroups(antipodality, kinds, [1, 4, 1])).toEqual([
      { group: 'all', n: 5, mean: close(2.38 / 5), antipodal: 2, duplicate: 1, highest: 0 },
      { group: 'dense', n: 3, mean: close(1.98 / 3), antipodal: 2, duplicate: 1, highest: 0 },
      { group: 'not dense', n: 1, mean: close(0.2), antipodal: 0, duplicate: 0, highest: 1 },
      { group: 'concepts', n: 3, mean: close(1.21 / 3), antipodal: 1, duplicate: 0, highest: 2 },
      { group: 'random pairs', n: 1, mean: close(0.2), antipodal: 0, duplicate: 0, highest: 1 },
    ]);
    expect(antipodalGroups(antipodality, unknown, []).map(({ group }) => group)).toEqual(['all', 'concepts']);
  });
});
