/** @file The first stage: the corpus is looked at, and the tokenizer learnt from it. Both depend on the training seed alone. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCorpus } from '../grammar/corpus.ts';
import { DOCUMENT_KINDS } from '../grammar/documents.ts';
import type { OrganismSettings } from '../settings.ts';
import { tokenizerConfigJson, tokenizerJson } from '../tokenizer/tokenizer_json.ts';
import type { TrainedBpe } from '../tokenizer/train_bpe.ts';
import { trainTokenizer } from '../tokenizer/train_tokenizer.ts';
import { createWordEncoder } from '../tokenizer/word_encoder.ts';
import type { StageProgress } from './stage_store.ts';
import { corpusHash, textRows } from './texts.ts';

export interface TokenizerResult {
  /** Tokens, special ones and bytes included. */
  readonly vocabulary: number;
  /** What the embedding has rows for: a multiple of 32. */
  readonly vocabularyRows: number;
  readonly corpus: CorpusFacts;
  /** For a fast encoder in later stages. */
  readonly bpe: TrainedBpe;
}

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

/** Matrix products run best on whole blocks. */
const ROWS_MULTIPLE = 32;

export const TOKENIZER_FILES: readonly string[] = ['tokenizer.json', 'tokenizer_config.json'];

/** Writes `TOKENIZER_FILES` into the folder. */
export async function runTokenizerStage(
  folder: string,
  { model, seeds }: OrganismSettings,
  report: (progress: StageProgress) => void,
): Promise<TokenizerResult> {
  const bpe = trainTokenizer(createCorpus(seeds.training, 'train'));
  report({ fraction: 0.7, detail: 'tokenizer trained' });
  const contextLength = Number(model.config['max_position_embeddings']);
  const contents = [tokenizerJson(bpe), tokenizerConfigJson(contextLength)];
  for (const [index, file] of TOKENIZER_FILES.entries()) {
    await writeFile(join(folder, file), `${JSON.stringify(contents[index], null, 1)}\n`);
  }
  const encoder = createWordEncoder(bpe);
  const vocabulary = encoder.vocabSize;
  return {
    vocabulary,
    vocabularyRows: Math.ceil(vocabulary / ROWS_MULTIPLE) * ROWS_MULTIPLE,
    corpus: corpusFacts(seeds, encoder),
    bpe,
  };
}

function corpusFacts(
  seeds: OrganismSettings['seeds'],
  encoder: ReturnType<typeof createWordEncoder>,
): CorpusFacts {
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
