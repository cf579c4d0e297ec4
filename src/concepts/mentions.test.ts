import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOpposites } from './discover_axes.ts';
import { mentionsIn } from './mentions.ts';

const opposites = readOpposites();

/** The side of the article's concept that a text is on, by its label; undefined where it is on neither. */
function sideOf(text: string, concept: string): string | undefined {
  const axis = opposites.axes.findIndex((one) => one.concept === concept);
  const mention = mentionsIn(text, opposites).mentions.find((one) => one.axis === axis);
  return mention && opposites.axes[axis]!.labels![mention.side];
}

/** Strength of the sense of a word whose opposite is another word. */
function strengthOf(text: string, word: string, opposite: string): number {
  const { mentions } = mentionsIn(text, opposites);
  return Math.max(
    0,
    ...mentions
      .filter(({ axis, side, said }) => {
        const other = opposites.axes[axis]!.sides[side === 0 ? 1 : 0];
        const kind = other.get(opposite)?.kind;
        return said === word && (kind === 'exact' || kind === 'listed');
      })
      .map(({ strength }) => strength),
  );
}

describe('negation', () => {
  it.each([
    ['phrases related to happiness and joy', 'Happiness-Sadness', 'Happiness'],
    ['the word "not happy"', 'Happiness-Sadness', 'Sadness'],
    ['people who are not very happy', 'Happiness-Sadness', 'Sadness'],
    ["people who aren't happy", 'Happiness-Sadness', 'Sadness'],
    ['a lack of happiness', 'Happiness-Sadness', 'Sadness'],
    ['never sad', 'Happiness-Sadness', 'Happiness'],
    ['not without happiness', 'Happiness-Sadness', 'Happiness'],
    ['not only happy people', 'Happiness-Sadness', 'Happiness'],
    ['not angry, happy', 'Happiness-Sadness', 'Happiness'],
    ['not angry but happy', 'Happiness-Sadness', 'Happiness'],
    ['happiness rather than sadness', 'Happiness-Sadness', 'Happiness'],
    ['sadness instead of happiness', 'Happiness-Sadness', 'Sadness'],
    ['happiness is absent', 'Happiness-Sadness', 'Sadness'],
    ['absence of light', 'Luminance', 'Dark'],
    ['rooms without light', 'Luminance', 'Dark'],
    ['devoid of brightness', 'Luminance', 'Dark'],
    ['loss of speed', 'Pace', 'Slowness'],
    ['anxiety-free evenings', 'Tranquility', 'Calm'],
    ['non-random processes', 'Randomness', 'Systematic'],
    ['inability to succeed', 'Outcome', 'Failure'],
    ['words such as "not", "happy"', 'Happiness-Sadness', 'Happiness'],
    ['the words "no" and "never", and happiness', 'Happiness-Sadness', 'Happiness'],
  ])('%s is about %s: %s', (text, concept, side) => {
    expect(sideOf(text, concept)).toBe(side);
  });

  it.each([
    ['presence or absence of light', 'Luminance'],
    ['happiness and sadness', 'Happiness-Sadness'],
    ['changes from dark to bright', 'Luminance'],
    ['not necessarily happy', 'Happiness-Sadness'],
    ['things unlike happiness', 'Happiness-Sadness'],
  ])('%s is on neither side of %s', (text, concept) => {
    expect(sideOf(text, concept)).toBeUndefined();
  });

  it('a text about both sides is a contrast', () => {
    const axis = opposites.axes.findIndex(({ concept }) => concept === 'Happiness-Sadness');
    expect(mentionsIn('swings between happiness and sadness', opposites).contrasts).toContain(axis);
  });

  it('a negated word says less than the word of the other side', () => {
    const [sad] = mentionsIn('sad', opposites).mentions;
    const negated = mentionsIn('not happy', opposites).mentions.find(({ axis }) => axis === sad!.axis);
    expect([sad!.strength, negated!.strength, negated!.isNegated]).toEqual([1, 0.8, true]);
  });

  it('what is not frosty need not be hot', () => {
    expect(strengthOf('frosty weather', 'frosty', 'hot')).toBeGreaterThan(0.3);
    expect(mentionsIn('not frosty', opposites).mentions).toEqual([]);
  });
});

describe('senses', () => {
  it.each([
    ['cold weather and low temperatures', 'cold', 'hot'],
    ['references to cold water', 'cold', 'hot'],
    ['light from the sun', 'light', 'dark'],
    ['light weights and small loads', 'light', 'heavy'],
    ['the left side of the road', 'left', 'right'],
    ['the right hand', 'right', 'left'],
    ['right answers to a question', 'right', 'wrong'],
    ['hard surfaces of stone', 'hard', 'soft'],
    ['hard problems', 'hard', 'easy'],
    ['short distances', 'short', 'long'],
    ['old people', 'old', 'young'],
    ['old versions of a file', 'old', 'new'],
  ])('%s: %s is the opposite of %s', (text, word, opposite) => {
    expect(strengthOf(text, word, opposite)).toBeGreaterThan(0.4);
  });

  it.each([
    ['symptoms of the common cold and influenza', 'cold', 'hot'],
    ['cold virus infections', 'cold', 'hot'],
    ['the cold war', 'cold', 'hot'],
    ['light weights and small loads', 'light', 'dark'],
    ['light from the sun', 'light', 'heavy'],
    ['people who left home', 'left', 'right'],
    ['legal rights and civil law', 'rights', 'left'],
    ['the right hand', 'right', 'wrong'],
    ['hard disk drives', 'hard', 'soft'],
    ['high school students', 'high', 'low'],
    ['a kind of animal', 'kind', 'unkind'],
    ['the mean and variance', 'mean', 'kind'],
    ['heart failure', 'failure', 'success'],
    ['the surname "Long"', 'long', 'short'],
    ['books by Stephen King and Brian Dark', 'dark', 'light'],
    ['numbers and counts', 'numbers', 'sensitive'],
    ['open source software', 'open', 'close'],
  ])('%s: %s is not the opposite of %s', (text, word, opposite) => {
    expect(strengthOf(text, word, opposite)).toBeLessThan(0.3);
  });
});

describe('what a mention is worth', () => {
  const strength = (text: string): number =>
    mentionsIn(text, opposites).mentions.find(
      ({ axis }) => opposites.axes[axis]!.concept === 'Happiness-Sadness',
    )?.strength ?? 0;

  it('is the product of its factors', () => {
    for (const text of [
      'not happy',
      'sad songs in the context of war',
      'just after "joyful", "glad", "tree"',
    ]) {
      for (const { word, sense, focus, polarity, use, strength: whole } of mentionsIn(text, opposites)
        .mentions) {
        expect(whole).toBeCloseTo(word * sense * focus * polarity * use, 12);
      }
    }
  });

  it.each([
    ['happiness', 'happiness of dogs'],
    ['happiness of dogs', 'happiness of dogs, trees and books'],
    ['dogs and happiness', 'dogs, particularly happiness'],
    ['the word "happy"', 'text just after the word "happy"'],
    ['happy music', 'happy-music'],
    ['happy people', 'people at the happy hour'],
  ])('%s is worth more than %s', (more, less) => {
    expect(strength(more)).toBeGreaterThan(strength(less));
    expect(strength(less)).toBeGreaterThan(0);
  });

  it('words for the same side do not distract from each other', () => {
    expect(strength('joy, happiness, gladness and delight')).toBe(1);
  });

  it('stock phrases of explanations say nothing', () => {
    expect(strength('references to various expressions related to happiness')).toBe(1);
    expect(mentionsIn('specific references to various kinds of terms', opposites).mentions).toEqual([]);
  });

  it('grammar counts where the text is about it alone', () => {
    const said = (text: string): string[] => mentionsIn(text, opposites).mentions.map((one) => one.said);
    expect(said('the word "up" in various contexts')).toContain('up');
    expect(said('phrases that end up in lists')).not.toContain('up');
    expect(said('words such as "up", "the"')).not.toContain('up');
  });

  it('a quotation mark without a partner quotes nothing', () => {
    expect(strength('happiness of 12" records')).toBe(strength('happiness of 12 records'));
    expect(strength('happiness and the word "tree')).toBe(strength('happiness and the word tree'));
  });

  it('any text at all gives mentions in range, on one side each', () => {
    const words = fc.constantFrom(
      ...[
        'not',
        'happy',
        'sad',
        'lack of',
        '"',
        ',',
        'rather than',
        'non-',
        '’',
        'light',
        'dark',
        '\u0000',
        '\u2028',
      ],
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(words, { maxLength: 30 }).map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const { mentions } = mentionsIn(text, opposites);
        expect(new Set(mentions.map(({ axis }) => axis)).size).toBe(mentions.length);
        for (const { strength: one } of mentions) {
          expect(one).toBeGreaterThan(0);
          expect(one).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 300 },
    );
  });
});
