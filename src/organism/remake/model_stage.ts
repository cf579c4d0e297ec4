/**
 * @file The second stage: the language model is trained, written as a Hugging Face folder in float16, opened again as any model is, and measured on texts of
 * the reporting seed.
 */

import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LanguageModel } from '../../lm/language_model.ts';
import { scoreTokens } from '../../lm/score.ts';
import { openLanguageModel } from '../../lm/session.ts';
import { trainLanguageModel } from '../../train/lm/train_language_model.ts';
import { writeLanguageModel } from '../../train/lm/write_language_model.ts';
import { LOSS_CURVE_FILE } from '../../train/step/loss_curve.ts';
import { createCorpus } from '../grammar/corpus.ts';
import type { OrganismSettings } from '../settings.ts';
import { BOS_ID, EOS_ID, PAD_ID } from '../tokenizer/tokenizer_json.ts';
import { createWordEncoder, type WordEncoder } from '../tokenizer/word_encoder.ts';
import type { Done, StageProgress } from './stage_store.ts';
import { packedRows, textRows } from './texts.ts';
import { TOKENIZER_FILES, type TokenizerResult } from './tokenizer_stage.ts';

export interface ModelResult {
  readonly parameters: number;
  readonly trainedTokens: number;
  /** Looks at the validation texts: nats per token, packed rows, float32 weights. */
  readonly curve: readonly { readonly step: number; readonly loss: number; readonly heldOutLoss: number }[];
  readonly reporting: ModelLoss;
}

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

export interface ModelStageParts {
  readonly settings: OrganismSettings;
  readonly tokenizer: Done<TokenizerResult>;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Of a stage's folder: the model as it ships. */
export function modelFolderOf(stageFolder: string): string {
  return join(stageFolder, 'model');
}

export async function runModelStage(
  folder: string,
  { settings, signal, threads, tokenizer }: ModelStageParts,
  report: (progress: StageProgress) => void,
): Promise<ModelResult> {
  const { model, seeds } = settings;
  const encoder = createWordEncoder(tokenizer.result.bpe);
  const { contextLength } = model.training;
  const validation = packedRows(createCorpus(seeds.training, 'validation'), encoder, contextLength);
  const trainingFolder = join(folder, 'training');
  const trained = await trainLanguageModel({
    rows: packedRows(createCorpus(seeds.training, 'train'), encoder, contextLength),
    heldOut: await Promise.all(Array.from({ length: model.validationRows }, (_, i) => validation.row(i))),
    config: configOf(model.config, tokenizer.result.vocabularyRows),
    settings: model.training,
    folder: trainingFolder,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    onProgress: ({ heldOutLoss, loss, step, steps }) =>
      report({
        fraction: (0.98 * step) / steps,
        detail: `step ${step} of ${steps}, loss ${loss.toFixed(3)}${heldOutLoss === undefined ? '' : `, held out ${heldOutLoss.toFixed(3)}`}`,
      }),
  });
  const files = modelFolderOf(folder);
  await mkdir(files, { recursive: true });
  await writeLanguageModel(files, { ...trained, dtype: 'float16' });
  for (const file of TOKENIZER_FILES) await copyFile(join(tokenizer.folder, file), join(files, file));
  const lm = await openLanguageModel(files, threads === undefined ? {} : { threads });
  try {
    const { batchRows } = trained.settings;
    return {
      parameters: [...trained.parameters.values()].reduce((sum, { length }) => sum + length, 0),
      trainedTokens: trained.settings.steps * batchRows * contextLength,
      curve: await readCurve(join(trainingFolder, LOSS_CURVE_FILE)),
      reporting: await measureLoss(lm, { encoder, settings, texts: model.reportingDocuments, signal }),
    };
  } finally {
    await lm.close();
  }
}

function configOf(
  fields: OrganismSettings['model']['config'],
  vocabularyRows: number,
): Record<string, number | boolean | string> {
  return {
    ...fields,
    vocab_size: vocabularyRows,
    bos_token_id: BOS_ID,
    eos_token_id: EOS_ID,
    pad_token_id: PAD_ID,
  };
}

async function readCurve(path: string): Promise<ModelResult['curve']> {
  const [head = '', ...lines] = (await readFile(path, 'utf8')).trim().split('\n');
  const names = head.trim().split(',');
  const at = (name: string): number => names.indexOf(name);
  return lines
    .map((line) => line.trim().split(','))
    .filter((cells) => Number.isFinite(Number(cells[at('held_out_loss')] || Number.NaN)))
    .map((cells) => ({
      step: Number(cells[at('step')]),
      loss: Number(cells[at('loss')]),
      heldOutLoss: Number(cells[at('held_out_loss')]),
    }));
}

export interface MeasureLossOptions {
  readonly encoder: WordEncoder;
  readonly settings: Pick<OrganismSettings, 'seeds'>;
  /** Of the reporting seed, the first ones. */
  readonly texts: number;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {AntipodeError} as the model; `interrupted` */
export async function measureLoss(
  model: LanguageModel,
  { encoder, settings: { seeds }, signal, texts }: MeasureLossOptions,
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
