/** @file How well the language model predicts fresh texts of the grammar, beside a model that knows the frequency of each token only. */

import type { LanguageModel } from '../../lm/language_model.ts';
import { scoreTokens } from '../../lm/score.ts';
import { createCorpus } from '../grammar/corpus.ts';
import type { OrganismSettings } from '../settings.ts';
import type { WordEncoder } from '../tokenizer/word_encoder.ts';
import { textRows } from './texts.ts';

/** Of whole texts one by one, from behind `<bos>` to `<eos>`, on the float16 weights. */
export interface ModelLoss {
  readonly texts: number;
  readonly tokens: number;
  /** Nats per token. */
  readonly loss: number;
  /** Standard error of that loss over texts. */
  readonly standardError: number;
  /** Loss of a model that knows how frequent each token is in the training texts, and nothing else. */
  readonly unigramLoss: number;
}

export interface MeasureLossOptions {
  readonly encoder: WordEncoder;
  readonly seeds: OrganismSettings['seeds'];
  /** Of the reporting seed, the first ones. */
  readonly texts: number;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {AntipodeError} as the model; `interrupted` */
export async function measureLoss(
  model: LanguageModel,
  { encoder, seeds, signal, texts }: MeasureLossOptions,
): Promise<ModelLoss> {
  const rows = textRows(createCorpus(seeds.reporting, 'report'), encoder, texts);
  const scored = rows.map((row) => ({ context: row.subarray(0, 1), tokens: row.subarray(1) }));
  const scores = await scoreTokens(model, scored, signal ? { signal } : {});
  const sums = scores.map((row) => ({
    loss: row.reduce((sum, value) => sum - value, 0),
    tokens: row.length,
  }));
  const tokens = sums.reduce((sum, row) => sum + row.tokens, 0);
  const loss = sums.reduce((sum, row) => sum + row.loss, 0) / tokens;
  // Of a ratio of sums: the texts are the sample, their lengths differ.
  const squares = sums.reduce((sum, row) => sum + (row.loss - loss * row.tokens) ** 2, 0);
  return {
    texts,
    tokens,
    loss,
    standardError: Math.sqrt(squares) / tokens,
    unigramLoss: unigramLoss(textRows(createCorpus(seeds.training, 'train'), encoder, 4 * texts), rows),
  };
}

/** Counts with one added to each token. */
function unigramLoss(known: readonly Int32Array[], rows: readonly Int32Array[]): number {
  const counts = new Map<number, number>();
  let total = 0;
  for (const row of known) {
    for (const id of row.subarray(1)) {
      counts.set(id, (counts.get(id) ?? 0) + 1);
      total += 1;
    }
  }
  const kinds = new Set([...known, ...rows].flatMap((row) => Array.from(row))).size;
  let [sum, tokens] = [0, 0];
  for (const row of rows) {
    for (const id of row.subarray(1)) {
      sum -= Math.log(((counts.get(id) ?? 0) + 1) / (total + kinds));
      tokens += 1;
    }
  }
  return sum / tokens;
}
