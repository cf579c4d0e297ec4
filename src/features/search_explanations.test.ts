import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { type ExplanationLookup, lookupIn } from './explanation_lookup.ts';
import { FeatureCollector } from './feature_data.ts';
import { RANKS, searchExplanations } from './search_explanations.ts';

function lookupOf(
  texts: readonly (string | readonly [string, string])[],
  sourceId = '20-res',
): ExplanationLookup {
  const collector = new FeatureCollector();
  const explanations = texts.map((entry, feature) => {
    const [description, explainer] = typeof entry === 'string' ? [entry, 'a'] : entry;
    return { feature, description, explainer, typeName: null, authorId: null, createdAt: null };
  });
  collector.add({ modelId: 'm', sourceId, explanations, features: [] });
  return lookupIn(collector.finish()[0]!);
}

function found(texts: readonly string[], query: string): [string, number][] {
  const { hits } = searchExplanations([lookupOf(texts)], query, { limit: 100 });
  return hits.map(({ explanation, rank }) => [explanation.text, rank]);
}

describe('searchExplanations', () => {
  it('ranks the phrase before its words, whole words before beginnings before parts', () => {
    const texts = [
      'wordsrunx fastly',
      'fasting and runs',
      'fast to run',
      'prerun fastest',
      'a run faster',
      'run fast, always',
      'Run Fast',
      'nothing of it',
      'run only',
    ];
    expect(found(texts, '  run   FAST ')).toEqual([
      ['Run Fast', 0],
      ['run fast, always', 1],
      ['a run faster', 2],
      ['prerun fastest', 3],
      ['fast to run', 4],
      ['fasting and runs', 5],
      ['wordsrunx fastly', 6],
    ]);
    expect(RANKS).toHaveLength(7);
  });

  it('finds beginnings of words, and does not stem', () => {
    expect(found(['running'], 'run')).toEqual([['running', 2]]);
    expect(found(['run'], 'running')).toEqual([]);
    expect(found(['unhappy'], 'happy')).toEqual([['unhappy', 3]]);
  });

  it('says where it matched, in the original text', () => {
    const lookup = lookupOf(['İstanbul and a cat, a Cat; concatenate', 'cat and dog, catdog']);
    const matches = (query: string): unknown =>
      searchExplanations([lookup], query, { limit: 9 }).hits.map((hit) =>
        hit.matches.map(([start, end]) => hit.explanation.text.slice(start, end)),
      );
    expect(matches('CAT')).toEqual([['cat'], ['cat', 'Cat']]);
    expect(matches('dog cat')).toEqual([['cat', 'dog']]);
    expect(matches('stanbul')).toEqual([['stanbul']]);
  });

  it('gives one hit per feature, its best explanation, of the explainer asked for', () => {
    const collector = new FeatureCollector();
    const row = { feature: 7, typeName: null, authorId: null, createdAt: null };
    const explanations = [
      { ...row, description: 'unhappy', explainer: 'a' },
      { ...row, description: 'happy', explainer: 'b' },
    ];
    collector.add({ modelId: 'm', sourceId: 's', explanations, features: [] });
    const lookup = lookupIn(collector.finish()[0]!);
    expect(searchExplanations([lookup], 'happy', { limit: 9 })).toMatchObject({
      total: 1,
      hits: [{ feature: 7, explanation: { text: 'happy', explainer: 'b' }, rank: 0 }],
    });
    expect(
      searchExplanations([lookup], 'happy', { limit: 9, explainer: 'a' }).hits[0]!.explanation.text,
    ).toBe('unhappy');
    expect(searchExplanations([lookup], 'happy', { limit: 9, explainer: 'c' }).hits).toEqual([]);
  });

  it('orders equal matches by length, source and feature, and counts what the limit hides', () => {
    const lookups = [lookupOf(['cat x', 'cat x', 'cat'], '10-res'), lookupOf(['cat x'], '20-res')];
    const { hits, total } = searchExplanations(lookups, 'cat', { limit: 3 });
    expect(hits.map(({ neuronpediaId, feature }) => `${neuronpediaId}/${feature}`)).toEqual([
      'm/10-res/2',
      'm/10-res/0',
      'm/10-res/1',
    ]);
    expect(total).toBe(4);
  });

  it('refuses an empty and an endless question', () => {
    for (const query of ['', '  ', 'x'.repeat(1001)]) {
      expect(() => searchExplanations([], query, { limit: 1 })).toThrow(/expected 1 to 1000 characters/);
    }
  });

  it('what it marks is what was asked, for any text', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'B', 'ß', 'İ', ' ', '-', '1', '😀', 'é'),
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(
        text.filter((t) => t.trim() !== ''),
        text.filter((t) => t.trim() !== ''),
        (description, query) => {
          const { hits } = searchExplanations([lookupOf([description])], query, { limit: 1 });
          const words = query
            .toLowerCase()
            .split(/\s+/)
            .filter((word) => word !== '');
          const isEach = words.every((word) => description.toLowerCase().includes(word));
          if (hits.length === 0) return;
          expect(isEach).toBe(true);
          let before = 0;
          for (const [start, end] of hits[0]!.matches) {
            expect(start).toBeGreaterThanOrEqual(before);
            expect(end).toBeGreaterThan(start);
            before = end;
          }
          expect(before).toBeLessThanOrEqual(description.length);
        },
      ),
      { numRuns: runs(500) },
    );
  });
});
