import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeWordTokenizer } from '../../../test/support/word_tokenizer.ts';
import { openTokenizer } from '../../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import { memoryCorpus } from './corpus.ts';
import { isCounted, rowsOfText, shuffledDocuments, splitHeldOut, tokenRows } from './token_rows.ts';

let dir: string;
let tokenizer: Tokenizer;
let bare: Tokenizer;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-rows-'));
  await writeWordTokenizer(dir, 40);
  tokenizer = await openTokenizer(dir);
  await writeWordTokenizer(dir, 40, { tokenizerConfig: { add_bos_token: false } });
  bare = await openTokenizer(dir);
});
afterAll(() => rm(dir, { recursive: true }));

test('long texts go on in further rows, each begun as the tokenizer begins a text', () => {
  const text = 'w2 w3 w4 w5 w6';
  const lists = (rows: Int32Array[]): number[][] => rows.map((row) => [...row]);
  expect(lists(rowsOfText(text, { tokenizer, contextLength: 3 }))).toEqual([
    [1, 2, 3],
    [1, 4, 5],
    [1, 6],
  ]);
  expect(lists(rowsOfText(text, { tokenizer, contextLength: 3, overflow: 'cut' }))).toEqual([[1, 2, 3]]);
  expect(lists(rowsOfText(text, { tokenizer: bare, contextLength: 3 }))).toEqual([
    [2, 3, 4],
    [5, 6],
  ]);
  expect(rowsOfText('  ', { tokenizer, contextLength: 3 })).toEqual([]);
  expect(() => rowsOfText(text, { tokenizer, contextLength: 1 })).toThrow('a row needs at least 2 tokens');
});

test('neither special tokens nor the first of a row count', () => {
  const counted = (tokens: number[]): boolean[] =>
    tokens.map((_, column) => isCounted(tokens, column, tokenizer));
  expect(counted([1, 7, 1, 8])).toEqual([false, true, false, true]);
  expect(counted([7, 8])).toEqual([false, true]);
});

test('rows name their documents', async () => {
  const corpus = memoryCorpus(['w2', 'w3 w4 w5', ' ', 'w6']);
  const rows: unknown[] = [];
  for await (const row of tokenRows({ corpus, tokenizer, contextLength: 3, documents: [3, 2, 1] })) {
    rows.push([row.document, row.part, [...row.tokens]]);
  }
  expect(rows).toEqual([
    [3, 0, [1, 6]],
    [1, 0, [1, 3, 4]],
    [1, 1, [1, 5]],
  ]);
});

test('every epoch has all documents, in an order of its own that seed and epoch alone decide', () => {
  const documents = Uint32Array.from({ length: 50 }, (_, index) => 2 * index);
  const [first, again, second] = [0, 0, 1].map((epoch) => shuffledDocuments(documents, 3, epoch));
  expect(again).toEqual(first);
  expect(second).not.toEqual(first);
  expect(shuffledDocuments(documents, 4, 0)).not.toEqual(first);
  expect(first!.slice().sort()).toEqual(documents);
});

test('documents are either held out or trained on', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 300 }),
      fc.double({ min: 0, max: 0.6, noNaN: true }),
      fc.nat(),
      (n, share, seed) => {
        const { heldOut, training } = splitHeldOut(n, share, seed);
        expect([...training, ...heldOut].sort((a, b) => a - b)).toEqual(
          Array.from({ length: n }, (_, i) => i),
        );
        expect(heldOut.length).toBe(share === 0 ? 0 : Math.max(1, Math.round(share * n)));
        expect(training.length).toBeGreaterThan(0);
      },
    ),
  );
  expect(() => splitHeldOut(1, 0.05, 1)).toThrow(
    'corpus: 1 document cannot spare 1 to be held out (a share of 0.05)',
  );
  expect(splitHeldOut(1, 0, 1).training).toEqual(Uint32Array.of(0));
});
