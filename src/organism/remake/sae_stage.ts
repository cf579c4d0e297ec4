/**
 * @file One SAE: trained on the activations of fresh texts, and written in Gemma Scope's layout in float16.
 */

import { join } from 'node:path';
import { EMBEDDED_MODEL_ID } from '../../hub/embedded_default.ts';
import type { LanguageModel } from '../../lm/language_model.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import { openActivationSource } from '../../train/harvest/activation_source.ts';
import { parseHookPoint } from '../../train/harvest/hook_name.ts';
import { trainSae } from '../../train/sae/train_sae.ts';
import type { TrainedSae } from '../../train/sae/trained_sae.ts';
import { writeSaeFolder } from '../../train/sae/write_sae.ts';
import { createCorpus } from '../grammar/corpus.ts';
import type { OrganismSae, OrganismSettings } from '../settings.ts';
import type { WordEncoder } from '../tokenizer/word_encoder.ts';
import { withModel } from './open_parts.ts';
import { residualStream } from './sae_numbers.ts';
import type { StageProgress } from './stage_store.ts';
import { generatedCorpus } from './texts.ts';

export interface SaeResult {
  readonly layer: number;
  readonly dIn: number;
  readonly dSae: number;
  /** Activations trained on; the same ones more than once where the texts have fewer. */
  readonly trainedActivations: number;
}

export interface SaeStageParts {
  readonly settings: OrganismSettings;
  readonly sae: OrganismSae;
  /** Of the language model's files. */
  readonly model: string;
  readonly encoder: WordEncoder;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Of a stage's folder: the SAE as it ships. */
export function saeFileOf(stageFolder: string): string {
  return join(stageFolder, 'sae', 'params.npz');
}

export function runSaeStage(
  folder: string,
  parts: SaeStageParts,
  report: (progress: StageProgress) => void,
): Promise<SaeResult> {
  const { sae, settings, signal, threads } = parts;
  return withModel(parts.model, threads, async ({ model, tokenizer }) => {
    const trained = await train(folder, parts, { model, tokenizer, report });
    const { contextLength } = settings.model.training;
    const hookName = residualStream(sae.layer);
    const place = { modelName: EMBEDDED_MODEL_ID, hookName, contextLength, prependBos: true };
    await writeSaeFolder(join(folder, 'sae'), trained, {
      format: 'gemma-scope',
      dtype: 'float16',
      place: { ...place, excludesSpecialTokens: true },
      signal,
    });
    return {
      layer: sae.layer,
      dIn: trained.dIn,
      dSae: trained.dSae,
      trainedActivations: trained.activations,
    };
  });
}

interface Trainer {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly report: (progress: StageProgress) => void;
}

/** Harvesting and training share the time about evenly. */
async function train(
  folder: string,
  { encoder, sae, settings, signal, threads }: SaeStageParts,
  { model, report, tokenizer }: Trainer,
): Promise<TrainedSae> {
  const { training } = sae;
  let fraction = 0;
  const source = openActivationSource({
    model,
    tokenizer: byWords(tokenizer, encoder),
    corpus: generatedCorpus(createCorpus(settings.seeds.activations, 'train'), sae.documents),
    hook: parseHookPoint(residualStream(sae.layer), model.config),
    contextLength: settings.model.training.contextLength,
    seed: training.seed ?? 0,
    signal,
    onHarvest: (done, total) => report({ fraction, detail: `activations ${done} of ${total}` }),
  });
  try {
    return await trainSae({
      source,
      settings: training,
      folder: join(folder, 'training'),
      threads,
      signal,
      onProgress: ({ dead, explainedVariance, l0, step, steps }) => {
        fraction = step / steps;
        const numbers = `explained variance ${explainedVariance.toFixed(3)}, L0 ${l0.toFixed(1)}, dead ${dead}`;
        report({ fraction, detail: `step ${step} of ${steps}, ${numbers}` });
      },
    });
  } finally {
    await source.close();
  }
}

/** The tokenizer, but for texts of the grammar, which are looked up word by word. */
function byWords(tokenizer: Tokenizer, encoder: WordEncoder): Tokenizer {
  return {
    vocabSize: tokenizer.vocabSize,
    bosId: tokenizer.bosId,
    eosIds: tokenizer.eosIds,
    hasChatTemplate: tokenizer.hasChatTemplate,
    // The tokenizer itself puts no end behind a text.
    encode: (text) => Int32Array.from(encoder.encode(text).slice(0, -1)),
    decode: (ids, options) => tokenizer.decode(ids, options),
    createDecoder: (options) => tokenizer.createDecoder(options),
    isSpecial: (id) => tokenizer.isSpecial(id),
    tokenText: (id) => tokenizer.tokenText(id),
    applyChatTemplate: (messages, options) => tokenizer.applyChatTemplate(messages, options),
  };
}
