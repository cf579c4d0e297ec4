/** @file The first stage: the tokenizer, which depends on the training seed and the grammar alone. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCorpus } from '../grammar/corpus.ts';
import type { OrganismSettings } from '../settings.ts';
import { tokenizerConfigJson, tokenizerJson } from '../tokenizer/tokenizer_json.ts';
import type { TrainedBpe } from '../tokenizer/train_bpe.ts';
import { trainTokenizer } from '../tokenizer/train_tokenizer.ts';
import { createWordEncoder } from '../tokenizer/word_encoder.ts';
import type { StageProgress } from './stage_store.ts';

export interface TokenizerResult {
  /** Tokens, special ones and bytes included. */
  readonly vocabulary: number;
  /** What the embedding has rows for: a multiple of 32. */
  readonly vocabularyRows: number;
  /** For a fast encoder in later stages. */
  readonly bpe: TrainedBpe;
}

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
    bpe,
  };
}
