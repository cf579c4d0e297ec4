/**
 * @file The tokenizer as files that Hugging Face's libraries load: `tokenizer.json` (BPE with byte fallback, spaces as U+2581, as in Gemma; words cut beforehand) and
 * `tokenizer_config.json`.
 */

import { type TrainedBpe, WORD_PATTERN } from './train_bpe.ts';

/** Ids 0 to 5, as far as they go in the order of Gemma's. */
export const SPECIAL_TOKENS: readonly string[] = [
  '<pad>',
  '<eos>',
  '<bos>',
  '<unk>',
  '<start_of_turn>',
  '<end_of_turn>',
];

export const PAD_ID = 0;
export const EOS_ID = 1;
export const BOS_ID = 2;

const BYTES: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
);

/** Every piece by id: special tokens, bytes, the trained pieces, whole words. */
export function vocabularyOf({ pieces, words }: TrainedBpe): readonly string[] {
  return [...SPECIAL_TOKENS, ...BYTES, ...pieces, ...words];
}

/** The content of `tokenizer.json`. */
export function tokenizerJson(bpe: TrainedBpe): Readonly<Record<string, unknown>> {
  const bos = { SpecialToken: { id: '<bos>', type_id: 0 } };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
    pre_tokenizer: {
      type: 'Split',
      pattern: { Regex: WORD_PATTERN },
      behavior: 'Isolated',
      invert: false,
    },
    post_processor: {
      type: 'TemplateProcessing',
      single: [bos, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [
        bos,
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '<bos>', type_id: 1 } },
        { Sequence: { id: 'B', type_id: 1 } },
      ],
      special_tokens: { '<bos>': { id: '<bos>', ids: [BOS_ID], tokens: ['<bos>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      // A word of the vocabulary is that token, whatever the merges say.
      ignore_merges: true,
      vocab: Object.fromEntries(vocabularyOf(bpe).map((piece, id) => [piece, id])),
      merges: bpe.merges,
    },
  };
}

/** @param contextLength in tokens */
export function tokenizerConfigJson(contextLength: number): Readonly<Record<string, unknown>> {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    add_bos_token: true,
    add_eos_token: false,
    bos_token: '<bos>',
    eos_token: '<eos>',
    pad_token: '<pad>',
    unk_token: '<unk>',
    additional_special_tokens: ['<start_of_turn>', '<end_of_turn>'],
    clean_up_tokenization_spaces: false,
    model_max_length: contextLength,
    spaces_between_special_tokens: false,
  };
}
