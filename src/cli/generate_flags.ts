/** @file The options of `antipode generate` as its parts receive them. */

import type { ModelFlags } from './model_options.ts';
import type { SaeFlags } from './sae_options.ts';

export interface GenerateFlags extends SaeFlags, ModelFlags {
  readonly prompt: readonly string[];
  readonly chat?: boolean;
  readonly system?: string;
  readonly sae?: string;
  readonly steer?: readonly string[];
  readonly ablate?: readonly string[];
  readonly clamp?: readonly string[];
  readonly replies: number;
  readonly nPredict: number;
  readonly seed: number;
  readonly temp: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly repeatPenalty?: number;
  readonly stop?: readonly string[];
  readonly dryRun?: boolean;
}
