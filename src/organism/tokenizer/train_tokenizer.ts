/** @file The tokenizer of a corpus: counts words in its first texts and learns pieces from them. */

import type { OrganismCorpus } from '../grammar/corpus.ts';
import { splitWords, type TrainedBpe, trainBpe } from './train_bpe.ts';

/** Enough that every word of the grammar occurs dozens of times. */
const TOKENIZER_DOCUMENTS = 40_000;

export function trainTokenizer(corpus: OrganismCorpus, documents: number = TOKENIZER_DOCUMENTS): TrainedBpe {
  const counts = new Map<string, number>();
  for (let index = 0; index < documents; index++) {
    for (const word of splitWords(corpus.document(index).text)) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return trainBpe(counts);
}
