import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTokenizer } from '../../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import { createCorpus } from '../grammar/corpus.ts';
import { tokenizerConfigJson, tokenizerJson, vocabularyOf } from './tokenizer_json.ts';
import { splitWords, trainBpe } from './train_bpe.ts';
import { trainTokenizer } from './train_tokenizer.ts';
import { createWordEncoder } from './word_encoder.ts';

const corpus = createCorpus(5, 'train');
const bpe = trainTokenizer(corpus, 12_000);
const texts = createCorpus(5, 'validation')
  .documents(0, 150)
  .map(({ text }) => text);

let folder = '';
let tokenizer: Tokenizer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-tokenizer-'));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerJson(bpe)));
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(tokenizerConfigJson(128)));
  tokenizer = await openTokenizer(folder);
});

afterAll(() => rm(folder, { recursive: true }));

describe('byte-pair encoding', () => {
  test('merges the most frequent pair first, the first in order of several', () => {
    const counts = new Map([
      ['abab', 2],
      ['cdab', 1],
      ['xy', 5],
      ['pq', 5],
    ]);
    const { merges, words } = trainBpe(counts);
    // ab: 2 x 2 + 1; pq and xy as often: p comes before x, a before both.
    expect(merges.slice(0, 3)).toEqual([
      ['a', 'b'],
      ['p', 'q'],
      ['x', 'y'],
    ]);
    expect(words).toEqual([]);
  });

  test('does not depend on the order of the counts', () => {
    const counts = new Map(
      texts
        .flatMap(splitWords)
        .sort()
        .map((word, index) => [word, 1 + (index % 7)]),
    );
    const reversed = new Map([...counts].reverse());
    expect(trainBpe(reversed)).toEqual(trainBpe(counts));
  });

  test('has every piece once, and every merge makes a piece', () => {
    const vocabulary = vocabularyOf(bpe);
    expect(new Set(vocabulary).size).toBe(vocabulary.length);
    const known = new Set(vocabulary);
    for (const [left, right] of bpe.merges) {
      expect([left, right, left + right].filter((piece) => !known.has(piece))).toEqual([]);
    }
  });
});

describe('its files', () => {
  test('give a token per word of the grammar, between the beginning and the end', () => {
    const encoder = createWordEncoder(bpe);
    for (const text of texts) {
      const ids = tokenizer.encode(text);
      expect([...ids, 1]).toEqual(encoder.encode(text));
      expect(ids.length).toBe(1 + splitWords(text).length);
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(text);
    }
  });

  test("name the special tokens as Gemma's files do", () => {
    expect(tokenizer.bosId).toBe(2);
    expect(tokenizer.eosIds).toEqual([1]);
    expect(tokenizer.decode([0, 3, 4, 5])).toBe('<pad><unk><start_of_turn><end_of_turn>');
    expect(tokenizer.vocabSize).toBe(vocabularyOf(bpe).length);
  });

  test.each([
    'Zebras quickly vexed 27 jumping, odd wizards!',
    'naïve café 日本 🙂',
    '  two  spaces\nand\ta tab',
  ])('keep what the grammar does not know: %j', (text) => {
    expect(tokenizer.decode(tokenizer.encode(text), { skipSpecialTokens: true })).toBe(text);
  });

  test('refuse nothing and lose nothing, but the word encoder is for the grammar alone', () => {
    expect(() => createWordEncoder(bpe).encode('Zebras')).toThrow('is no word of the tokenizer');
  });
});
