import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { openTokenizer } from './open_tokenizer.ts';
import type { ChatMessage, Tokenizer } from './tokenizer.ts';

/** From test/fixtures/tokenizer/make.py: the Rust library `tokenizers`, and jinja2. */
interface Expected {
  readonly vocab_size: number;
  readonly encodings: readonly { text: string; ids: number[]; with_special: number[] }[];
  readonly decodings: readonly { ids: number[]; text: string; plain: string }[];
  readonly chats?: readonly { messages: ChatMessage[]; add_generation_prompt: boolean; text: string }[];
}

const FIXTURES = fileURLToPath(new URL('../../../test/fixtures/tokenizer/', import.meta.url));
const LAYOUTS = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

test('every layout is there', () => {
  expect(LAYOUTS.sort()).toEqual(['gemma', 'gpt2', 'llama2', 'llama3', 'metaspace', 'word_level']);
});

describe.each(LAYOUTS)('%s: as the Rust library has it', (layout) => {
  const folder = `${FIXTURES}${layout}`;
  const golden = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8')) as Expected;
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await openTokenizer(folder);
  });

  test('the vocabulary', () => {
    expect(tokenizer.vocabSize).toBe(golden.vocab_size);
  });

  test.each(golden.encodings)('encodes $text', ({ text, ids, with_special }) => {
    expect([...tokenizer.encode(text, { addSpecialTokens: false })]).toEqual(ids);
    // The Rust library begins a text twice that begins with the token already.
    const isThere = tokenizer.bosId !== undefined && ids[0] === tokenizer.bosId;
    const isDoubled = isThere && with_special[1] === tokenizer.bosId;
    expect([...tokenizer.encode(text)]).toEqual(isDoubled ? with_special.slice(1) : with_special);
  });

  test('decodes all at once and one by one', () => {
    for (const { ids, text, plain } of golden.decodings) {
      expect([ids, tokenizer.decode(ids)]).toEqual([ids, text]);
      expect([ids, tokenizer.decode(ids, { skipSpecialTokens: true })]).toEqual([ids, plain]);
    }
  });

  const { chats } = golden;
  if (chats === undefined) return;
  test('writes chats', async () => {
    for (const { messages, add_generation_prompt, text } of chats) {
      const written = await tokenizer.applyChatTemplate(messages, {
        addGenerationPrompt: add_generation_prompt,
      });
      expect(written).toBe(text);
      const ids = [...tokenizer.encode(text, { addSpecialTokens: false })];
      expect(ids.filter((id) => id === tokenizer.bosId)).toHaveLength(1);
      expect([...tokenizer.encode(text)]).toEqual(ids);
    }
  });
});
