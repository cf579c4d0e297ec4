import { describe, expect, test } from 'vitest';
import { moodFeatures } from './mood_features.ts';
import { nearestFeature, pureFeatures } from './pole_features.ts';
import { createWordMassCounter, poleMass, type WordMass } from './word_mass.ts';

/** One token per entry: its word and what each feature does there, as often as `times` says. */
function massOf(tokens: readonly (readonly [string, readonly number[]])[], times = 1): WordMass {
  const width = tokens[0]![1].length;
  const counter = createWordMassCounter(width);
  for (let i = 0; i < times; i++) {
    const data = Float32Array.from(tokens.flatMap(([, acts]) => acts));
    counter.add(
      { data, rows: tokens.length, cols: width },
      tokens.map(([word]) => word),
    );
  }
  return counter.result();
}

describe('word mass', () => {
  const mass = massOf([
    ['joy', [2, 0, 0]],
    ['the', [1, 4, 0]],
    ['glad', [2, 0, 0]],
    ['joy', [0, 4, 0]],
  ]);

  test('adds up activations per word, counts tokens and remembers the largest', () => {
    expect(mass.words).toEqual(['joy', 'the', 'glad']);
    expect([...mass.mass]).toEqual([2, 4, 0, 1, 4, 0, 2, 0, 0]);
    expect([...mass.active]).toEqual([3, 2, 0]);
    expect([...mass.maxima]).toEqual([2, 4, 0]);
    expect(mass.tokens).toBe(4);
  });

  test('gives the share on own words and how many they effectively are', () => {
    const isOwn = [true, false, true];
    expect(poleMass(mass, 0, isOwn).share).toBeCloseTo(4 / 5, 12);
    expect(poleMass(mass, 0, isOwn).effectiveWords).toBeCloseTo(2, 12);
    expect(poleMass(mass, 1, isOwn)).toEqual({ share: 0.5, effectiveWords: 1 });
    expect(poleMass(mass, 2, isOwn)).toEqual({ share: 0, effectiveWords: 0 });
    expect(poleMass(mass, 0, [false, false, false])).toEqual({ share: 0, effectiveWords: 0 });
  });

  test('three equal words are three, unequal ones fewer: exp of the entropy', () => {
    const equal = massOf([
      ['a', [1]],
      ['b', [1]],
      ['c', [1]],
    ]);
    expect(poleMass(equal, 0, [true, true, true]).effectiveWords).toBeCloseTo(3, 12);
    const uneven = massOf([
      ['a', [3]],
      ['b', [1]],
    ]);
    const entropy = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25));
    expect(poleMass(uneven, 0, [true, true]).effectiveWords).toBeCloseTo(Math.exp(entropy), 12);
  });

  test('takes no activations that do not fit the words', () => {
    const counter = createWordMassCounter(2);
    expect(() => counter.add({ data: new Float32Array(4), rows: 2, cols: 2 }, ['one'])).toThrow('internal');
  });
});

describe('features of a pole', () => {
  // 0: pure on two words and a bit. 1: pure on one word. 2: 60 % own. 3: pure on three words and stronger. 4: never active.
  const mass = massOf(
    [
      ['joy', [1, 5, 3, 4, 0]],
      ['glad', [1, 0, 3, 4, 0]],
      ['merry', [0.2, 0, 0, 4, 0]],
      ['stone', [0.1, 0, 4, 0, 0]],
    ],
    30,
  );
  const ownWords = ['joy', 'glad', 'merry', 'cheerful'];

  test('are those with 70 % on two words or more, the one with the most activation first', () => {
    const pure = pureFeatures({ mass, ownWords });
    expect(pure.map(({ feature }) => feature)).toEqual([3, 0]);
    expect(pure[0]).toMatchObject({
      share: 1,
      density: 0.75,
      ownMass: 360,
      topWords: ['joy', 'glad', 'merry'],
    });
    expect(pure[1]!.share).toBeCloseTo(2.2 / 2.3, 6);
  });

  test('have to be active often enough', () => {
    const rule = { minShare: 0.7, minEffectiveWords: 2, minTokens: 121 };
    expect(pureFeatures({ mass, ownWords, rule })).toEqual([]);
  });

  test('are none where no feature keeps the rule; the nearest is another one on several words', () => {
    const others = ['stone', 'glad'];
    expect(pureFeatures({ mass, ownWords: others }).map(({ feature }) => feature)).toEqual([]);
    const rule = { minShare: 0.7, minEffectiveWords: 1.5, minTokens: 30 };
    expect(nearestFeature({ mass, ownWords: others, rule }).feature).toBe(2);
    expect(() => nearestFeature({ mass, ownWords: ['cheerful'] })).toThrow('internal');
  });
});

describe('features that carry a mood', () => {
  const activations = new Map([
    ['happy', Float64Array.of(2, 1, 0, 3)],
    ['sad', Float64Array.of(0, 1, 2, 3)],
    ['', Float64Array.of(0, 0, 0, 3)],
  ]);

  test('are active behind that mood and not behind the others', () => {
    expect(moodFeatures(activations, 'happy', 2)).toEqual([
      { feature: 0, mean: 2, specificity: 1 },
      { feature: 3, mean: 3, specificity: 1 / 3 },
    ]);
    expect(moodFeatures(activations, 'sad', 1)[0]!.feature).toBe(2);
  });

  test('cannot be found for a mood that no text has', () => {
    expect(() => moodFeatures(activations, 'angry', 1)).toThrow(
      'internal: no greeting follows the mood angry',
    );
  });
});
