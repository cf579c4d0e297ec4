import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { FIXTURES, LAYOUTS } from '../../test/support/tokenizer_fixtures.ts';
import { writeWordTokenizer } from '../../test/support/word_tokenizer.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import { createWordReader } from './word_units.ts';

/** Words of a text, one per run of equal neighbours. */
async function wordsOf(tokenizer: Tokenizer, text: string): Promise<(string | undefined)[]> {
  const { words } = createWordReader(tokenizer).read(tokenizer.encode(text));
  return words.filter((word, i) => i === 0 || word !== words[i - 1]);
}

// Tokenizers with small vocabularies: words fall into several pieces.
describe.each(['gemma', 'gpt2', 'llama2', 'llama3'])('%s', (layout) => {
  test('pieces are joined to words; signs outside of words stand alone', async () => {
    const tokenizer = await openTokenizer(`${FIXTURES}${layout}`);
    const words = await wordsOf(tokenizer, 'She said: "Unbelievably, don\'t!" 3.5 well-known');
    const plain = words.filter((word) => word !== undefined && word.trim() !== '');
    expect(plain.filter((word) => /[a-z0-9]/.test(word!))).toEqual([
      'she',
      'said',
      'unbelievably',
      "don't",
      '3.5',
      'well-known',
    ]);
    expect(plain.join('')).toMatch(/^shesaid[:" ]+unbelievably,+don't[!"]+3.5well-known$/);
  });

  test('characters of several bytes belong to their word, and case is folded', async () => {
    const tokenizer = await openTokenizer(`${FIXTURES}${layout}`);
    const words = await wordsOf(tokenizer, 'Żółw É 😀 x');
    expect(words.filter((word) => word !== undefined && word.trim() !== '')).toEqual([
      'żółw',
      'é',
      '😀',
      'x',
    ]);
  });
});

describe('any text', () => {
  test.each(LAYOUTS)('%s: one word or none per token, the next word is another one', async (layout) => {
    const tokenizer = await openTokenizer(`${FIXTURES}${layout}`);
    const reader = createWordReader(tokenizer);
    fc.assert(
      fc.property(fc.array(fc.nat(tokenizer.vocabSize - 1), { maxLength: 30 }), (ids) => {
        const known = ids.filter((id) => isKnown(tokenizer, id));
        const { words, next } = reader.read(known);
        expect(words.length).toBe(known.length);
        expect(next.length).toBe(known.length);
        known.forEach((id, i) => {
          expect(words[i] === undefined).toBe(tokenizer.isSpecial(id));
          expect(words[i]).not.toBe('');
          if (next[i] !== undefined) expect(words.slice(i + 1)).toContain(next[i]);
        });
      }),
      { numRuns: runs(100) },
    );
  });
});

function isKnown(tokenizer: Tokenizer, id: number): boolean {
  try {
    tokenizer.tokenText(id);
    return true;
  } catch {
    return false;
  }
}

describe('words and what follows', () => {
  test('the next word is the same for every piece of a word, and none crosses a special token', async () => {
    const tokenizer = await openTokenizer(`${FIXTURES}gemma`);
    const ids = tokenizer.encode('unbelievably good.');
    const { words, next, previous } = createWordReader(tokenizer).read([
      ...ids,
      tokenizer.bosId!,
      ...ids.slice(1),
    ]);
    expect(words[0]).toBe(undefined);
    words.forEach((word, i) => {
      if (word === 'unbelievably') expect(next[i]).toBe('good');
      if (word === 'good') expect(next[i]).toBe('.');
      if (word === '.') expect(next[i]).toBe(undefined);
    });
    words.forEach((word, i) => {
      if (word === 'good') expect(previous[i]).toBe('unbelievably');
      if (word === 'unbelievably') expect(previous[i]).toBe(undefined);
    });
    expect(new Set(words)).toEqual(new Set([undefined, 'unbelievably', 'good', '.']));
  });

  test('runs longer than any word, and scripts without spaces, give their pieces', async () => {
    const tokenizer = await openTokenizer(`${FIXTURES}gpt2`);
    const reader = createWordReader(tokenizer);
    const long = reader.read(tokenizer.encode('x'.repeat(60)));
    expect(long.words.every((word) => word!.length < 41)).toBe(true);
    expect(long.words.length).toBeGreaterThan(1);
    expect(new Set(reader.read(tokenizer.encode('日本')).words)).toEqual(new Set(['日本']));
  });

  test('a tokenizer whose pieces hold no blanks gives the pieces', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'antipode-words-'));
    try {
      await writeWordTokenizer(folder, 6, { words: { 2: 'Happy', 3: 'sad' } });
      const reader = createWordReader(await openTokenizer(folder));
      expect(reader.joinsPieces).toBe(false);
      expect(reader.read([1, 2, 3, 3])).toEqual({
        words: [undefined, 'happy', 'sad', 'sad'],
        pieces: [undefined, 'Happy', 'sad', 'sad'],
        next: [undefined, 'sad', 'sad', undefined],
        previous: [undefined, undefined, 'happy', 'sad'],
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
