import { describe, expect, test } from 'vitest';
import { parseConcepts } from '../concepts/parse_concepts.ts';
import { recommendedSteering } from '../concepts/recommended_steering.ts';
import { cataloguesForSae, type FoundPair, findPair } from './pole_lookup.ts';
import { wordStem } from './word_stem.ts';

const gemma = { label: '20-gemmascope-res-16k', neuronpediaId: 'gemma-2-2b/20-gemmascope-res-16k' };
const organism = { label: 'organism-2-res-2k', neuronpediaId: 'organism/2-res-2k' };
const find = (pair: string): FoundPair => findPair(pair, { sae: gemma });

describe('a pair by name', () => {
  test.each([
    ['happy:sad', 'Happiness-Sadness', 'Happy', 'Sad'],
    ['Happiness:SADNESS', 'Happiness-Sadness', 'Happiness', 'SADNESS'],
    ['excited : bored', 'Engagement', 'Excited', 'Bored'],
    ['success:fail', 'Outcome', 'Success', 'Fail'],
    ['confused:clear', '', '', ''],
    ['calm:anxiety', 'Tranquility', 'Calm', 'Anxiety'],
    ['sentiment', 'Sentiment', 'Positive', 'Negative'],
    ['happiness-sadness', 'Happiness-Sadness', 'Happiness', 'Sadness'],
    ['time of day', 'Time of Day', 'Daytime', 'Nighttime'],
  ])('%s', (pair, concept, a, b) => {
    if (concept === '') {
      expect(() => find(pair)).toThrow(
        `--pair ${pair}: article-20 has no such pair (expected one of happiness:sadness, `,
      );
      return;
    }
    const found = find(pair);
    expect([found.concept, found.poles.a.name, found.poles.b.name]).toEqual([concept, a, b]);
    expect(found.catalogue).toBe('article-20');
    expect(found.recommended).toBeUndefined();
  });

  test('the order of the names is that of the poles', () => {
    expect(find('sad:happy').poles).toEqual({
      a: { name: 'Sad', features: [15682, 15539] },
      b: { name: 'Happy', features: [11697] },
    });
  });

  test('the embedded default steers with what its card recommends, in either order, and only for that concept', () => {
    const { concept, a, b, strength } = recommendedSteering('organism/2-res-2k')!;
    expect(concept).toBe('Happiness-Sadness');
    const found = findPair('sad:happy', { sae: organism });
    expect(found.poles.a).toEqual({ name: 'Sad', features: b.features });
    expect(found.poles.b).toEqual({ name: 'Happy', features: a.features });
    expect(found.recommended?.strength).toBe(strength);
    expect(findPair('Happiness-Sadness', { sae: organism }).poles.a.name).toBe('Happy');
    const calm = findPair('calm:anxious', { sae: organism });
    expect(calm).toMatchObject({ catalogue: 'organism-2', poles: { a: { features: [1274, 824, 1521] } } });
    expect(calm.recommended).toBeUndefined();
  });

  test('each embedded SAE has features of its own', () => {
    const layer1 = findPair('happy:sad', { sae: { label: 'x', neuronpediaId: 'organism/1-res-2k' } });
    expect(layer1.poles.a.features).toEqual([839]);
    expect(layer1.recommended).toMatchObject({ strength: 0.5, saeId: 'organism/1-res-2k' });
    expect(recommendedSteering('gemma-2-2b/20-gemmascope-res-16k')).toBeUndefined();
    expect(recommendedSteering(undefined)).toBeUndefined();
  });

  test('a file of one’s own is looked in instead, and nothing is recommended for it', () => {
    const text = `concepts:
  - { concept: Mood, a: { label: Joy/Happiness, features: [1] }, b: { label: Sadness, features: [2, 3] } }
  - { concept: Joyful, a: { label: happy, features: [4] }, b: { label: sad, features: [5] } }
  - { concept: Other, a: { label: same, features: [6] }, b: { label: Same, features: [7] } }
`;
    const concepts = parseConcepts('mine.yaml', new TextEncoder().encode(text));
    expect(findPair('joy:sad', { sae: organism, concepts })).toEqual({
      poles: { a: { name: 'Joy', features: [1] }, b: { name: 'Sad', features: [2, 3] } },
      concept: 'Mood',
      catalogue: 'mine.yaml',
    });
    expect(findPair('mood', { sae: organism, concepts }).poles.a.name).toBe('Joy');
    expect(() => findPair('happy:sad', { sae: organism, concepts })).toThrow(
      '--pair happy:sad: fits several pairs of mine.yaml (joy:sadness, happy:sad)',
    );
    expect(() => findPair('same:same', { sae: organism, concepts })).toThrow(
      'both poles would be called Same',
    );
  });

  test.each(['', ':', 'happy:', ':sad', 'a:b:c', ' '])('%j is no pair', (pair) => {
    expect(() => find(pair)).toThrow('expected two poles such as happy:sad');
  });

  test('an SAE without a catalogue says what to do', () => {
    expect(() => findPair('happy:sad', { sae: { label: 'mine' } })).toThrow(
      expect.objectContaining({
        kind: 'missing',
        message: 'mine: no pairs of opposites are known for this SAE',
      }),
    );
  });
});

test.each([
  [['happy', 'Happiness', 'happily'], 'happ'],
  [['sad', 'Sadness', 'sadly'], 'sad'],
  [['excited', 'Excitement', 'exciting'], 'excit'],
  [['anxious', 'anxiety'], 'anx'],
  [['fail', 'failing', 'fails'], 'fail'],
  [['bright', 'Brightness'], 'bright'],
])('%j have one stem', (words, stem) => {
  expect(words.map(wordStem)).toEqual(words.map(() => stem));
});

describe('names that no pole can have, though their words are found', () => {
  test.each(['happy:sad\u0000', 'happy\u202e:sad', 'happy:sad!', '+happy:sad', 'happy:sad\n'])(
    '%j',
    (pair) => {
      const trimmed = pair.endsWith('\n');
      if (trimmed) expect(find(pair).poles.b.name).toBe('Sad');
      else expect(() => find(pair)).toThrow(/expected a name of letters, digits, blanks and hyphens/);
    },
  );

  test('every pair that ships can be had by its own names', () => {
    for (const sae of [gemma, organism]) {
      const { concepts } = cataloguesForSae(sae)!;
      expect(concepts.length).toBeGreaterThan(10);
      for (const { concept } of concepts) expect(findPair(concept, { sae }).concept).toBe(concept);
    }
  });

  test('one feature for both poles', () => {
    const text =
      'concepts:\n  - concept: Mood\n    a: { label: glad, features: [1, 2] }\n    b: { label: blue, features: [2] }\n';
    const concepts = parseConcepts('own.yaml', new TextEncoder().encode(text));
    expect(() => findPair('mood', { sae: organism, concepts })).toThrow(
      /^--pair mood: feature 2 stands in both Glad and Blue/,
    );
  });
});
