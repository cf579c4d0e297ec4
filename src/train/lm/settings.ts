/** @file How a language model is trained: the numbers of AdamW and its schedule, of batches, and how often the training looks at itself. */

import { AntipodeError } from '../../errors.ts';
import type { GemmaConfig } from '../../lm/config/model_config.ts';
import { elements } from '../../onnx/gradients/tape.ts';
import type { AdamSettings } from '../step/optimiser.ts';
import { parameterSpecs } from './parameters.ts';

export interface LanguageModelSettings {
  /** Of what weights start from. */
  readonly seed: number;
  readonly steps: number;
  /** Rows of a batch. */
  readonly batchRows: number;
  /** Positions of a row; at most the model's. */
  readonly contextLength: number;
  /** Highest rate, reached behind the warm-up; half a cosine goes down from there. */
  readonly learningRate: number;
  readonly warmupSteps: number;
  /** Share of the highest rate that the last step has, in [0, 1]. */
  readonly finalRate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** Taken off matrices per step, times the bias-corrected learning rate: how that differs from torch says `AdamSettings`. */
  readonly weightDecay: number;
  /** Gradients whose joint norm is above it are scaled down to it. */
  readonly maxGradientNorm: number;
  /** Steps between looks at the held-out rows; the last step looks as well. */
  readonly heldOutEvery: number;
  /** Steps between checkpoints; an interrupted training and a finished one write theirs too. */
  readonly checkpointEvery: number;
  /** Steps between rows of the loss curve; looks at the held-out rows stand in it as well. */
  readonly curveEvery: number;
}

/** For models of about a million parameters. */
export const DEFAULT_SETTINGS = {
  seed: 0,
  batchRows: 32,
  learningRate: 2e-3,
  warmupSteps: 100,
  finalRate: 0.03,
  beta1: 0.9,
  beta2: 0.99,
  weightDecay: 0.05,
  maxGradientNorm: 1,
  heldOutEvery: 100,
  checkpointEvery: 250,
  curveEvery: 10,
} as const;

/** What has to be said: `steps`, `contextLength`. */
export type LanguageModelSettingsGiven = Pick<LanguageModelSettings, 'steps' | 'contextLength'> &
  Partial<LanguageModelSettings>;

/** Logits and their gradient are some arrays of this many float32: 1 GiB each. */
const MAX_LOGITS = 2 ** 28;

/** The parameters and two means of each are there twice: 6 GiB. */
const MAX_PARAMETERS = 2 ** 28;

/** @throws {AntipodeError} `usage` for a number out of range, and for models and batches beyond what fits into memory */
export function completeSettings(
  given: LanguageModelSettingsGiven,
  config: GemmaConfig,
): LanguageModelSettings {
  const settings = { ...DEFAULT_SETTINGS, ...given };
  const refuse = (name: keyof LanguageModelSettings, expected: string): never => {
    throw new AntipodeError(
      'usage',
      `training settings: ${name} (got ${settings[name]}, expected ${expected})`,
    );
  };
  if (!Number.isSafeInteger(settings.seed)) refuse('seed', 'a whole number');
  const counts = ['steps', 'batchRows', 'heldOutEvery', 'checkpointEvery', 'curveEvery'] as const;
  for (const name of counts) if (!isWhole(settings[name], 1)) refuse(name, 'a whole number from 1 on');
  if (!isWhole(settings.warmupSteps, 0)) refuse('warmupSteps', 'a whole number from 0 on');
  if (!(isWhole(settings.contextLength, 1) && settings.contextLength <= config.maxPositions)) {
    refuse('contextLength', `1 to max_position_embeddings, ${config.maxPositions}`);
  }
  for (const name of ['learningRate', 'maxGradientNorm'] as const) {
    if (!(settings[name] > 0 && settings[name] < Number.POSITIVE_INFINITY)) refuse(name, 'a number above 0');
  }
  for (const name of ['beta1', 'beta2'] as const) {
    if (!(settings[name] >= 0 && settings[name] < 1)) refuse(name, '0 to below 1');
  }
  for (const name of ['finalRate', 'weightDecay'] as const) {
    if (!(settings[name] >= 0 && settings[name] <= 1)) refuse(name, '0 to 1');
  }
  checkSizes(settings, config);
  return settings;
}

function checkSizes({ batchRows, contextLength }: LanguageModelSettings, config: GemmaConfig): void {
  const logits = batchRows * contextLength * config.vocabSize;
  if (logits > MAX_LOGITS) {
    const sizes = `${batchRows} rows of ${contextLength} positions and ${config.vocabSize} words`;
    throw new AntipodeError(
      'usage',
      `training settings: ${sizes} are ${logits} logits, the limit is ${MAX_LOGITS}`,
      {
        hint: 'take fewer rows per batch',
      },
    );
  }
  const parameters = parameterSpecs(config).reduce((sum, { shape }) => sum + elements(shape), 0);
  if (parameters > MAX_PARAMETERS) {
    throw new AntipodeError(
      'usage',
      `model configuration: asks for ${parameters} parameters, the limit for training is ${MAX_PARAMETERS}`,
    );
  }
}

export function adamOf(settings: LanguageModelSettings): AdamSettings {
  const { beta1, beta2, maxGradientNorm, weightDecay } = settings;
  return { beta1, beta2, epsilon: 1e-8, maxGradientNorm, weightDecay };
}

function isWhole(value: number, from: number): boolean {
  return Number.isSafeInteger(value) && value >= from;
}
