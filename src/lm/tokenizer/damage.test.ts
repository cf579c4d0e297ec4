import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runs, stride } from '../../../test/support/effort.ts';
import {
  FIXTURES,
  failure,
  type Json,
  LAYOUTS,
  makeFolder,
  openChangedIn,
} from '../../../test/support/tokenizer_fixtures.ts';
import { AntipodeError } from '../../errors.ts';
import { openTokenizer } from './open_tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

let folder: string;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => rm(folder, { recursive: true }));

const openChanged = (layout: string, changes: Record<string, Json | string | null>): Promise<Tokenizer> =>
  openChangedIn(folder, layout, changes);

describe('broken files are one sentence', () => {
  test('none, a folder without one, an older one', async () => {
    expect((await failure(() => openTokenizer(join(folder, 'nowhere')))).message).toMatch(
      /nowhere: no such folder$/,
    );
    await writeFile(join(folder, 'file'), '');
    expect((await failure(() => openTokenizer(join(folder, 'file')))).message).toMatch(
      /is not a folder of a model$/,
    );
    const none = await failure(() => openTokenizer(folder));
    expect([none.kind, none.message]).toEqual(['missing', `${folder}: has no tokenizer.json`]);
    await writeFile(join(folder, 'tokenizer.model'), 'x');
    expect((await failure(() => openTokenizer(folder))).hint).toMatch(/^tokenizer\.model alone is not read/);
    await mkdir(join(folder, 'tokenizer.json'));
    expect((await failure(() => openTokenizer(folder))).message).toMatch(/tokenizer\.json: not a file$/);
  });

  test.each(LAYOUTS)('%s cut anywhere', async (layout) => {
    const whole = await readFile(`${FIXTURES}${layout}/tokenizer.json`);
    for (let end = 0; end < whole.length - 2; end += stride(397)) {
      await writeFile(join(folder, 'tokenizer.json'), whole.subarray(0, end));
      const error = await failure(() => openTokenizer(folder));
      expect(error.message).toMatch(/^tokenizer\.json: not (JSON|UTF-8)/);
    }
  });

  test('any value in place of any part: a tokenizer or a sentence', async () => {
    const whole = JSON.parse(await readFile(`${FIXTURES}gemma/tokenizer.json`, 'utf8')) as Json;
    const places = placesIn(whole, 5);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), fc.jsonValue({ maxDepth: 2 }), async (place, value) => {
        const changed = structuredClone(whole);
        let at: Json = changed;
        for (const key of place.slice(0, -1)) at = at[key] as Json;
        at[place.at(-1)!] = value;
        await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(changed));
        try {
          const tokenizer = await openTokenizer(folder);
          tokenizer.decode(tokenizer.encode('The cat <bos> sat.'));
        } catch (error) {
          if (!(error instanceof AntipodeError)) throw error;
          expect(error.message).not.toMatch(/\n|undefined$/);
        }
      }),
      { numRuns: runs(120) },
    );
  });

  test.each<[string, Json, RegExp]>([
    ['another version', { version: '2.0' }, /has another version \(got 2\.0, expected 1\.0\)$/],
    ['no model', { model: null }, /model: cannot be used \(got null, expected an object\)$/],
    ['a Unigram model', { model: { type: 'Unigram', vocab: [] } }, /got Unigram, expected BPE or WordLevel/],
    [
      'no vocabulary',
      { model: { type: 'BPE', vocab: {}, merges: [] }, added_tokens: [] },
      /the vocabulary is empty$/,
    ],
    [
      'a huge id',
      { model: { type: 'WordLevel', vocab: { a: 2 ** 31 } } },
      /a has no usable id \(got 2147483648/,
    ],
    [
      'a bad merge',
      { model: { type: 'BPE', vocab: { a: 0 }, merges: ['a a', 'a'] } },
      /model\.merges\[1\]: cannot be used/,
    ],
    [
      'a decoder of speech',
      { decoder: { type: 'CTC' } },
      /decoder: has a part that antipode does not read \(got CTC\)$/,
    ],
    [
      'an unknown cut',
      { pre_tokenizer: { type: 'UnicodeScripts' } },
      /pre_tokenizer has a part .* \(got UnicodeScripts\)$/,
    ],
    [
      'a cut without a pattern',
      { pre_tokenizer: { type: 'Split', behavior: 'Isolated' } },
      /pre_tokenizer has a Split without a pattern$/,
    ],
    [
      'an unknown normalizer',
      { normalizer: { type: 'Precompiled' } },
      /normalizer has a part .* \(got Precompiled\)$/,
    ],
    ['an unknown end', { post_processor: { type: 'X' } }, /post_processor: is of a type .* \(got X\)$/],
    [
      'a pattern that is none',
      { pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated' } },
      /cannot be used/,
    ],
  ])('%s', async (_, change, message) => {
    const error = await failure(() => openChanged('word_level', { 'tokenizer.json': change }));
    expect(error.message).toMatch(message);
    expect(error.kind).toBe('format');
  });

  test('a type that is an object without a text', async () => {
    const type = { toString: 1, valueOf: 1 };
    for (const part of ['model', 'decoder', 'normalizer', 'pre_tokenizer', 'post_processor']) {
      const error = await failure(() =>
        openChanged('word_level', { 'tokenizer.json': { [part]: { type } } }),
      );
      expect(error.message).toContain('{"toString":1,"valueOf":1}');
      await rm(join(folder, 'tokenizer.json'));
    }
    const added_tokens = [{ id: 0, content: '[UNK]', special: type, normalized: type }];
    await openChanged('word_level', { 'tokenizer.json': { added_tokens } });
  });

  test('a small file that is broken is named', async () => {
    const error = await failure(() =>
      openChanged('gemma', { 'generation_config.json': '{"eos_token_id": [1' }),
    );
    expect(error.message).toMatch(/^generation_config\.json: not JSON/);
  });
});

describe('texts at the limits', () => {
  test('a pattern that never ends is stopped; the tokenizer can be used again', async () => {
    const pattern = { Regex: '(?:a+)+b' };
    const pre_tokenizer = { type: 'Split', pattern, behavior: 'Isolated', invert: false };
    await openChanged('word_level', { 'tokenizer.json': { pre_tokenizer } });
    const tokenizer = await openTokenizer(folder, { encodeLimitMs: 300 });
    const error = await failure(() => tokenizer.encode('a'.repeat(60)));
    expect([error.kind, error.message]).toEqual([
      'resource',
      'encoding the text: did not come to an end within 0.3 s',
    ]);
    expect([...tokenizer.encode('the')]).toEqual([2]);
  });

  test('half a million of one letter, and one more', async () => {
    const tokenizer = await openTokenizer(`${FIXTURES}gpt2`);
    const ids = tokenizer.encode(' a'.repeat(2 ** 18));
    expect(tokenizer.decode(ids)).toBe(' a'.repeat(2 ** 18));
    const error = await failure(() => tokenizer.encode('a'.repeat(2 ** 19 + 1)));
    expect(error.message).toBe(
      'text: too long to be encoded (got 524289 characters, expected at most 524288)',
    );
  });

  test('one endless word', async () => {
    const tokenizer = await openTokenizer(`${FIXTURES}gemma`);
    const text = 'a'.repeat(2 ** 15);
    expect(tokenizer.decode(tokenizer.encode(text, { addSpecialTokens: false }))).toBe(text);
  });

  test('a word that is not there, without an unknown token', async () => {
    const tokenizer = await openChanged('word_level', {
      'tokenizer.json': { model: { type: 'WordLevel', vocab: { the: 0 } }, added_tokens: [] },
    });
    expect([...tokenizer.encode('the the')]).toEqual([0, 0]);
    const error = await failure(() => tokenizer.encode('the cat'));
    expect(error.message).toBe('text: holds a word that the vocabulary lacks, and there is no unknown token');
  });
});

/** The ways to every value down to a depth; of long lists and objects the first few. */
function placesIn(value: unknown, depth: number): string[][] {
  if (typeof value !== 'object' || value === null || depth === 0) return [];
  return Object.entries(value)
    .slice(0, 12)
    .flatMap(([key, inner]) => [[key], ...placesIn(inner, depth - 1).map((place) => [key, ...place])]);
}
