/**
 * @file One SAE: trained on the activations of fresh texts, written in Gemma Scope's layout in float16, read again from there, and measured on texts of the
 * reporting seed.
 */

import { join } from 'node:path';
import { EMBEDDED_MODEL_ID } from '../../hub/embedded_default.ts';
import type { LanguageModel } from '../../lm/language_model.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import type { Sae } from '../../sae/sae.ts';
import { evaluateSae, type SaeEvaluation } from '../../train/evaluate/evaluate_sae.ts';
import { openActivationSource } from '../../train/harvest/activation_source.ts';
import { parseHookPoint } from '../../train/harvest/hook_name.ts';
import { trainSae } from '../../train/sae/train_sae.ts';
import type { TrainedSae } from '../../train/sae/trained_sae.ts';
import { writeSaeFolder } from '../../train/sae/write_sae.ts';
import { createCorpus } from '../grammar/corpus.ts';
import type { OrganismSae, OrganismSettings } from '../settings.ts';
import type { WordEncoder } from '../tokenizer/word_encoder.ts';
import { loadSae, withModel } from './open_parts.ts';
import type { StageProgress } from './stage_store.ts';
import { generatedCorpus, textRows } from './texts.ts';

export interface SaeResult {
  readonly layer: number;
  readonly dIn: number;
  readonly dSae: number;
  /** Activations trained on, and as many of them as were distinct. */
  readonly trainedActivations: number;
  readonly reporting: SaeNumbers;
}

/** On whole texts, beginning and end left out; losses in nats per token behind the evaluated ones. */
export interface SaeNumbers {
  readonly texts: number;
  readonly tokens: number;
  readonly explainedVariance: number;
  readonly l0: number;
  /** Features that no evaluated token activates. */
  readonly dead: number;
  /** Features active at more than a tenth of them. */
  readonly dense: number;
  readonly cleanLoss: number;
  readonly splicedLoss: number;
  readonly meanAblatedLoss: number;
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
  const { encoder, sae, settings, signal, threads } = parts;
  return withModel(parts.model, threads, async ({ model, tokenizer }) => {
    const trained = await train(folder, parts, { model, tokenizer, report });
    const { contextLength } = settings.model.training;
    const hookName = hookNameOf(sae.layer);
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
      reporting: await measureSae(await loadSae(saeFileOf(folder), sae.layer), {
        model,
        tokenizer,
        layer: sae.layer,
        rows: textRows(
          createCorpus(settings.seeds.reporting, 'report'),
          encoder,
          settings.evaluation.documents,
        ),
        threads,
        signal,
      }),
    };
  });
}

function hookNameOf(layer: number): string {
  return `blocks.${layer}.hook_resid_post`;
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
    hook: parseHookPoint(hookNameOf(sae.layer), model.config),
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
        fraction = (0.97 * step) / steps;
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

export interface MeasureSaeOptions {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly layer: number;
  /** Whole texts, from `<bos>` to `<eos>`. */
  readonly rows: readonly Int32Array[];
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {AntipodeError} as `evaluateSae` */
export async function measureSae(sae: Sae, options: MeasureSaeOptions): Promise<SaeNumbers> {
  const { layer, model, rows, signal, threads, tokenizer } = options;
  const evaluation = await evaluateSae({
    model,
    sae,
    hook: parseHookPoint(hookNameOf(layer), model.config),
    rows,
    tokenizer,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
  });
  return numbersOf(evaluation);
}

function numbersOf({ losses, reconstruction, rows, sparsity, tokens }: SaeEvaluation): SaeNumbers {
  if (!losses || 'unavailable' in losses) throw new Error('internal: a residual stream without losses');
  return {
    texts: rows,
    tokens,
    explainedVariance: reconstruction.explainedVariance,
    l0: sparsity.l0Mean,
    dead: sparsity.dead.length,
    dense: sparsity.dense.length,
    cleanLoss: losses.clean,
    splicedLoss: losses.spliced,
    meanAblatedLoss: losses.meanAblated,
  };
}
