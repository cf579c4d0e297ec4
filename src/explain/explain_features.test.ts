import { describe, expect, test } from 'vitest';
import { createRng } from '../tensor/rng.ts';
import { explainFeatures } from './explain_features.ts';
import type { FeatureExplanation } from './explanation.ts';
import { FeatureGatherer } from './gather.ts';
import type { FeatureStatistics } from './statistics.ts';

/** How active a feature is on the word at `i` of a text. */
type Rule = (words: readonly string[], i: number) => number;

/** Texts of 12 common words, a name, one of six moods and an end; 400 of them. */
const MOODS = ['happy', 'glad', 'merry', 'sad', 'gloomy', 'upset'];
const rng = createRng(3, 'explain-test');
const pick = <T>(items: readonly T[]): T => items[rng.integer(items.length)]!;
const COMMON = ['the', 'a', 'of', 'to', 'and', 'in', 'is', 'it', 'on', 'we', 'they', 'was'];
const TEXTS: readonly string[][] = Array.from({ length: 400 }, () => [
  ...Array.from({ length: 12 }, () => pick(COMMON)),
  pick(['anna', 'ben', 'carl']),
  'felt',
  pick(MOODS),
  pick(['.', '!', '?']),
  String(rng.integer(900)),
]);

function gather(
  rules: readonly Rule[],
  texts: readonly (readonly string[])[] = TEXTS,
  joined: (pieces: readonly string[]) => readonly string[] = (pieces) => pieces,
): FeatureStatistics {
  const gatherer = new FeatureGatherer({ dSae: rules.length, joinsPieces: true, top: 20, window: 8 });
  texts.forEach((pieces, document) => {
    const words = joined(pieces);
    const fired = pieces.flatMap((_, position) =>
      rules.flatMap((rule, slot) => {
        const activation = rule(pieces, position);
        return activation > 0 ? [{ position, slot, activation }] : [];
      }),
    );
    gatherer.add({
      document,
      tokens: Int32Array.from(words, (_, i) => document * 100 + i),
      words: {
        words,
        pieces,
        next: words.map((_, i) => words[i + 1]),
        previous: words.map((_, i) => words[i - 1]),
      },
      counted: words.map((_, i) => i),
      positions: fired.map(({ position }) => position),
      slots: fired.map(({ slot }) => slot),
      activations: fired.map(({ activation }) => activation),
    });
  });
  return gatherer.statistics();
}

function explain(
  rule: Rule,
  texts?: readonly (readonly string[])[],
  joined?: (pieces: readonly string[]) => readonly string[],
): FeatureExplanation {
  const [found] = explainFeatures(gather([() => 0, rule], texts, joined));
  expect(found?.feature).toBe(1);
  return found!;
}

/** Noise on common words that carries `share` of the mass beside what `rule` gives. */
function withNoise(rule: Rule, share: number): Rule {
  const own = TEXTS.reduce((sum, words) => sum + words.reduce((s, _, i) => s + rule(words, i), 0), 0);
  const noise = (own * share) / (1 - share) / (TEXTS.length * 12);
  return (words, i) => rule(words, i) + (i < 12 ? noise : 0);
}

const isOneOf =
  (...of: string[]): Rule =>
  (words, i) =>
    of.includes(words[i]!) ? 2 : 0;

describe('explainFeatures', () => {
  test('one word, with the share of the mass rounded down', () => {
    expect(explain(isOneOf('felt'))).toMatchObject({
      kind: 'word',
      share: 1,
      words: ['felt'],
      description: 'the word "felt" (100 % of activation)',
    });
    const noisy = explain(withNoise(isOneOf('felt'), 0.205));
    expect(noisy.description).toBe('the word "felt" (79 % of activation)');
    expect(noisy.share).toBeCloseTo(0.795);
  });

  test('several words, strongest first', () => {
    const found = explain((words, i) =>
      words[i] === 'glad' ? 3 : ['happy', 'merry'].includes(words[i]!) ? 2 : 0,
    );
    expect(found.kind).toBe('words');
    expect(found.words[0]).toBe('glad');
    expect(found.words.toSorted()).toEqual(['glad', 'happy', 'merry']);
    expect(found.description).toMatch(
      /^words such as "glad", "(happy|merry)", "(happy|merry)" \(100 % of activation\)$/,
    );
  });

  test('signs, numbers, punctuation and line breaks have their names', () => {
    expect(explain(isOneOf('!')).description).toBe('the sign "!" (100 % of activation)');
    expect(explain((words, i) => (/^\d/.test(words[i]!) ? 1 : 0))).toMatchObject({ kind: 'class', share: 1 });
    expect(explain((words, i) => (/^\d/.test(words[i]!) ? 1 : 0)).description).toMatch(
      /^numbers such as "\d+", "\d+", "\d+", "\d+" \(100 % of activation\)$/,
    );
    const signs = [...',;:()[]{}*&%$#@+'].map((sign, i) => ['x', 'y', sign, `z${i % 3}`]);
    expect(explain((words, i) => (i === 2 ? 1 : words[i] === '' ? 1 : 0), signs).description).toMatch(
      /^punctuation such as .* \(100 % of activation, on 16 tokens only\)$/,
    );
    const lines = TEXTS.slice(0, 30).map((words) => [...words, '\n', 'x', '"']);
    expect(explain(isOneOf('\n'), lines).description).toBe('a line break (100 % of activation)');
    expect(explain(isOneOf('"'), lines).description).toBe(`the sign '"' (100 % of activation)`);
  });

  test('what comes next or came before, with where the feature is', () => {
    const before = explain((words, i) => (words[i + 1] === 'happy' ? 1 : 0));
    // Every mood follows `felt`, a seventeenth of the text; `happy` is six times as rare.
    expect(before).toMatchObject({
      kind: 'next',
      description: 'text just before the word "happy" (100 % of activation), 100 % at "felt"',
    });
    const after = explain((words, i) => (words[i - 1] === 'carl' ? 1 : 0));
    expect(after).toMatchObject({
      kind: 'previous',
      description: 'text just after the word "carl" (100 % of activation), 100 % at "felt"',
    });
  });

  test('the beginning of texts', () => {
    expect(explain((_, i) => (i === 0 ? 5 : 0)).description).toBe(
      'the first token of a text (100 % of activation)',
    );
    expect(explain(withNoise((_, i) => (i < 4 ? 5 : 0), 0.3))).toMatchObject({
      kind: 'position',
      firstTokens: 4,
    });
  });

  test('dense and mixed features say so, and name what stands out', () => {
    const dense = explain((words, i) => (words[i] === 'sad' ? 8 : 1));
    expect(dense.kind).toBe('dense');
    expect(dense.description).toMatch(
      /^active on 100 % of all tokens, most on "sad" \(\d+ % of activation\); strongest at the word "sad" \(20 of 20 top contexts\)$/,
    );
    const mixed = explain((words, i) => (i % 13 === 5 ? 1 : words[i] === 'sad' ? 0.9 : 0));
    expect(mixed.kind).toBe('mixed');
    expect(mixed.share).toBeLessThan(0.5);
    expect(mixed.description).toContain('mixed contexts, including');
    expect(mixed.topWord!.of).toBe(20);
  });

  test('the word of the top contexts, where the rest is mixed', () => {
    const found = explain((words, i) => (words[i] === 'merry' ? 3 : i === 5 ? 1 : 0));
    expect(found.kind).toBe('peak');
    expect(found.description).toMatch(
      /^strongest at the word "merry" \(20 of 20 top contexts\), with "merry" \(\d\d % of activation\)$/,
    );
    expect(found.share).toBeLessThan(0.5);
  });

  test('pieces of words, as in some words', () => {
    const ing = TEXTS.map((words, i) => [
      ...words,
      ['play', 'walk', 'jump', 'sing', 'cry', 'eat'][i % 6]!,
      'ing',
    ]);
    const joined = (words: readonly string[]): string[] =>
      words.map((word, i) =>
        word === 'ing' ? `${words[i - 1]}ing` : words[i + 1] === 'ing' ? `${word}ing` : word,
      );
    const found = explain((words, i) => (words[i] === 'ing' ? 1 : 0), ing, joined);
    expect(found.kind).toBe('piece');
    expect(found.description).toMatch(
      /^the piece "ing", as in "\w+ing", "\w+ing", "\w+ing" \(100 % of activation\)$/,
    );
    // All of one word is the word, though a piece of it is rarer.
    const one = explain((words, i) => (words[i] === 'ing' && words[i - 1] === 'jump' ? 1 : 0), ing, joined);
    expect(one.description).toBe('the word "jumping" (100 % of activation)');
  });

  test('few firings are said', () => {
    let seen = 0;
    const rare = explain((words, i) => (words[i] === 'anna' && seen++ < 2 ? 1 : 0));
    expect(rare.description).toBe('the word "anna" (100 % of activation, on 2 tokens only)');
  });

  test('control characters of a corpus do not reach the sentence', () => {
    const odd = TEXTS.slice(0, 30).map((words) => [...words, 'bad\u001b[31m\u202eword']);
    expect(explain((words, i) => (words[i]!.startsWith('bad') ? 1 : 0), odd).description).toBe(
      'the word "bad\ufffd[31m\ufffdword" (100 % of activation)',
    );
  });

  test('features that never fired have none, and the same statistics give the same sentences', () => {
    const statistics = gather([isOneOf('sad'), () => 0, isOneOf('glad', 'felt')]);
    const once = explainFeatures(statistics);
    expect(once.map(({ feature }) => feature)).toEqual([0, 2]);
    expect(explainFeatures(statistics)).toEqual(once);
  });
});
