/** @file The options of `antipode steer`, `steer run` and `steer calibrate` as their parts receive them; those without a default may stand in a spec instead. */

import type { SteerMethod, SteerPositions, StrengthUnit } from '../steering/arm.ts';
import type { JudgeFlags } from './judge_flags.ts';
import type { ModelFlags } from './model_options.ts';
import type { SaeFlags } from './sae_options.ts';

/** What is steered, how, and what is said. */
export interface SteerFlags extends SaeFlags, Partial<ModelFlags> {
  readonly sae?: string;
  readonly layer?: number;
  readonly concepts?: string;
  readonly pair?: string;
  /** `Happy=20:11697`, twice. */
  readonly pole?: readonly string[];
  readonly method?: SteerMethod;
  readonly unit?: StrengthUnit;
  readonly strength?: number;
  readonly positions?: SteerPositions;
  readonly prompt?: readonly string[];
  readonly chat?: boolean;
  readonly system?: string;
  readonly nPredict?: number;
  readonly seed?: number;
  readonly temp?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly repeatPenalty?: number;
  readonly stop?: readonly string[];
}

export interface SteerOnceFlags extends SteerFlags {
  /** `20:11697:+40`. */
  readonly steer?: readonly string[];
  /** Names of arms: `+Happy`. */
  readonly arm?: readonly string[];
  readonly replies: number;
}

export interface SteerRunFlags extends SteerFlags, JudgeFlags {
  readonly strengths?: readonly number[];
  readonly replies?: number;
  readonly examples?: number;
  readonly random?: number;
  /** False for `--no-matched`. */
  readonly matched?: boolean;
  readonly out?: string;
  readonly dryRun?: boolean;
}

export interface SteerCalibrateFlags extends SteerFlags {
  readonly strengths?: readonly number[];
  readonly replies?: number;
  readonly out?: string;
  readonly dryRun?: boolean;
}

export interface JudgeRunFlags extends JudgeFlags, Partial<ModelFlags> {
  readonly dryRun?: boolean;
}
