/**
 * @file The settings of a training of a sparse autoencoder, their defaults and limits. Lengths and coefficients are in units of activations scaled
 * to a mean norm of sqrt(d_in).
 */

import { AntipodeError } from '../../errors.ts';
import type { Schedule } from '../step/schedule.ts';
import type { SaeArchitecture } from './step_graph.ts';

export interface SaeTrainingSettings {
  readonly architecture: SaeArchitecture;
  /** Latents. */
  readonly dSae: number;
  /** Active latents per activation, for `topk` and (on average) `batchtopk`. */
  readonly k?: number;
  /**
   * For `jumprelu` what an active latent costs, for `relu` what a unit of activation times the length of its decoder row costs, beside the squared
   * error summed over d_in (lambda of the papers).
   */
  readonly sparsityCoefficient?: number;
  /** Steps over which that coefficient grows from 0. Default: a fifth of the steps. */
  readonly sparsityWarmupSteps?: number;
  /** For `jumprelu`: width of the rectangle that stands for the step's derivative. Default 0.05. */
  readonly bandwidth?: number;
  /** For `jumprelu`: thresholds at the start. Default 0.05. */
  readonly initialThreshold?: number;
  readonly steps: number;
  /** Activations per step. Default 1024. */
  readonly batch?: number;
  /** Peak of Adam's learning rate. Default: 2e-3 for 2048 latents, falling with the root of their number, at most 5e-3. */
  readonly learningRate?: number;
  /** Default: a twentieth of the steps, at most 1000. */
  readonly warmupSteps?: number;
  /** Share of the steps, at the end, over which the learning rate falls to 0 in a straight line. Default 0.3. */
  readonly decayShare?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Gradients are scaled down where their joint norm is above it; 0 for never. Default 1. */
  readonly maxGradientNorm?: number;
  /** Dead latents that reconstruct what is left over, per activation; 0 for none. Default: the power of two nearest to d_in / 2. */
  readonly auxK?: number;
  /** Weight of that auxiliary loss. Default 1/32. */
  readonly auxCoefficient?: number;
  /** Activations after which a latent that has not fired counts as dead. Default: a tenth of all, at most ten million. */
  readonly deadAfter?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Activations from the start of the stream that give the scale and the first `b_dec`. Default 4096, and at least the batch. */
  readonly calibrationRows?: number;
  /** Steps between checkpoints. Default 250. */
  readonly checkpointEvery?: number;
  /** Steps between rows of the loss curve and calls of `onProgress`. Default 10. */
  readonly logEvery?: number;
}

/** All settings, each with its value. */
export type ResolvedSettings = Required<SaeTrainingSettings>;

export const ARCHITECTURES: readonly SaeArchitecture[] = ['batchtopk', 'topk', 'jumprelu', 'relu'];

/** As for published dictionaries (`sae/loaders/dimensions.ts`). */
const MAX_D_SAE = 2 ** 24;

/** Batches of this size take 100 GB for any useful dictionary; a larger one is surely a slip of the finger. */
const MAX_BATCH = 2 ** 20;

const MAX_STEPS = 2 ** 31;

/** Activations are held in one array while they are measured. */
const MAX_CALIBRATION_VALUES = 2 ** 28;

/** What arrays over `[batch, d_sae]` and the state may take; beyond it the runtime fails without a sentence. */
const MAX_ARRAY_VALUES = 2 ** 31 - 1;

/** What users of a command know settings by: `--sparsity`; and what they call an architecture. */
export interface SettingNames extends Partial<Record<keyof SaeTrainingSettings, string>> {
  readonly shownArchitecture?: string;
}

/** Settings of the library, by their own names. */
const OWN_NAMES: SettingNames = { dSae: 'd_sae' };

/**
 * @param names for messages
 * @throws {AntipodeError} `usage` for a value out of its range, or a setting that the architecture needs and has not got
 */
export function resolveSettings(
  given: SaeTrainingSettings,
  dIn: number,
  names: SettingNames = OWN_NAMES,
): ResolvedSettings {
  const { architecture, dSae, steps } = given;
  const refusal = new Refusal(names, architecture);
  if (!ARCHITECTURES.includes(architecture)) {
    throw refusal.of('architecture', architecture, `expected one of ${ARCHITECTURES.join(', ')}`);
  }
  const batch = given.batch ?? 1024;
  checkSizes({ batch, dIn, dSae, steps }, refusal);
  const settings: ResolvedSettings = {
    architecture,
    dSae,
    k: resolveK(given, refusal),
    sparsityCoefficient: resolveSparsity(given, refusal),
    sparsityWarmupSteps: given.sparsityWarmupSteps ?? Math.floor(steps / 5),
    bandwidth: given.bandwidth ?? 0.05,
    initialThreshold: given.initialThreshold ?? 0.05,
    steps,
    batch,
    learningRate: given.learningRate ?? Math.min(5e-3, 2e-3 * Math.sqrt(2048 / dSae)),
    warmupSteps: given.warmupSteps ?? Math.min(1000, Math.floor(steps / 20)),
    decayShare: given.decayShare ?? 0.3,
    beta1: given.beta1 ?? 0.9,
    beta2: given.beta2 ?? 0.99,
    epsilon: given.epsilon ?? 6.25e-10,
    maxGradientNorm: given.maxGradientNorm ?? 1,
    auxK: given.auxK ?? 2 ** Math.max(0, Math.round(Math.log2(dIn / 2))),
    auxCoefficient: given.auxCoefficient ?? 1 / 32,
    deadAfter: given.deadAfter ?? Math.min(1e7, Math.max(batch, Math.floor((steps * batch) / 10))),
    seed: given.seed ?? 0,
    calibrationRows: given.calibrationRows ?? Math.max(4096, batch),
    checkpointEvery: given.checkpointEvery ?? 250,
    logEvery: given.logEvery ?? 10,
  };
  checkRanges(settings, dIn, refusal);
  return settings;
}

interface Sizes {
  readonly batch: number;
  readonly dIn: number;
  readonly dSae: number;
  readonly steps: number;
}

function checkSizes({ batch, dIn, dSae, steps }: Sizes, refusal: Refusal): void {
  refusal.unlessWhole('dSae', dSae, [1, MAX_D_SAE]);
  refusal.unlessWhole('steps', steps, [1, MAX_STEPS]);
  refusal.unlessWhole('batch', batch, [1, MAX_BATCH]);
  if (batch * dSae <= MAX_ARRAY_VALUES && dIn * dSae <= MAX_ARRAY_VALUES) return;
  throw new AntipodeError(
    'usage',
    `training: arrays of ${refusal.nameOf('batch')} (${batch}) by ${refusal.nameOf('dSae')} (${dSae}) or d_in (${dIn}) by that are too large (expected below ${MAX_ARRAY_VALUES} values)`,
    { hint: 'take a smaller --d-sae or --batch-size' },
  );
}

function checkRanges(settings: ResolvedSettings, dIn: number, refusal: Refusal): void {
  for (const name of ['warmupSteps', 'sparsityWarmupSteps'] as const)
    refusal.unlessWhole(name, settings[name], [0, MAX_STEPS]);
  for (const name of ['checkpointEvery', 'logEvery'] as const)
    refusal.unlessWhole(name, settings[name], [1, MAX_STEPS]);
  refusal.unlessWhole('auxK', settings.auxK, [0, MAX_D_SAE]);
  refusal.unlessWhole('deadAfter', settings.deadAfter, [1, Number.MAX_SAFE_INTEGER]);
  refusal.unlessWhole('seed', settings.seed, [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
  refusal.unlessWhole('calibrationRows', settings.calibrationRows, [
    2,
    Math.floor(MAX_CALIBRATION_VALUES / dIn),
  ]);
  for (const name of ['learningRate', 'bandwidth', 'initialThreshold', 'epsilon'] as const) {
    if (!(settings[name] > 0 && Number.isFinite(settings[name])))
      throw refusal.of(name, settings[name], 'expected a number above 0');
  }
  for (const name of ['sparsityCoefficient', 'maxGradientNorm', 'auxCoefficient'] as const) {
    if (!(settings[name] >= 0 && Number.isFinite(settings[name])))
      throw refusal.of(name, settings[name], 'expected a number from 0 on');
  }
  for (const name of ['beta1', 'beta2'] as const) {
    if (!(settings[name] >= 0 && settings[name] < 1))
      throw refusal.of(name, settings[name], 'expected at least 0 and below 1');
  }
  if (!(settings.decayShare > 0 && settings.decayShare <= 1))
    throw refusal.of('decayShare', settings.decayShare, 'expected above 0 and at most 1');
  if (settings.warmupSteps > settings.steps)
    throw refusal.of('warmupSteps', settings.warmupSteps, `expected at most the steps, ${settings.steps}`);
}

function resolveK({ architecture, k, dSae }: SaeTrainingSettings, refusal: Refusal): number {
  if (architecture !== 'topk' && architecture !== 'batchtopk') {
    if (k === undefined) return 0;
    throw refusal.of('k', k, `${refusal.architecture} has none`, 'its sparsity is set by --sparsity');
  }
  if (k === undefined) {
    throw new AntipodeError(
      'usage',
      `training: ${refusal.architecture} needs ${refusal.nameOf('k')}, the active latents per activation`,
      {
        hint: 'add --k 32',
      },
    );
  }
  if (Number.isInteger(k) && k > dSae)
    throw refusal.of(
      'k',
      k,
      `expected at most ${refusal.nameOf('dSae')}, ${dSae}`,
      'take a smaller --k or a larger --d-sae',
    );
  refusal.unlessWhole('k', k, [1, dSae]);
  return k;
}

function resolveSparsity(
  { architecture, sparsityCoefficient: value }: SaeTrainingSettings,
  refusal: Refusal,
): number {
  if (architecture === 'jumprelu' || architecture === 'relu') {
    if (value !== undefined) return value;
    throw new AntipodeError('usage', `training: ${refusal.architecture} needs a sparsity coefficient`, {
      hint: 'add --sparsity 1, and see which L0 it gives',
    });
  }
  if (value === undefined) return 0;
  throw refusal.of(
    'sparsityCoefficient',
    value,
    `${refusal.architecture} has none`,
    'its sparsity is set by --k',
  );
}

/** Sentences about settings, in the caller's words. */
class Refusal {
  readonly architecture: string;
  readonly #names: SettingNames;

  constructor(names: SettingNames, architecture: string) {
    this.#names = names;
    this.architecture = names.shownArchitecture ?? architecture;
  }

  nameOf(setting: keyof SaeTrainingSettings): string {
    return this.#names[setting] ?? setting;
  }

  of(setting: keyof SaeTrainingSettings, value: unknown, expected: string, hint?: string): AntipodeError {
    return new AntipodeError(
      'usage',
      `training: ${this.nameOf(setting)} is ${String(value)} (${expected})`,
      hint === undefined ? {} : { hint },
    );
  }

  unlessWhole(
    setting: keyof SaeTrainingSettings,
    value: number,
    [least, most]: readonly [number, number],
  ): void {
    if (Number.isSafeInteger(value) && value >= least && value <= most) return;
    throw this.of(setting, value, `expected a whole number from ${least} to ${most}`);
  }
}

/** The course of the learning rate. */
export function scheduleOf(settings: ResolvedSettings): Schedule {
  const { learningRate: peak, steps, warmupSteps, decayShare } = settings;
  return { peak, steps, warmupSteps, decay: 'linear', decayShare };
}

/** What `sparsity` is at a step that counts from 1, for the graph's loss per element. */
export function sparsityAt(step: number, settings: ResolvedSettings, dIn: number): number {
  const { sparsityCoefficient, sparsityWarmupSteps } = settings;
  return (sparsityCoefficient / dIn) * Math.min(1, step / Math.max(1, sparsityWarmupSteps));
}
