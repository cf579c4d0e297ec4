/** @file One batch of replies to one prompt: what every row is steered with, what is seen of it while it is written, and its record once it has ended. */

import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import { editPerRow } from '../lm/combine_edits.ts';
import { type GeneratedRow, type GenerateOptions, generate } from '../lm/generate.ts';
import type { Edit, Steering } from '../lm/language_model.ts';
import { scoreTokens } from '../lm/score.ts';
import type { GenerateRepliesOptions, ReplyIntervention } from './generate_replies.ts';
import type { ReplyJob } from './jobs.ts';
import { distinctWords, repetition } from './repetition.ts';
import type { ReplyRecord } from './reply_record.ts';
import { createRowTrace, type RowTrace } from './row_trace.ts';

/**
 * Rows of every batch, idle copies where there are fewer replies: a product of another shape may sum in another order. Memory for keys and values grows with
 * it, speed hardly beyond it.
 */
export const REPLY_BATCH_ROWS = 32;

export interface BatchWork {
  readonly options: GenerateRepliesOptions;
  readonly prompt: readonly number[];
  /** One to `REPLY_BATCH_ROWS`, all of this prompt. */
  readonly jobs: readonly ReplyJob[];
  readonly interventions: ReadonlyMap<string, ReplyIntervention>;
  /** @param steps tokens that rows under way have by now */
  readonly onStep: (steps: number) => void;
  readonly onRecord: (record: ReplyRecord) => Promise<void>;
}

/** When it returns or throws, no record is under way any more. */
export async function runBatch(work: BatchWork): Promise<void> {
  const { jobs, options, prompt } = work;
  const rows = Array.from({ length: REPLY_BATCH_ROWS }, (_, row) => jobs[row % jobs.length]!);
  const traces = jobs.map(() => createRowTrace(options.reader?.dIn));
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  let failure: { readonly error: unknown } | undefined;
  let records = Promise.resolve();
  const fail = (error: unknown): void => {
    failure ??= { error };
    stop.abort();
  };
  try {
    await generate({
      ...generation(work, rows, traces),
      rows: rows.map(({ seed }) => ({ prompt, seed, ...placesOf(options, prompt) })),
      onText: (row, text) => {
        if (row < jobs.length) options.onText?.(jobs[row]!, text);
      },
      onReply: (row, reply) => {
        // The idle copies behind the jobs end as their originals do.
        if (row >= jobs.length) return;
        records = records
          .then(async () => {
            if (failure) return;
            throwIfInterrupted(signal);
            await work.onRecord(await recordOf(work, jobs[row]!, reply, traces[row]!, signal));
          })
          .catch(fail);
      },
      signal,
    });
  } catch (error) {
    fail(error);
  }
  await records;
  if (failure) throw failure.error;
}

function generation(
  { interventions, onStep, options, prompt }: BatchWork,
  rows: readonly ReplyJob[],
  traces: readonly RowTrace[],
): Omit<GenerateOptions, 'rows'> {
  const { maxNewTokens, model, positions, reader, sampling, site, stops = [], tokenizer } = options;
  const name = `resid.${site}` as const;
  let last = -1;
  return {
    model,
    tokenizer,
    maxNewTokens,
    sampling,
    stops,
    steer: steerRows(options, rows, interventions),
    edit: editRows(rows, interventions),
    ...(positions === 'no-special' && { isSteeredToken: (id: number) => !tokenizer.isSpecial(id) }),
    observe: {
      captures: reader ? [name] : [],
      take({ row, position, isSteered }, captured) {
        traces[row]?.take(position, isSteered, captured.get(name));
        if (position <= last || position < prompt.length - 1) return;
        last = position;
        onStep(position - prompt.length + 2);
      },
    },
  };
}

function placesOf(
  { positions }: GenerateRepliesOptions,
  prompt: readonly number[],
): { readonly steered?: readonly boolean[] } {
  return positions === 'generated' ? { steered: prompt.map(() => false) } : {};
}

/** Also where all of it is zeros, unless no arm of the run adds anything: one graph input has one shape then. */
function steerRows(
  { interventions: all, model, site }: GenerateRepliesOptions,
  rows: readonly ReplyJob[],
  interventions: ReadonlyMap<string, ReplyIntervention>,
): Steering[] {
  if (all.every(({ steering }) => !steering)) return [];
  const { dModel } = model.config;
  const values = new Float32Array(rows.length * dModel);
  rows.forEach(({ arm }, row) => {
    const { steering } = interventions.get(arm)!;
    if (steering && steering.length !== dModel) {
      throw new Error(`internal: ${arm} adds ${steering.length} values to a stream of ${dModel}`);
    }
    if (steering) values.set(steering, row * dModel);
  });
  return [{ at: site, values, rows: rows.length }];
}

function editRows(rows: readonly ReplyJob[], interventions: ReadonlyMap<string, ReplyIntervention>): Edit[] {
  const edits = rows.map(({ arm }) => interventions.get(arm)!.edit);
  return edits.some((edit) => edit !== undefined) ? [editPerRow(edits)] : [];
}

async function recordOf(
  { interventions, options, prompt }: BatchWork,
  job: ReplyJob,
  reply: GeneratedRow,
  trace: RowTrace,
  signal: AbortSignal,
): Promise<ReplyRecord> {
  const { end, text, tokens } = reply;
  const { edit, steering } = interventions.get(job.arm)!;
  // A row alone: what stands beside it in a batch would change the shape of the products, and with it their last bits.
  const scores =
    edit || steering
      ? (await scoreTokens(options.model, [{ context: prompt, tokens }], { signal }))[0]!
      : reply.logProbabilities;
  const { distinct1, distinct2 } = distinctWords(text);
  const activations = options.reader && (await options.reader.read(trace.residuals()));
  return {
    id: job.id,
    arm: job.arm,
    prompt: job.prompt,
    reply: job.reply,
    seed: job.seed,
    text,
    tokens,
    end,
    unsteered_mean_log_probability:
      scores.length === 0 ? null : scores.reduce((sum, x) => sum + x, 0) / scores.length,
    steered: trace.steered,
    positions: trace.positions,
    distinct_1: distinct1,
    distinct_2: distinct2,
    repetition: repetition(end === 'eos' ? tokens.slice(0, -1) : tokens),
    ...(activations && { activations: { a: activations.a.map(shortened), b: activations.b.map(shortened) } }),
  };
}

/** Six digits are what float32 sums over thousands of values are good for; they halve the file. */
function shortened(activation: number): number {
  if (!Number.isFinite(activation)) {
    throw new AntipodeError(
      'check',
      `activations of the poles: one is no finite number (got ${activation})`,
      {
        hint: 'the steering may be too strong for float32: take a smaller strength',
      },
    );
  }
  return Number(activation.toPrecision(6));
}
