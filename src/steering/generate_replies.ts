/**
 * @file The replies of a run, arms side by side in every batch (METHOD, section 5). A reply's bits depend on the model, its arm, prompt and seed alone: a
 * batch always has the same number of rows, all of one prompt, because then no row's numbers depend on the others. Each reply is handed on, with all that
 * is known of it, as soon as it has ended.
 */

import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import { mergeEdits } from '../lm/combine_edits.ts';
import type { Edit, LanguageModel, Site } from '../lm/language_model.ts';
import type { SamplingOptions } from '../lm/sampler.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import type { SteerPositions } from './arm.ts';
import type { ReplyJob } from './jobs.ts';
import type { PoleReader } from './pole_reader.ts';
import { REPLY_BATCH_ROWS, runBatch } from './reply_batch.ts';
import type { ReplyRecord } from './reply_record.ts';

/** What an arm does; `ArmIntervention` of `resolve_arms.ts` is one. */
export interface ReplyIntervention {
  readonly arm: { readonly name: string };
  /** `[d_model]`. */
  readonly steering?: Float32Array;
  /** Rows and columns 1, at the site. */
  readonly edit?: Edit;
}

export interface ReplyPrompt {
  readonly text: string;
  /** At least one. */
  readonly tokens: ArrayLike<number>;
}

export interface ReplyProgress {
  /** Replies, those under way in parts; never falls. Their pace is what a remaining time follows from. */
  readonly done: number;
  /** All jobs. */
  readonly total: number;
  /** Tokens of replies that are handed on. */
  readonly tokens: number;
}

export interface GenerateRepliesOptions {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** Where the arms act and the poles are read. */
  readonly site: Site;
  /** At least those that the jobs name. */
  readonly interventions: readonly ReplyIntervention[];
  readonly prompts: readonly ReplyPrompt[];
  /** What is to be made, in this order. */
  readonly jobs: readonly ReplyJob[];
  readonly positions: SteerPositions;
  readonly sampling: SamplingOptions;
  readonly maxNewTokens: number;
  readonly stops?: readonly string[];
  /** Without one, records have no `activations`. Its caller closes it. */
  readonly reader?: PoleReader | undefined;
  /** One after the other; in the order in which replies end. */
  readonly onReply: (record: ReplyRecord) => Promise<void>;
  /** Text of a reply as it is settled, in pieces. */
  readonly onText?: (job: ReplyJob, text: string) => void;
  readonly onProgress?: (progress: ReplyProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Lanes of edits are filled up to a multiple of this, so that sums over them have one order: arms of one run and another have different numbers of features. */
const LANES = 8;

/**
 * Replies handed on stand when it fails.
 * @throws {AntipodeError} `interrupted` between tokens, `usage` for prompts that fill the context, and whatever the model or `onReply` throws
 */
export async function generateReplies(options: GenerateRepliesOptions): Promise<void> {
  const { jobs, prompts, signal, onProgress = () => {} } = options;
  const interventions = interventionsByArm(options);
  const pace = createPace(options);
  for (const batch of batchesOf(jobs)) {
    throwIfInterrupted(signal);
    const prompt = prompts[batch[0]!.prompt];
    if (!prompt) throw new Error(`internal: there is no prompt ${batch[0]!.prompt}`);
    await runBatch({
      options,
      prompt: Array.from(prompt.tokens),
      jobs: batch,
      interventions,
      onStep: (steps) => onProgress(pace.during(batch.length, steps)),
      onRecord: async (record) => {
        await options.onReply(record);
        pace.takeTokens(record.tokens.length);
      },
    });
    onProgress(pace.after(batch.length));
  }
}

/** In order; all jobs of a batch have the same prompt. */
function* batchesOf(jobs: readonly ReplyJob[]): Iterable<readonly ReplyJob[]> {
  for (let from = 0; from < jobs.length; ) {
    let to = from + 1;
    while (to < jobs.length && to - from < REPLY_BATCH_ROWS && jobs[to]!.prompt === jobs[from]!.prompt) to++;
    yield jobs.slice(from, to);
    from = to;
  }
}

function interventionsByArm(options: GenerateRepliesOptions): ReadonlyMap<string, ReplyIntervention> {
  const { interventions, jobs, site } = options;
  for (const { arm, edit } of interventions) {
    if (edit && edit.at !== site)
      throw new Error(`internal: ${arm.name} edits at ${edit.at}, not at ${site}`);
  }
  const most = interventions.reduce((lanes, { edit }) => Math.max(lanes, edit?.lanes ?? 0), 0);
  const lanes = Math.ceil(most / LANES) * LANES;
  const byArm = new Map(
    interventions.map((one) => [one.arm.name, one.edit ? { ...one, edit: withLanes(one.edit, lanes) } : one]),
  );
  const unknown = jobs.find(({ arm }) => !byArm.has(arm));
  if (unknown) throw new AntipodeError('usage', `arm ${unknown.arm}: has no intervention`);
  return byArm;
}

function withLanes(edit: Edit, lanes: number): Edit {
  const missing = lanes - edit.lanes;
  if (missing === 0) return edit;
  const nothing = new Float32Array((edit.read.length / edit.lanes) * missing);
  const keep = new Float32Array(missing).fill(1);
  return mergeEdits([edit, { at: edit.at, lanes: missing, read: nothing, write: nothing, keep }]);
}

interface Pace {
  during(jobs: number, steps: number): ReplyProgress;
  after(jobs: number): ReplyProgress;
  takeTokens(count: number): void;
}

/** A batch under way counts by its steps out of those that batches took so far; the first one out of all that it may take. */
function createPace({ jobs, maxNewTokens }: GenerateRepliesOptions): Pace {
  const total = jobs.length;
  const state = { finished: 0, batches: 0, stepsBefore: 0, steps: 0, shown: 0, tokens: 0 };
  const show = (done: number): ReplyProgress => {
    state.shown = Math.max(state.shown, done);
    return { done: state.shown, total, tokens: state.tokens };
  };
  return {
    during(count, steps) {
      state.steps = steps;
      const expected = state.batches > 0 ? state.stepsBefore / state.batches : maxNewTokens;
      return show(state.finished + count * Math.min(1, steps / Math.max(1, expected)));
    },
    after(count) {
      state.finished += count;
      state.batches += 1;
      state.stepsBefore += state.steps;
      return show(state.finished);
    },
    takeTokens(count) {
      state.tokens += count;
    },
  };
}
