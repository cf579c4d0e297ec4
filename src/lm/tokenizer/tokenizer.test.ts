import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runs } from '../../../test/support/effort.ts';
import {
  FIXTURES,
  failure,
  type Json,
  LAYOUTS,
  makeFolder,
  openChangedIn,
} from '../../../test/support/tokenizer_fixtures.ts';
import { openTokenizer } from './open_tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

let folder: string;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => rm(folder, { recursive: true }));

const openChanged = (layout: string, changes: Record<string, Json | string | null>): Promise<Tokenizer> =>
  openChangedIn(folder, layout, changes);

describe.each(LAYOUTS)('%s', (layout) => {
  test('pieces that come one by one, joined, are the text of all; what was shown never changes', async () => {
    const tokenizer = await openTokenizer(`${FIXTURES}${layout}`);
    const id = fc.nat(tokenizer.vocabSize - 1);
    fc.assert(
      fc.property(fc.array(id, { maxLength: 30 }), fc.boolean(), (ids, skipSpecialTokens) => {
        const decoder = tokenizer.createDecoder({ skipSpecialTokens });
        let shown = '';
        for (const [i, next] of ids.entries()) {
          shown += decoder.push(next);
          expect(tokenizer.decode(ids.slice(0, i + 1), { skipSpecialTokens }).startsWith(shown)).toBe(true);
          expect(shown).not.toMatch(/\p{Surrogate}/u);
        }
        expect(shown + decoder.end()).toBe(tokenizer.decode(ids, { skipSpecialTokens }));
      }),
      { numRuns: runs(50) },
    );
  });

  test('any text, lone surrogates included, gives ids of the vocabulary, the same each time', async () => {
    const tokenizer = await openTokenizer(`${FIXTURES}${layout}`);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.array(fc.nat(0xffff)), (text, units) => {
        for (const given of [text, String.fromCharCode(...units)]) {
          const ids = tokenizer.encode(given);
          expect(ids.every((id) => tokenizer.tokenText(id) !== undefined)).toBe(true);
          expect(tokenizer.encode(given)).toEqual(ids);
          expect(tokenizer.encode(given.replace(/\p{Surrogate}/gu, '\uFFFD'))).toEqual(ids);
        }
      }),
      { numRuns: runs(20) },
    );
  });

  test('the empty text is what stands around a text, and nothing without it', async () => {
    const tokenizer = await openTokenizer(`${FIXTURES}${layout}`);
    expect([...tokenizer.encode('', { addSpecialTokens: false })]).toEqual([]);
    expect([...tokenizer.encode('')].every((id) => tokenizer.isSpecial(id))).toBe(true);
    expect(tokenizer.decode([])).toBe('');
  });

  test('ids that are none', async () => {
    const tokenizer = await openTokenizer(`${FIXTURES}${layout}`);
    for (const id of [-1, tokenizer.vocabSize, 1.5, Number.NaN, 2 ** 40]) {
      const message = `id ${id}: is not in the vocabulary (it has ids from 0 to ${tokenizer.vocabSize - 1}`;
      for (const use of [() => tokenizer.decode([0, id]), () => tokenizer.tokenText(id)]) {
        const error = await failure(use);
        expect(error.kind).toBe('usage');
        expect(error.message).toContain(message);
      }
      expect(tokenizer.isSpecial(id)).toBe(false);
    }
  });
});

describe('texts come back from their ids', () => {
  test.each(['gemma', 'gpt2', 'llama3', 'llama2'])('%s', async (layout) => {
    const tokenizer = await openTokenizer(`${FIXTURES}${layout}`);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        // U+2581 is how these vocabularies write a space: it cannot come back.
        const plain = text.replaceAll('▁', '');
        expect(tokenizer.decode(tokenizer.encode(plain, { addSpecialTokens: false }))).toBe(plain);
      }),
      { numRuns: runs(40) },
    );
  });
});

describe('the beginning of a text is what the files say', () => {
  const BOS = 2;
  const first = (tokenizer: Tokenizer, text = 'a'): number => tokenizer.encode(text)[0]!;
  const template = { type: 'ByteLevel' };

  test('the post-processor decides where add_bos_token is not stated', async () => {
    expect(first(await openChanged('gemma', { 'tokenizer_config.json': null }))).toBe(BOS);
    const without = await openChanged('gemma', {
      'tokenizer_config.json': { add_bos_token: null },
      'tokenizer.json': { post_processor: template },
    });
    expect(without.bosId).toBe(BOS);
    expect(first(without)).not.toBe(BOS);
  });

  test('add_bos_token decides where it is stated, add_eos_token for the end', async () => {
    expect(first(await openChanged('gemma', { 'tokenizer_config.json': { add_bos_token: false } }))).not.toBe(
      BOS,
    );
    const stated = await openChanged('gemma', { 'tokenizer.json': { post_processor: null } });
    expect([...stated.encode('')]).toEqual([BOS]);
    const both = await openChanged('gemma', { 'tokenizer_config.json': { add_eos_token: true } });
    expect([...both.encode('')]).toEqual([BOS, 1]);
    const ends = await openChanged('metaspace', { 'tokenizer_config.json': { add_eos_token: false } });
    expect(ends.encode('a').at(-1)).not.toBe(2);
  });

  test('it is not written twice, and stays where it was in the text', async () => {
    const tokenizer = await openTokenizer(`${FIXTURES}gemma`);
    const count = (text: string): number => tokenizer.encode(text).filter((id) => id === BOS).length;
    expect([count('a'), count('<bos>a'), count('<bos>a<bos>'), count('a<bos>')]).toEqual([1, 1, 2, 2]);
  });

  test('a model without any such token gets none', async () => {
    const tokenizer = await openTokenizer(`${FIXTURES}word_level`);
    expect(tokenizer.bosId).toBeUndefined();
    expect(tokenizer.eosIds).toEqual([]);
    expect([...tokenizer.encode('the cat')]).toEqual([2, 3]);
  });

  test('the ends of a generation come from all the files', async () => {
    expect((await openTokenizer(`${FIXTURES}gemma`)).eosIds).toEqual([1, 5]);
    expect((await openTokenizer(`${FIXTURES}llama2`)).eosIds).toEqual([2]);
    const stated = await openChanged('word_level', {
      'config.json': { eos_token_id: [4, 999], bos_token_id: 1 },
    });
    expect([stated.eosIds, stated.bosId]).toEqual([[4], 1]);
  });

  test('a classifier and separator around the text (RoBERTa)', async () => {
    const post_processor = { type: 'RobertaProcessing', sep: ['</s>', 2], cls: ['<s>', 1] };
    const tokenizer = await openChanged('metaspace', { 'tokenizer.json': { post_processor } });
    expect([...tokenizer.encode('')]).toEqual([1, 2]);
  });
});

test('what one token writes, for tables', async () => {
  const text = async (layout: string, given: string): Promise<string[]> => {
    const tokenizer = await openTokenizer(`${FIXTURES}${layout}`);
    return [...tokenizer.encode(given, { addSpecialTokens: false })].map((id) => tokenizer.tokenText(id));
  };
  expect((await text('gpt2', 'the warm 👍')).slice(-5)).toEqual([
    ' ',
    '<0xF0>',
    '<0x9F>',
    '<0x91>',
    '<0x8D>',
  ]);
  expect(await text('gemma', '<bos> 👍')).toEqual(['<bos>', ' ', '<0xF0>', '<0x9F>', '<0x91>', '<0x8D>']);
  expect((await text('llama2', 'the cat')).join('')).toBe(' the cat');
  expect(await text('word_level', 'The cat')).toEqual(['the', 'cat']);
});
