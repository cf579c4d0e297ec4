/**
 * @file The second stage: the language model is trained, and written as a Hugging Face folder in float16.
 */

import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { trainLanguageModel } from '../../train/lm/train_language_model.ts';
import { writeLanguageModel } from '../../train/lm/write_language_model.ts';
import { LOSS_CURVE_FILE } from '../../train/step/loss_curve.ts';
import { createCorpus } from '../grammar/corpus.ts';
import type { OrganismSettings } from '../settings.ts';
import { BOS_ID, EOS_ID, PAD_ID } from '../tokenizer/tokenizer_json.ts';
import { createWordEncoder } from '../tokenizer/word_encoder.ts';
import type { Done, StageProgress } from './stage_store.ts';
import { packedRows } from './texts.ts';
import { TOKENIZER_FILES, type TokenizerResult } from './tokenizer_stage.ts';

export interface ModelResult {
  readonly parameters: number;
  readonly trainedTokens: number;
  /** Looks at the validation texts: nats per token, packed rows, float32 weights. */
  readonly curve: readonly { readonly step: number; readonly loss: number; readonly heldOutLoss: number }[];
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
        fraction: step / steps,
        detail: `step ${step} of ${steps}, loss ${loss.toFixed(3)}${heldOutLoss === undefined ? '' : `, held out ${heldOutLoss.toFixed(3)}`}`,
      }),
  });
  const files = modelFolderOf(folder);
  await mkdir(files, { recursive: true });
  await writeLanguageModel(files, { ...trained, dtype: 'float16' });
  for (const file of TOKENIZER_FILES) await copyFile(join(tokenizer.folder, file), join(files, file));
  const { batchRows, steps } = trained.settings;
  return {
    parameters: [...trained.parameters.values()].reduce((sum, { length }) => sum + length, 0),
    trainedTokens: steps * batchRows * contextLength,
    curve: await readCurve(join(trainingFolder, LOSS_CURVE_FILE)),
  };
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
