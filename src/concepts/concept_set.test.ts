import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AntipodeError } from '../errors.ts';
import { catalogue, catalogueIds } from './catalogues.ts';
import {
  type ConceptSet,
  checkAgainst,
  countConcepts,
  crossPairs,
  featuresOf,
  overlaps,
} from './concept_set.ts';

function setOf(...sides: [number[], number[]][]): ConceptSet {
  return {
    id: 'test',
    title: 'test',
    sha256: '',
    concepts: sides.map(([a, b], i) => ({
      concept: `c${i}`,
      a: { label: 'A', features: a },
      b: { label: 'B', features: b },
    })),
  };
}

describe('the catalogues of the article', () => {
  it.each([
    { id: 'article-10', pairs: 134, slots: 95, features: 94, shared: [5633] },
    { id: 'article-20', pairs: 108, slots: 84, features: 82, shared: [2604, 3372] },
  ])('$id has 20 concepts, $pairs pairs, $slots slots, $features features', ({ id, shared, ...counts }) => {
    const set = catalogue(id)!;
    expect(countConcepts(set)).toEqual({ concepts: 20, skippedPairs: 0, ...counts });
    expect(set.concepts.flatMap((concept) => crossPairs(concept).pairs)).toHaveLength(counts.pairs);
    expect(featuresOf(set)).toHaveLength(counts.features);
    expect(overlaps(set).map(({ feature }) => feature)).toEqual(shared);
    expect(checkAgainst(set, 16_384)).toEqual([]);
  });

  it('are the two of the article and the two of the embedded default, and name their SAE', () => {
    expect(catalogueIds()).toEqual(['article-10', 'article-20', 'organism-1', 'organism-2']);
    expect(catalogue('article-20')).toMatchObject({
      neuronpediaId: 'gemma-2-2b/20-gemmascope-res-16k',
      layer: 20,
    });
    expect(catalogue('article-30')).toBeUndefined();
  });

  it('have the indices of the first and the last row of both tables', () => {
    const [first, last] = [catalogue('article-10')!.concepts[0]!, catalogue('article-20')!.concepts[19]!];
    expect(first.a).toEqual({ label: 'Happiness', features: [5444, 11485, 12622, 13487, 15674] });
    expect(first.b).toEqual({ label: 'Sadness', features: [6381, 9071] });
    expect(last).toEqual({
      concept: 'Connection',
      a: { label: 'Connected', features: [5539] },
      b: { label: 'Isolated', features: [15334, 2729] },
    });
  });

  it('say where an overlap stands', () => {
    expect(overlaps(catalogue('article-10')!)[0]!.places).toEqual([
      { concept: 'Sentiment', side: 'b', label: 'Negative' },
      { concept: 'Outcome', side: 'b', label: 'Failure' },
    ]);
  });
});

describe('crossPairs', () => {
  it('leaves out a feature paired with itself and says so', () => {
    const set = setOf([
      [1, 2],
      [2, 3],
    ]);
    expect(crossPairs(set.concepts[0]!)).toEqual({
      pairs: [
        { a: 1, b: 2 },
        { a: 1, b: 3 },
        { a: 2, b: 3 },
      ],
      skipped: [2],
    });
    expect(countConcepts(set)).toMatchObject({ pairs: 3, skippedPairs: 1, slots: 4, features: 3 });
  });

  it('agrees with the counts for any set', () => {
    const side = fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(fc.tuple(side, side), { minLength: 1, maxLength: 5 }), (sides) => {
        const set = setOf(...sides);
        const all = set.concepts.map(crossPairs);
        const counts = countConcepts(set);
        expect(all.flatMap(({ pairs }) => pairs)).toHaveLength(counts.pairs);
        expect(all.flatMap(({ skipped }) => skipped)).toHaveLength(counts.skippedPairs);
      }),
    );
  });
});

describe('checkAgainst', () => {
  it('refuses features outside the SAE, naming where they stand', () => {
    const set = setOf([[1], [100]], [[101, 102, 103, 104, 105], [2]]);
    expect(() => checkAgainst(set, 100)).toThrow(AntipodeError);
    expect(() => checkAgainst(set, 100)).toThrow(
      'test: features outside the SAE (got 100 in c0 / B, 101 in c1 / A, 102 in c1 / A, 103 in c1 / A, 104 in c1 / A, and 1 more, expected 0 to 99)',
    );
    expect(checkAgainst(set, 106)).toEqual([]);
  });

  it('says so where the set was made for another SAE', () => {
    const set = catalogue('article-10')!;
    const other = { neuronpediaId: 'gemma-2-2b/20-gemmascope-res-16k' };
    expect(checkAgainst(set, 16_384, other)[0]).toMatch(
      /made for gemma-2-2b\/10-gemmascope-res-16k, not for/,
    );
    expect(checkAgainst(set, 16_384, { layer: 11 })[0]).toMatch(/made for layer 10, not for layer 11/);
    expect(checkAgainst(set, 16_384, { neuronpediaId: 'gemma-2-2b/10-gemmascope-res-16k' })).toEqual([]);
    expect(checkAgainst(set, 16_384)).toEqual([]);
  });
});
