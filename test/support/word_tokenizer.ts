/** @file A tokenizer of words `w2`, `w3`, … for model fixtures that have none, with a beginning-of-text token that its files ask for. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface WordTokenizerOptions {
  /** Laid over tokenizer_config.json. */
  readonly tokenizerConfig?: Readonly<Record<string, unknown>>;
  /** Texts of single tokens, by id, instead of `w<id>`. */
  readonly words?: Readonly<Record<number, string>>;
}

/** Ids are the numbers of the words; 0 is unknown, 1 begins a text. */
export async function writeWordTokenizer(
  folder: string,
  vocabulary: number,
  { tokenizerConfig, words = {} }: WordTokenizerOptions = {},
): Promise<void> {
  const first = ['<unk>', '<bos>'];
  const vocab = Object.fromEntries(
    Array.from({ length: vocabulary }, (_, id) => [words[id] ?? first[id] ?? `w${id}`, id]),
  );
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const file = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [{ id: 1, content: '<bos>', ...flags }],
    normalizer: null,
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<bos>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { '<bos>': { id: '<bos>', ids: [1], tokens: ['<bos>'] } },
    },
    decoder: null,
    model: { type: 'WordLevel', vocab, unk_token: '<unk>' },
  };
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(file));
  const named = { bos_token: '<bos>', unk_token: '<unk>', ...tokenizerConfig };
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(named));
}
