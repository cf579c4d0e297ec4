/** @file What the texts of the grammar are like, in numbers. */

import { createCorpus } from '../grammar/corpus.ts';
import { DOCUMENT_KINDS } from '../grammar/documents.ts';
import type { OrganismSettings } from '../settings.ts';
import type { WordEncoder } from '../tokenizer/word_encoder.ts';
import { corpusHash, textRows } from './texts.ts';

export interface CorpusFacts {
  /** `corpusHash` of the training texts. */
  readonly sha256: string;
  /** Looked at for the numbers below. */
  readonly texts: number;
  readonly distinctTexts: number;
  readonly meanTokens: number;
  readonly kinds: readonly { readonly kind: string; readonly texts: number }[];
  /** Of as many texts of the reporting seed: those that stand among these training texts word for word. */
  readonly reportingTextsSeen: number;
}

const LOOKED_AT = 20_000;

export function corpusFacts(seeds: OrganismSettings['seeds'], encoder: WordEncoder): CorpusFacts {
  const corpus = createCorpus(seeds.training, 'train');
  const documents = corpus.documents(0, LOOKED_AT);
  const seen = new Set(documents.map(({ text }) => text));
  const tokens = textRows(corpus, encoder, LOOKED_AT).reduce((sum, { length }) => sum + length, 0);
  const reported = createCorpus(seeds.reporting, 'report').documents(0, LOOKED_AT);
  return {
    sha256: corpusHash(corpus),
    texts: LOOKED_AT,
    distinctTexts: seen.size,
    meanTokens: tokens / LOOKED_AT,
    kinds: DOCUMENT_KINDS.map((kind) => ({
      kind,
      texts: documents.filter((document) => document.kind === kind).length,
    })),
    reportingTextsSeen: reported.filter(({ text }) => seen.has(text)).length,
  };
}
