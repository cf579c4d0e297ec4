/**
 * @file Which strengths steer: each pole alone, over a range of strengths, beside replies without steering that are drawn with the same seeds. Steering that
 * is too weak changes nothing; steering that is too strong makes text that the model itself finds unlikely, or repeats itself. Leaves out what the
 * replies say: that is a judge's part.
 */

import { AntipodeError } from '../errors.ts';
import type { Arm, PolePair } from './arm.ts';
import { type GenerateRepliesOptions, generateReplies } from './generate_replies.ts';
import { replyJobs } from './jobs.ts';
import type { ReplyRecord } from './reply_record.ts';
import { type ResolveArmsOptions, resolveArms } from './resolve_arms.ts';

type RunOptions = Pick<
  GenerateRepliesOptions,
  | 'maxNewTokens'
  | 'model'
  | 'onProgress'
  | 'positions'
  | 'prompts'
  | 'reader'
  | 'sampling'
  | 'signal'
  | 'stops'
  | 'tokenizer'
>;

export interface CalibrateOptions
  extends RunOptions,
    Pick<ResolveArmsOptions, 'maxActivations' | 'meanNorm' | 'method' | 'sae' | 'site' | 'unit'> {
  readonly poles: PolePair;
  /** In the unit, positive, distinct; in any order. */
  readonly strengths: readonly number[];
  /** Per pole, strength and prompt. */
  readonly replies: number;
  readonly seed: number;
}

export interface CalibrationPoint {
  readonly strength: number;
  /** Euclidean, of what is added; null for methods that add what depends on the stream, or nothing of their own. */
  readonly length: number | null;
  readonly replies: number;
  /** Share of the replies whose tokens are others than those of the unsteered reply of the same seed, in [0, 1]. */
  readonly changed: number;
  /** Nats per token of the replies, without steering; null where no reply has a token. */
  readonly nll: number | null;
  /** Over that of no steering; null where either is missing, or that of no steering is 0. */
  readonly nll_ratio: number | null;
  /** Mean over replies. */
  readonly repetition: number;
  /** Mean over replies with two words or more; null where there are none. */
  readonly distinct_2: number | null;
  /** Mean over the tokens of the replies, the pole's own and the other's; null without a reader or tokens. */
  readonly own_activation: number | null;
  readonly other_activation: number | null;
}

/** Strengths from `from` to `to`, both measured. */
export interface StrengthRange {
  readonly from: number;
  readonly to: number;
}

export interface PoleCalibration {
  readonly pole: string;
  /** Ascending in strength. */
  readonly points: readonly CalibrationPoint[];
  /** The longest run of neighbouring strengths that steer, the stronger of equally long ones; null where none does. */
  readonly recommended: StrengthRange | null;
}

export interface Calibration {
  /** Without steering; `own_activation` is a's and `other_activation` b's. */
  readonly control: Omit<CalibrationPoint, 'changed' | 'length' | 'nll_ratio' | 'strength'>;
  readonly a: PoleCalibration;
  readonly b: PoleCalibration;
  readonly limits: typeof CALIBRATION_LIMITS;
}

/** What a strength has to reach, and may not pass, to be recommended. */
export const CALIBRATION_LIMITS = {
  /** Fewer changed replies than this are a push that sampling swallows. */
  least_changed: 0.5,
  /** Of negative log-likelihoods: beyond it, the model finds each token of its text far less likely than it finds its own. */
  most_nll_ratio: 2,
  /** Above the control's: a third more of each reply stands in one repeated stretch. */
  most_repetition_gain: 0.33,
} as const;

/**
 * @throws {AntipodeError} `usage` for no strengths, one that is not positive or stands twice, `project-out`, which has no strength; as `resolveArms` and
 * `generateReplies`
 */
export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  const strengths = sortedStrengths(options);
  const arms: Arm[] = [
    { name: CONTROL, kind: 'control', parts: [], factor: 1 },
    ...(['a', 'b'] as const).flatMap((side) => strengths.map((strength) => armOf(options, side, strength))),
  ];
  const interventions = await resolveArms({ ...options, arms });
  const records = new Map<string, ReplyRecord[]>(arms.map(({ name }) => [name, []]));
  await generateReplies({
    ...options,
    interventions,
    jobs: replyJobs({ ...options, arms, examples: 0, seedName: () => CONTROL }),
    onReply: async (record) => {
      records.get(record.arm)!.push(record);
    },
  });
  const control = records.get(CONTROL)!;
  const facts = factsOf(control, 'a');
  const measured = (side: 'a' | 'b'): PoleCalibration => {
    const points = strengths.map((strength): CalibrationPoint => {
      const { name } = armOf(options, side, strength);
      const own = records.get(name)!;
      const steered = factsOf(own, side);
      const { length } = interventions.find(({ arm }) => arm.name === name)!;
      return {
        strength,
        length: options.method === 'add' ? length : null,
        ...steered,
        changed: shareChanged(own, control),
        nll_ratio: ratioOf(steered.nll, facts.nll),
      };
    });
    const { name: pole } = options.poles[side];
    return { pole, points, recommended: recommendRange(points, facts.repetition) };
  };
  return { control: facts, a: measured('a'), b: measured('b'), limits: CALIBRATION_LIMITS };
}

const CONTROL = 'control';

function sortedStrengths({ method, strengths }: CalibrateOptions): number[] {
  const refuse = (problem: string): never => {
    throw new AntipodeError('usage', `strengths: ${problem}`);
  };
  if (method === 'project-out') refuse('project-out has none to calibrate');
  if (strengths.length === 0) refuse('none are given');
  const sorted = [...strengths].sort((a, b) => a - b);
  sorted.forEach((strength, index) => {
    if (!(strength > 0 && Number.isFinite(strength))) refuse(`got ${strength}, expected a positive number`);
    if (strength === sorted[index - 1]) refuse(`${strength} stands twice`);
  });
  return sorted;
}

function armOf({ poles }: CalibrateOptions, side: 'a' | 'b', strength: number): Arm {
  const { features, name } = poles[side];
  return { name: `+${name} at ${strength}`, kind: 'steered', parts: [{ features, strength }], factor: 1 };
}

function factsOf(records: readonly ReplyRecord[], side: 'a' | 'b'): Calibration['control'] {
  const scored = records.filter(({ unsteered_mean_log_probability: mean }) => mean !== null);
  const tokens = scored.reduce((sum, record) => sum + record.tokens.length, 0);
  const logs = scored.reduce(
    (sum, record) => sum + record.unsteered_mean_log_probability! * record.tokens.length,
    0,
  );
  return {
    replies: records.length,
    nll: tokens === 0 ? null : -logs / tokens,
    repetition: meanOf(records.map(({ repetition }) => repetition)) ?? 0,
    distinct_2: meanOf(records.flatMap((record) => record.distinct_2 ?? [])),
    own_activation: meanOf(records.flatMap((record) => activationsOf(record, side))),
    other_activation: meanOf(records.flatMap((record) => activationsOf(record, side === 'a' ? 'b' : 'a'))),
  };
}

/** Where tokens of the reply were fed; the last one never is. */
function activationsOf({ activations, positions, tokens }: ReplyRecord, side: 'a' | 'b'): readonly number[] {
  const fed = Math.max(0, tokens.length - 1);
  return activations?.[side].slice(positions - fed) ?? [];
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function shareChanged(records: readonly ReplyRecord[], control: readonly ReplyRecord[]): number {
  const key = ({ prompt, reply }: ReplyRecord): string => `${prompt}/${reply}`;
  const unsteered = new Map(control.map((record) => [key(record), record.tokens.join()]));
  const changed = records.filter((record) => unsteered.get(key(record)) !== record.tokens.join());
  return records.length === 0 ? 0 : changed.length / records.length;
}

function ratioOf(nll: number | null, control: number | null): number | null {
  return nll === null || control === null || control === 0 ? null : nll / control;
}

/** @param repetition of the control */
export function recommendRange(
  points: readonly CalibrationPoint[],
  repetition: number,
): StrengthRange | null {
  let best: CalibrationPoint[] = [];
  let run: CalibrationPoint[] = [];
  for (const point of points) {
    run = steers(point, repetition) ? [...run, point] : [];
    if (run.length > 0 && run.length >= best.length) best = run;
  }
  const [first] = best;
  const last = best.at(-1);
  return first && last ? { from: first.strength, to: last.strength } : null;
}

function steers({ changed, nll_ratio, repetition }: CalibrationPoint, control: number): boolean {
  const { least_changed, most_nll_ratio, most_repetition_gain } = CALIBRATION_LIMITS;
  return (
    changed >= least_changed &&
    nll_ratio !== null &&
    nll_ratio < most_nll_ratio &&
    repetition - control <= most_repetition_gain
  );
}
