/**
 * @file Replies of every arm to one prompt, judged: counts of the five labels and how likely the unsteered model finds what was said. Reply number i
 * has the same seed in every arm.
 */

import { generate } from '../../lm/generate.ts';
import type { LanguageModel } from '../../lm/language_model.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import type { Arm } from './arms.ts';
import { type JudgedPoles, judgeReply, STEERING_LABELS, type SteeringLabel } from './judge.ts';

export interface MeasureOptions {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly layer: number;
  readonly arms: readonly Arm[];
  readonly prompt: string;
  readonly replies: number;
  /** Reply i is drawn with `seed + i`. */
  readonly seed: number;
  readonly poles: JudgedPoles;
  readonly maxNewTokens?: number;
  readonly temperature?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ArmResult {
  readonly name: string;
  readonly counts: Readonly<Record<SteeringLabel, number>>;
  /** Over all tokens of the arm's replies: minus the mean natural logarithm of their probability without steering. */
  readonly unsteeredNll: number;
  readonly replies: readonly { readonly text: string; readonly label: SteeringLabel }[];
}

const MAX_NEW_TOKENS = 40;

/** Rows of one batch: all arms share them, so that no arm has a model to itself. */
const ROWS_AT_ONCE = 128;

/** @throws {AntipodeError} as `generate` */
export async function measureArms(options: MeasureOptions): Promise<ArmResult[]> {
  const { arms, replies, seed } = options;
  const jobs = Array.from({ length: replies }, (_, index) =>
    arms.map((arm) => ({ arm, seed: seed + index })),
  ).flat();
  const replied: {
    readonly arm: Arm;
    readonly text: string;
    readonly logProbabilities: readonly number[];
  }[] = [];
  for (let from = 0; from < jobs.length; from += ROWS_AT_ONCE) {
    const part = jobs.slice(from, from + ROWS_AT_ONCE);
    const rows = await replyAll(options, part);
    rows.forEach((row, index) => {
      replied.push({ arm: part[index]!.arm, ...row });
    });
  }
  return arms.map((arm) =>
    resultOf(
      arm.name,
      replied.filter((reply) => reply.arm === arm),
      options.poles,
    ),
  );
}

async function replyAll(
  { layer, maxNewTokens = MAX_NEW_TOKENS, model, prompt, signal, temperature = 1, tokenizer }: MeasureOptions,
  jobs: readonly { readonly arm: Arm; readonly seed: number }[],
): Promise<{ readonly text: string; readonly logProbabilities: readonly number[] }[]> {
  const ids = tokenizer.encode(prompt);
  const width = jobs[0]?.arm.vector.length ?? 0;
  const values = new Float32Array(jobs.length * width);
  jobs.forEach(({ arm }, row) => {
    values.set(arm.vector, row * width);
  });
  const replies = await generate({
    model,
    tokenizer,
    rows: jobs.map(({ seed }) => ({ prompt: ids, seed })),
    maxNewTokens,
    sampling: { temperature },
    steer: [{ at: layer, values, rows: jobs.length }],
    unsteeredLogProbabilities: true,
    ...(signal && { signal }),
  });
  return replies.map(({ text, unsteeredLogProbabilities }) => ({
    text: text.trim(),
    logProbabilities: unsteeredLogProbabilities ?? [],
  }));
}

function resultOf(
  name: string,
  replies: readonly { readonly text: string; readonly logProbabilities: readonly number[] }[],
  poles: JudgedPoles,
): ArmResult {
  const judged = replies.map(({ text }) => ({ text, label: judgeReply(text, poles) }));
  const count = (label: SteeringLabel): number => judged.filter((reply) => reply.label === label).length;
  const all = replies.flatMap(({ logProbabilities }) => logProbabilities);
  const counts = Object.fromEntries(STEERING_LABELS.map((label) => [label, count(label)])) as Record<
    SteeringLabel,
    number
  >;
  return {
    name,
    counts,
    unsteeredNll: -all.reduce((sum, value) => sum + value, 0) / all.length,
    replies: judged,
  };
}
