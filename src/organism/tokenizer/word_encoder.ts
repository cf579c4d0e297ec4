/**
 * @file Texts of the grammar to ids by looking up their words: what the tokenizer of `tokenizer_json.ts` gives, some hundred times as fast, for training on
 * millions of tokens. Texts with other words are not for it.
 */

import { BOS_ID, EOS_ID, vocabularyOf } from './tokenizer_json.ts';
import { splitWords, type TrainedBpe } from './train_bpe.ts';

export interface WordEncoder {
  readonly vocabSize: number;
  /**
   * `<bos>`, the words, `<eos>`.
   * @throws a plain `internal:` error for a word that is no token
   */
  encode(text: string): number[];
}

export function createWordEncoder(bpe: TrainedBpe): WordEncoder {
  const vocabulary = vocabularyOf(bpe);
  const ids = new Map(vocabulary.map((piece, id) => [piece, id]));
  const idOf = (word: string): number => {
    const id = ids.get(word);
    if (id === undefined) throw new Error(`internal: "${word}" is no word of the tokenizer`);
    return id;
  };
  return {
    vocabSize: vocabulary.length,
    encode: (text) => [BOS_ID, ...splitWords(text).map(idOf), EOS_ID],
  };
}
