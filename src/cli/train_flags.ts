/** @file The options of `antipode train sae` as its parts receive them. */

import type { ModelFlags } from './model_options.ts';
import type { TextFlags } from './text_options.ts';

export const TRAINED_FORMATS = ['saelens', 'gemma-scope', 'both'] as const;
export type TrainedFormat = (typeof TRAINED_FORMATS)[number];

/** `standard` is SAELens's name for `relu`. */
export const ARCHITECTURE_NAMES = ['topk', 'batchtopk', 'jumprelu', 'standard', 'relu'] as const;

export interface TrainSaeFlags extends ModelFlags, TextFlags {
  readonly hook?: string;
  readonly layer?: number;
  readonly allTokens?: boolean;
  readonly buffer?: number;
  readonly heldOut: number;
  readonly evaluationTokens: number;
  readonly dSae?: number;
  readonly architecture: (typeof ARCHITECTURE_NAMES)[number];
  readonly k?: number;
  readonly sparsity?: number;
  readonly steps?: number;
  readonly tokens?: number;
  readonly batchSize: number;
  readonly lr?: number;
  readonly warmup?: number;
  readonly deadAfter?: number;
  readonly checkpointEvery?: number;
  readonly seed: number;
  readonly format: TrainedFormat;
  readonly out: string;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
}
