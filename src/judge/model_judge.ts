/**
 * @file A language model on this machine as judge, also one that follows no instructions: a few-shot text that ends where a label has to stand, and how
 * probable the model finds each of the five there. What it says of unsteered replies is its zero point: a label is given where it is clearly more probable,
 * beside "No Steering", than it is for those (contextual calibration, as in Zhao et al. 2021, arXiv 2102.09690, on replies in place of an empty text).
 */

import { createHash } from 'node:crypto';
import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import type { LanguageModel } from '../lm/language_model.ts';
import { scoreTokens } from '../lm/score.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import { mean, median } from '../stats/summary.ts';
import { chooseExamples, FEW_SHOT_EXAMPLES, labelNames, quotedText } from './few_shot.ts';
import type { BlindReply, Judge, JudgeExample, JudgeOptions, JudgeSetting, Verdict } from './judge.ts';
import { STEERING_LABELS, type SteeringLabel } from './labels.ts';

export interface ModelJudgeOptions {
  /** `f32` gives the same labels on any number of threads. Stays open. */
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** As the user named it. */
  readonly name: string;
  /** Of its files: part of the judge's id. */
  readonly fingerprint: string;
  readonly setting: JudgeSetting;
  /** Of the examples that are shown. */
  readonly seed: number;
  /** From 1. */
  readonly pass: number;
}

/** Robust standard deviations: against fifteen normal unsteered replies, 6.5 in a hundred more go that far in any of four independent labels (simulated). */
const CLEARLY = 3;

/** Of a median absolute deviation, for examples unlike the others: a model that is sad in one reply of ten must not make sadness usual. */
const TO_DEVIATION = 1.4826;

/** Natural logarithms per token: without it, unsteered replies that are all the same would make any difference a clear one. */
const LEAST_DEVIATION = 0.05;

/** Fewer say nothing of how far they scatter. */
const LEAST_CALIBRATION = 5;

/** Positions that the question has to leave: for a message and a reply of `LEAST_BYTES` each. */
const LEAST_REPLY_TOKENS = 72;

/** Bytes of a text where it is first quoted; halved until question and reply fit into the model's context. */
const MOST_BYTES = 4_000;
const LEAST_BYTES = 32;

/** Changed with the words of the question and the rule. */
const QUESTION_VERSION = 1;

/**
 * @throws {AntipodeError} `usage` for a model whose context is too short for the question, for fewer than five unsteered replies, and for names of poles
 * that cannot be told apart
 */
export function createModelJudge(options: ModelJudgeOptions): Judge {
  const { model, name, setting, seed, pass, fingerprint } = options;
  if (setting.examples.length < LEAST_CALIBRATION) {
    throw new AntipodeError(
      'usage',
      `judge ${shownName(name)}: has too few unsteered replies to compare with (got ${setting.examples.length}, expected at least ${LEAST_CALIBRATION})`,
      { hint: 'make the run with --examples 20' },
    );
  }
  const shown = examplesThatFit(options);
  const zeros = new Map<string, ZeroPoint>();
  return {
    id: judgeId(options),
    title: `${shownName(name)} on this machine`,
    facts: {
      kind: 'model',
      model: name,
      fingerprint,
      precision: model.precision,
      device: model.device.name,
      question_version: QUESTION_VERSION,
      examples: setting.examples.length,
      shown_examples: shown,
      clearly: CLEARLY,
      least_deviation: LEAST_DEVIATION,
      seed,
      pass,
    },
    label: (replies, labelOptions) => labelAll(replies, labelOptions, { ...options, shown, zeros }),
  };
}

/** Of the four labels that say something, beside "No Steering": what unsteered replies give. */
interface ZeroPoint {
  readonly examples: readonly JudgeExample[];
  readonly centres: readonly number[];
  readonly deviations: readonly number[];
}

interface Labelling extends ModelJudgeOptions {
  /** Examples in each question. */
  readonly shown: number;
  /** By prompt. */
  readonly zeros: Map<string, ZeroPoint>;
}

async function labelAll(
  replies: readonly BlindReply[],
  { onVerdict, signal }: JudgeOptions,
  labelling: Labelling,
): Promise<void> {
  const known = new Map<string, Omit<Verdict, 'key'>>();
  for (const reply of replies) {
    throwIfInterrupted(signal);
    const same = JSON.stringify([reply.prompt, reply.text]);
    const verdict = known.get(same) ?? (await labelOne(reply, labelling, signal));
    known.set(same, verdict);
    await onVerdict({ key: reply.key, ...verdict });
  }
}

const SAYING: readonly SteeringLabel[] = STEERING_LABELS.filter((label) => label !== 'none');

async function labelOne(
  reply: Pick<BlindReply, 'prompt' | 'text'>,
  labelling: Labelling,
  signal: AbortSignal | undefined,
): Promise<Omit<Verdict, 'key'>> {
  const zero = await zeroPointOf(reply.prompt, labelling, signal);
  const margins = await marginsOf(reply, zero.examples, labelling, signal);
  if (!margins?.every(Number.isFinite)) {
    const reason = margins
      ? 'the model gives no finite probabilities'
      : "the message does not fit into the model's context";
    return { label: 'unlabelled', reason };
  }
  const scores = margins.map((margin, i) => (margin - zero.centres[i]!) / zero.deviations[i]!);
  const best = scores.indexOf(Math.max(...scores));
  const shownScores = SAYING.map((label, i) => `${label} ${scores[i]!.toFixed(2)}`).join(', ');
  return {
    label: scores[best]! > CLEARLY ? SAYING[best]! : 'none',
    reason: `standard deviations from unsteered replies: ${shownScores}`,
  };
}

async function zeroPointOf(
  prompt: string,
  labelling: Labelling,
  signal: AbortSignal | undefined,
): Promise<ZeroPoint> {
  const known = labelling.zeros.get(prompt);
  if (known) return known;
  const { setting, seed, pass, shown } = labelling;
  const pool = chooseExamples(setting.examples, { prompt, seed, pass: 1, count: setting.examples.length });
  const examples = chooseExamples(setting.examples, { prompt, seed, pass, count: shown });
  const others = pool.filter((one) => !examples.includes(one));
  const samples: number[][] = [];
  for (const example of others.length >= LEAST_CALIBRATION ? others : pool) {
    const margins = await marginsOf(example, examples, labelling, signal);
    if (margins) samples.push(margins);
  }
  const centres = SAYING.map((_, i) => median(samples.map((one) => one[i]!)));
  const deviations = SAYING.map((_, i) => {
    const distances = samples.map((one) => Math.abs(one[i]! - centres[i]!));
    return Math.max(LEAST_DEVIATION, TO_DEVIATION * median(distances));
  });
  const zero = { examples, centres, deviations };
  labelling.zeros.set(prompt, zero);
  return zero;
}

/**
 * Mean log-probability per token of each label that says something, less that of "No Steering". Always five rows in a batch: the numbers of a reply are
 * the same bits whatever else is judged. Undefined where the question does not fit.
 */
async function marginsOf(
  reply: Pick<BlindReply, 'prompt' | 'text'>,
  examples: readonly JudgeExample[],
  labelling: Labelling,
  signal: AbortSignal | undefined,
): Promise<number[] | undefined> {
  const rows = rowsThatFit(reply, examples, labelling);
  if (!rows) return undefined;
  const scores = await scoreTokens(labelling.model, rows, signal ? { signal } : {});
  const means = scores.map((one) => mean(one));
  const none = means[STEERING_LABELS.indexOf('none')]!;
  return STEERING_LABELS.flatMap((label, i) => (label === 'none' ? [] : [means[i]! - none]));
}

interface LabelRow {
  readonly context: readonly number[];
  readonly tokens: readonly number[];
}

/** One row per label. What a tokenizer joins across the end of the question counts as the label's. */
function rowsThatFit(
  reply: Pick<BlindReply, 'prompt' | 'text'>,
  examples: readonly JudgeExample[],
  { model, tokenizer, setting }: Pick<Labelling, 'model' | 'tokenizer' | 'setting'>,
): LabelRow[] | undefined {
  const names = labelNames(setting.poles);
  for (let bytes = MOST_BYTES; bytes >= LEAST_BYTES; bytes /= 2) {
    const question = questionText(reply, examples, { names, bytes });
    const bare = tokenizer.encode(question);
    const whole = names.map((name) => tokenizer.encode(`${question} ${name}`));
    if (Math.max(...whole.map(({ length }) => length)) - 1 > model.config.maxPositions) continue;
    const shared = Math.min(...whole.map((ids) => commonLength(bare, ids)));
    return whole.map((ids) => ({
      context: Array.from(ids.subarray(0, shared)),
      tokens: Array.from(ids.subarray(shared)),
    }));
  }
  return undefined;
}

function commonLength(a: Int32Array, b: Int32Array): number {
  const end = a.findIndex((id, i) => id !== b[i]);
  return end < 0 ? Math.min(a.length, b.length) : end;
}

function questionText(
  reply: Pick<BlindReply, 'prompt' | 'text'>,
  examples: readonly JudgeExample[],
  { names, bytes }: { readonly names: readonly string[]; readonly bytes: number },
): string {
  const none = names[STEERING_LABELS.indexOf('none')]!;
  const turn = ({ prompt, text }: JudgeExample, label: string): string =>
    `Message: ${quotedText(prompt, bytes)}\nReply: ${quotedText(text, bytes)}\nLabel:${label}`;
  return [
    `Each reply is labelled ${names.join(', ')}.`,
    ...examples.map((example) => turn(example, ` ${none}`)),
    turn(reply, ''),
  ].join('\n\n');
}

/** The largest number of examples, up to five, with which the question leaves room for a reply. */
function examplesThatFit(options: ModelJudgeOptions): number {
  const { model, tokenizer, setting, name, seed, pass } = options;
  const names = labelNames(setting.poles);
  const longestLabel = Math.max(...names.map((one) => tokenizer.encode(` ${one}`).length));
  const prompts = [...new Set(setting.examples.map(({ prompt }) => prompt))];
  let least = 0;
  for (let count = Math.min(FEW_SHOT_EXAMPLES, setting.examples.length); count >= 0; count--) {
    const lengths = prompts.map((prompt) => {
      const examples = chooseExamples(setting.examples, { prompt, seed, pass, count });
      const question = questionText({ prompt, text: '' }, examples, { names, bytes: LEAST_BYTES });
      return tokenizer.encode(question).length;
    });
    least = Math.max(...lengths) + longestLabel + LEAST_REPLY_TOKENS;
    if (least <= model.config.maxPositions) return count;
  }
  throw new AntipodeError(
    'usage',
    `judge ${shownName(name)}: its context is too short for the question (got ${model.config.maxPositions} positions, expected at least ${least})`,
    { hint: 'choose a larger model, an endpoint, or the lexicon as judge' },
  );
}

/** The same for every pass. */
function judgeId({ name, fingerprint, model, setting, seed }: ModelJudgeOptions): string {
  const { poles, examples } = setting;
  const shown = examples.map(({ prompt, text }) => [prompt, text]);
  const whole = [
    QUESTION_VERSION,
    fingerprint,
    model.precision,
    model.device.name,
    poles.a,
    poles.b,
    shown,
    seed,
  ];
  const hash = createHash('sha256').update(JSON.stringify(whole)).digest('hex').slice(0, 10);
  const part = name.replace(/[^A-Za-z0-9._-]+/g, '_').replace(/^[._]+/, '');
  return `model-${part.slice(-50)}-${hash}`;
}
