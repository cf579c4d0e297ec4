/** @file What a steering run is to those who draw it: what was asked for, what the model wrote, and what each judge said of it. */

import type { Agreement } from '../judge/agreement.ts';
import type { PoleNames } from '../judge/labels.ts';
import type { ArmOutcome, SteeringOutcome } from '../judge/outcome.ts';
import type { ReplyVerdict } from '../judge/verdicts_file.ts';
import type { Arm, PolePair, SteerMethod, SteerPositions, StrengthUnit } from '../steering/arm.ts';
import { repeatedArms } from '../steering/arm_rows.ts';
import type { ReplyRecord } from '../steering/reply_record.ts';

/** An arm, and what became of it. */
export interface SteeredArm {
  readonly arm: Arm;
  /** Length of what was added to the residual stream; 0 where nothing was; undefined for methods that add what depends on the stream, or nothing. */
  readonly length: number | undefined;
  readonly coefficients: readonly { readonly feature: number; readonly coefficient: number }[];
}

/** One judge in one pass. */
export interface JudgedPass {
  readonly judge: string;
  readonly title: string;
  readonly pass: number;
  /** By id of the reply. */
  readonly verdicts: ReadonlyMap<string, ReplyVerdict>;
  readonly outcome: SteeringOutcome;
}

/** Two passes, of two judges or of one. */
export interface JudgedTwice {
  readonly first: Pick<JudgedPass, 'judge' | 'title' | 'pass'>;
  readonly second: Pick<JudgedPass, 'judge' | 'title' | 'pass'>;
  readonly agreement: Agreement;
}

export interface SteeringSubject {
  readonly model: string;
  readonly sae: string;
  /** For people: `behind layer 20`. */
  readonly place: string;
  readonly neuronpediaId: string | undefined;
  readonly poles: PolePair;
  readonly prompts: readonly string[];
  readonly unit: StrengthUnit;
  readonly method: SteerMethod;
  readonly positions: SteerPositions;
  /** Of one pole, in the unit; undefined for arms of the user's own. */
  readonly strength: number | undefined;
  /** Mean length of the residual stream there, where it was measured. */
  readonly meanNorm: number | undefined;
  readonly seed: number;
  /** In words: `temperature 0.7, at most 64 new tokens`. */
  readonly sampling: string;
  readonly arms: readonly SteeredArm[];
  readonly records: readonly ReplyRecord[];
  /** The order is that of the tables; one without verdicts stands for a run that nobody judged. */
  readonly judged: readonly JudgedPass[];
  readonly agreements: readonly JudgedTwice[];
  /** What the reader has to know about the run as a whole. */
  readonly notes: readonly string[];
}

export function poleNames({ poles }: SteeringSubject): PoleNames {
  return { a: poles.a.name, b: poles.b.name };
}

/** Arms at the strength of the run, without those that repeat one at a further strength. */
export function mainArms(arms: readonly ArmOutcome[]): ArmOutcome[] {
  const repeated = repeatedArms(arms.map(({ arm, factor }) => ({ name: arm, factor })));
  return arms.filter(({ arm }) => !repeated.has(arm));
}

/** `gpt-4o at api.openai.com`, and which pass where there are several. */
export function judgeTitle({ title, pass }: Pick<JudgedPass, 'title' | 'pass'>): string {
  return pass === 1 ? title : `${title}, pass ${pass}`;
}
