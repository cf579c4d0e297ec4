/** @file What `antipode train sae` is going to do, worked out from its options before anything long begins: the place, the settings, memory and tokens. */

import { AntipodeError } from '../errors.ts';
import { type ModelConfig, readModelConfig } from '../lm/config.ts';
import { refuseBeyondMemory } from '../lm/memory_limit.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import { plural } from '../report/display.ts';
import type { FileCorpus } from '../train/corpus/corpus.ts';
import { type HeldOutSplit, splitHeldOut } from '../train/corpus/token_rows.ts';
import { bufferTokensFor } from '../train/harvest/activation_source.ts';
import { type HookPoint, parseHookPoint } from '../train/harvest/hook_name.ts';
import { checkGemmaScope } from '../train/sae/gemma_scope_files.ts';
import {
  type ResolvedSettings,
  resolveSettings,
  type SaeTrainingSettings,
  type SettingNames,
} from '../train/sae/settings.ts';
import type { CliContext } from './context.ts';
import { modelName } from './explain_inputs.ts';
import { modelFingerprint } from './model_fingerprint.ts';
import { modelFolder } from './model_inputs.ts';
import { openTexts } from './open_texts.ts';
import { formatBytes } from './output.ts';
import { hookBehindLayer } from './sae_hook.ts';
import type { TrainSaeFlags } from './train_flags.ts';
import type { BegunWith } from './train_folder.ts';

const DEFAULT_STEPS = 4000;
const DEFAULT_K = 32;

/** Settings as the user types them. */
const OPTION_NAMES: SettingNames = {
  dSae: '--d-sae',
  architecture: '--architecture',
  k: '--k',
  sparsityCoefficient: '--sparsity',
  steps: '--steps',
  batch: '--batch-size',
  learningRate: '--lr',
  warmupSteps: '--warmup',
  deadAfter: '--dead-after',
  checkpointEvery: '--checkpoint-every',
  seed: '--seed',
};

export interface TrainingPlan {
  readonly folder: string;
  /** As files name the model: on the Hugging Face Hub, or its folder without the path. */
  readonly modelName: string;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly hook: HookPoint;
  /** Tokens of a row at most. */
  readonly contextLength: number;
  /** Open: the caller closes it. */
  readonly corpus: FileCorpus;
  readonly split: HeldOutSplit;
  readonly bufferTokens: number;
  /** As given and completed by the command. */
  readonly settings: SaeTrainingSettings;
  readonly resolved: ResolvedSettings;
  readonly begunWith: BegunWith;
}

/** @throws {AntipodeError} for anything named that is missing, malformed or does not fit the rest */
export async function planTraining(context: CliContext, flags: TrainSaeFlags): Promise<TrainingPlan> {
  const folder = await modelFolder(context, flags.model);
  const config = await readModelConfig(folder);
  const hook = hookOf(flags, config);
  const contextLength = Math.min(flags.context, config.maxPositions);
  const settings = settingsOf(flags, config.dModel);
  const resolved = resolveSettings(settings, config.dModel, {
    ...OPTION_NAMES,
    shownArchitecture: flags.architecture,
  });
  if (flags.format !== 'saelens') checkGemmaScope(resolved);
  const tokenizer = await openTokenizer(folder);
  const bufferTokens = bufferTokensFor(config.dModel, contextLength, flags.buffer);
  refuseBeyondMemory(memoryOf({ bufferTokens, config, resolved }).training, {
    what: 'the arrays of this training',
    hint: 'take a smaller --d-sae or --batch-size',
  });
  const fingerprint = await modelFingerprint(folder);
  const corpus = await openTexts(context, flags);
  try {
    const split = heldOutOf(corpus, flags);
    const identity = { hook, contextLength, bufferTokens, corpus, fingerprint, resolved };
    const begunWith = begunWithOf(flags, identity);
    const shownName = modelName(context, flags.model, folder);
    return { folder, modelName: shownName, config, tokenizer, settings, split, begunWith, ...identity };
  } catch (error) {
    await corpus.close();
    throw error;
  }
}

function hookOf({ hook, layer }: TrainSaeFlags, config: ModelConfig): HookPoint {
  if (hook !== undefined && layer !== undefined) {
    throw new AntipodeError(
      'usage',
      '--hook and --layer: both say where the SAE reads (expected one of them)',
    );
  }
  if (hook !== undefined) return parseHookPoint(hook, config);
  if (layer !== undefined) return hookBehindLayer(layer, config);
  throw new AntipodeError('usage', 'train sae: --hook or --layer is missing', {
    hint: 'add --layer 2 for what stands behind layer 2',
  });
}

function heldOutOf(corpus: FileCorpus, { heldOut, paragraphs, seed }: TrainSaeFlags): HeldOutSplit {
  try {
    return splitHeldOut(corpus.documents, heldOut, seed);
  } catch (error) {
    if (!(error instanceof AntipodeError)) throw error;
    const apart = paragraphs === true ? 'set apart by blank lines' : 'one per line';
    throw new AntipodeError(
      'usage',
      `--held-out ${heldOut}: ${corpus.name} holds ${plural(corpus.documents, 'text', 'texts')}, too few to hold out that share`,
      { hint: `add --held-out 0 to train without an evaluation, or give more texts, ${apart}`, cause: error },
    );
  }
}

function settingsOf(flags: TrainSaeFlags, dModel: number): SaeTrainingSettings {
  const { batchSize, checkpointEvery, deadAfter, dSae = 8 * dModel, k, lr, seed, sparsity, warmup } = flags;
  const architecture = flags.architecture === 'standard' ? 'relu' : flags.architecture;
  const hasK = architecture === 'topk' || architecture === 'batchtopk';
  return {
    architecture,
    dSae,
    ...(k !== undefined && { k }),
    ...(hasK && k === undefined && { k: Math.min(DEFAULT_K, dSae) }),
    ...(sparsity !== undefined && { sparsityCoefficient: sparsity }),
    steps: stepsOf(flags),
    batch: batchSize,
    ...(lr !== undefined && { learningRate: lr }),
    ...(warmup !== undefined && { warmupSteps: warmup }),
    ...(deadAfter !== undefined && { deadAfter }),
    ...(checkpointEvery !== undefined && { checkpointEvery }),
    seed,
  };
}

function stepsOf({ batchSize, steps, tokens }: TrainSaeFlags): number {
  if (steps !== undefined && tokens !== undefined) {
    throw new AntipodeError(
      'usage',
      '--steps and --tokens: both say how long it takes (expected one of them)',
    );
  }
  return steps ?? (tokens === undefined ? DEFAULT_STEPS : Math.max(1, Math.ceil(tokens / batchSize)));
}

interface Identity {
  readonly hook: HookPoint;
  readonly contextLength: number;
  readonly bufferTokens: number;
  readonly corpus: FileCorpus;
  readonly fingerprint: string;
  readonly resolved: ResolvedSettings;
}

/** Whatever changes the numbers; threads and devices do so by rounding alone, and are left to the user. */
function begunWithOf(flags: TrainSaeFlags, identity: Identity): BegunWith {
  const { bufferTokens, contextLength, corpus, fingerprint, hook, resolved } = identity;
  return {
    'the model': fingerprint,
    'the text': corpus.sha256OrIdentity,
    '--text-format': flags.textFormat ?? null,
    '--field': flags.field ?? null,
    '--paragraphs': flags.paragraphs === true,
    '--hook': hook.hookName,
    '--precision': flags.precision,
    '--context': contextLength,
    '--long-texts': flags.longTexts,
    '--all-tokens': flags.allTokens === true,
    '--buffer': bufferTokens,
    '--held-out': flags.heldOut,
    '--architecture': resolved.architecture,
    '--d-sae': resolved.dSae,
    '--k': resolved.k,
    '--sparsity': resolved.sparsityCoefficient,
    '--steps': resolved.steps,
    '--batch-size': resolved.batch,
    '--lr': resolved.learningRate,
    '--warmup': resolved.warmupSteps,
    '--dead-after': resolved.deadAfter,
    '--checkpoint-every': resolved.checkpointEvery,
    '--seed': flags.seed,
  };
}

/**
 * Measured peaks of `trainSae` are this many times the parameters (the state in two copies with Adam's means, gradients, what comes between, a copy to
 * write), and this many arrays `[batch, d_sae]`. With either large, within a fifth.
 */
const PARAMETER_COPIES = 18;
const STEP_ARRAYS = { batchtopk: 21, topk: 21, jumprelu: 11, relu: 11 } as const;

/** Bytes that a training takes in this process. The buffer takes what the text has, if that is less. */
export function memoryOf({
  bufferTokens,
  config,
  resolved,
}: Pick<TrainingPlan, 'bufferTokens' | 'config' | 'resolved'>): {
  readonly buffer: number;
  readonly training: number;
} {
  const { dModel } = config;
  const { architecture, batch, dSae } = resolved;
  const parameters = 2 * dModel * dSae + 2 * dSae + dModel;
  const values = PARAMETER_COPIES * parameters + STEP_ARRAYS[architecture] * batch * dSae;
  return { buffer: 4 * dModel * bufferTokens, training: 4 * values };
}

/** Lines for people, before it begins. */
export function planNotes(plan: TrainingPlan, flags: TrainSaeFlags): string[] {
  const { config, corpus, hook, resolved, split } = plan;
  const { buffer, training } = memoryOf(plan);
  const count = (value: number): string => value.toLocaleString('en-US');
  const heldOut = split.heldOut.length === 0 ? 'none held out' : `${count(split.heldOut.length)} held out`;
  return [
    `${corpus.name}: ${count(corpus.documents)} ${corpus.documents === 1 ? 'text' : 'texts'} (${formatBytes(corpus.byteLength)}), ${heldOut}`,
    `${hook.hookName}: ${config.dModel} -> ${count(resolved.dSae)}, ${resolved.architecture}, ${count(resolved.steps)} steps of ${count(resolved.batch)} tokens`,
    flags.allTokens === true
      ? 'Every token counts, the beginnings of texts too.'
      : 'Special tokens and the first token of each row (the beginning of the text) are left out.',
    `Memory: ${formatBytes(buffer)} for activations at most, about ${formatBytes(training)} for the training, and the model in a process of its own.`,
  ];
}
