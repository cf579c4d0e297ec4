/**
 * @file Text from a language model, token by token, many rows at a time: each row with its own prompt, seed, steering and edits. A row's text depends on its
 * own inputs alone (up to float32 rounding of the batch). Leaves out beams and what steering means: it is added as given, at every position or at those
 * that are named. `observe.ts` hands out what the model had at each position.
 */

import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import type { Rng } from '../tensor/rng.ts';
import { rowsOfEdit } from './edit_parts.ts';
import type { Edit, ForwardRequest, ForwardResult, LanguageModel, Past, Steering } from './language_model.ts';
import { type Observation, observe } from './observe.ts';
import { createReplyText, type ReplyText } from './reply_text.ts';
import { checkSampling, createRowRng, logProbability, type SamplingOptions, sampleToken } from './sampler.ts';
import { scoreTokens } from './score.ts';
import { editPlaces, type Places, steerPlaces } from './steered_places.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

export interface GenerationRow {
  /** Token ids, at least one. */
  readonly prompt: ArrayLike<number>;
  /** Of this row's draws; any safe integer. */
  readonly seed: number;
  /** One per token of the prompt: where `steer` and `edit` act. Everywhere where left out; on what is generated in any case. */
  readonly steered?: readonly boolean[];
}

export interface GenerateOptions {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly rows: readonly GenerationRow[];
  /** New tokens per row at most; a row also ends where the model's context does. */
  readonly maxNewTokens: number;
  readonly sampling: SamplingOptions;
  readonly stops?: readonly string[];
  /** With `columns` 1: added at every position of the prompt and of the reply. One entry per row or one for all. */
  readonly steer?: readonly Steering[];
  /** With `columns` 1: made at every position, before `steer` adds. One set of lanes per row or one for all. */
  readonly edit?: readonly Edit[];
  /** False for tokens where neither acts, be they in the prompt or in the reply, such as special ones. True for all where left out. */
  readonly isSteeredToken?: (id: number) => boolean;
  /** Is told of every position that the model computes for a row: its prompt's, and the reply's but for its last token, which nothing follows. */
  readonly observe?: Observation;
  /** Settled text of a row, in order; the pieces of a row make its `text`. */
  readonly onText?: (row: number, text: string) => void;
  /** A row as soon as it has ended, whatever the others do; without `unsteeredLogProbabilities`. */
  readonly onReply?: (row: number, reply: GeneratedRow) => void;
  /** Every row also gets `unsteeredLogProbabilities`; where something steers that takes one more pass over the texts. */
  readonly unsteeredLogProbabilities?: boolean;
  /** Looked at between tokens. */
  readonly signal?: AbortSignal;
}

/** Why a row ended. */
export type GenerationEnd = 'eos' | 'stop' | 'length' | 'context';

export interface GeneratedRow {
  /** As it continues the prompt: with the space, if any, between the prompt's last word and its own first. */
  readonly text: string;
  /** What was drawn, the end-of-text token included, where it was drawn. */
  readonly tokens: readonly number[];
  /** Natural logarithm of each token's probability at temperature 1 under the model as it ran, steering and edits included. */
  readonly logProbabilities: readonly number[];
  /** The same under the model without any steering or edit; there where it was asked for. The same array where nothing steers. */
  readonly unsteeredLogProbabilities?: readonly number[];
  readonly end: GenerationEnd;
}

/** One row while it is written. */
interface Writing {
  readonly index: number;
  readonly prompt: ArrayLike<number>;
  readonly steered: readonly boolean[] | undefined;
  readonly rng: Rng;
  readonly seen: Set<number>;
  readonly reply: ReplyText;
  readonly tokens: number[];
  readonly logProbabilities: number[];
  text: string;
  /** Positions that were observed. */
  observed: number;
  /** Tokens it was fed after its end, to keep its place. */
  idle: number;
  end: GenerationEnd | undefined;
}

/**
 * @throws {AntipodeError} `usage` for options out of range or a prompt that fills the context, `interrupted` between tokens, and whatever the
 * model throws
 */
export async function generate(options: GenerateOptions): Promise<GeneratedRow[]> {
  const { rows, maxNewTokens } = options;
  checkSampling(options.sampling);
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 0) {
    throw new AntipodeError('usage', `new tokens: got ${maxNewTokens}, expected an integer of at least 0`);
  }
  rows.forEach(checkPlaces);
  const writing = rows.map((row, index) => startWriting(options, row, index));
  if (rows.length > 0 && maxNewTokens > 0) await write(options, writing);
  for (const row of writing) if (row.end === undefined) endRow(options, row, 'length');
  const replies = writing.map(replyOf);
  if (options.unsteeredLogProbabilities !== true) return replies;
  const unsteered = isSteered(options)
    ? await scoreTokens(
        options.model,
        replies.map(({ tokens }, r) => ({ context: rows[r]!.prompt, tokens })),
        options.signal ? { signal: options.signal } : {},
      )
    : replies.map(({ logProbabilities }) => logProbabilities);
  return replies.map((reply, r) => ({ ...reply, unsteeredLogProbabilities: unsteered[r]! }));
}

function checkPlaces({ prompt, steered }: GenerationRow, index: number): void {
  if (steered === undefined || steered.length === prompt.length) return;
  throw new AntipodeError(
    'usage',
    `steered positions of row ${index}: there are ${steered.length} (expected ${prompt.length}, one per token of the prompt)`,
  );
}

function replyOf({ text, tokens, logProbabilities, end }: Writing): GeneratedRow {
  return { text, tokens, logProbabilities, end: end! };
}

/** Zeros change no bit. */
function isSteered({ edit = [], steer = [] }: GenerateOptions): boolean {
  return edit.length > 0 || steer.some(({ values }) => values.some((value) => value !== 0));
}

function startWriting(
  { tokenizer, stops = [] }: GenerateOptions,
  row: GenerationRow,
  index: number,
): Writing {
  return {
    index,
    prompt: row.prompt,
    steered: row.steered,
    rng: createRowRng(row.seed),
    seen: new Set(Array.from(row.prompt)),
    reply: createReplyText({ tokenizer, prompt: row.prompt, stops }),
    tokens: [],
    logProbabilities: [],
    text: '',
    observed: 0,
    idle: 0,
    end: undefined,
  };
}

async function write(options: GenerateOptions, writing: readonly Writing[]): Promise<void> {
  const { model, maxNewTokens } = options;
  let batch = await startBatch(options, writing);
  try {
    for (let step = 0; step < maxNewTokens; step++) {
      throwIfInterrupted(options.signal);
      const { past } = batch;
      const request = requestOf(options, batch);
      const result = await model.forward({ ...request, past, logits: 'last' });
      if (options.observe)
        observe(options.observe, batch.rows, { ...request, lengths: batch.rows.map(lengthOf) }, result);
      batch.rows.forEach((row, place) => {
        if (row.end === undefined) takeToken(options, row, logitsOf(result, place));
        if (row.end === undefined && lengthOf(row) >= model.config.maxPositions)
          endRow(options, row, 'context');
      });
      const going = batch.rows.filter(({ end }) => end === undefined);
      if (going.length === 0) return;
      if (batch.rows.some((row) => lengthOf(row) >= model.config.maxPositions)) {
        await model.releasePast(past);
        batch = await startBatch(options, going);
      } else {
        // A finished row stays in its place: it is fed its last token again, and what comes of it is not looked at.
        for (const row of batch.rows) if (row.end !== undefined) row.idle += 1;
        batch = { ...batch, tokens: batch.rows.map((row) => [row.tokens.at(-1)!]) };
      }
    }
  } finally {
    await model.releasePast(batch.past);
  }
}

type Fed = Required<Pick<ForwardRequest, 'tokens' | 'steer' | 'edit' | 'capture'>>;

/** The next tokens of every row, with steering and edits where they act. */
function requestOf({ observe, isSteeredToken = () => true }: GenerateOptions, batch: Batch): Fed {
  const { rows, tokens } = batch;
  const capture = observe?.captures ?? [];
  const isSteered = (row: Writing, position: number, id: number): boolean =>
    row.steered?.[position] !== false && isSteeredToken(id);
  const places: Places = rows.map((row, r) => {
    const fed = Array.from(tokens[r]!);
    const first = lengthOf(row) - fed.length;
    return fed.map((id, at) => isSteered(row, first + at, id));
  });
  return {
    tokens,
    capture,
    steer: batch.steer.map((one) => steerPlaces(one, places)),
    edit: batch.edit.map((one) => editPlaces(one, places)),
  };
}

/** The rows that are computed together, in their places. */
interface Batch {
  readonly rows: readonly Writing[];
  readonly past: Past;
  readonly tokens: readonly ArrayLike<number>[];
  readonly steer: readonly Steering[];
  readonly edit: readonly Edit[];
}

/** Room that is made for new tokens at once: every step computes with all of it, and most replies end before a generous limit. */
const RESERVED_TOKENS = 256;

/**
 * All that these rows have so far, as one prefill into a new past. Also when a row at the end of its context has to leave the others: a row must not
 * end because its neighbour is longer.
 */
async function startBatch(options: GenerateOptions, rows: readonly Writing[]): Promise<Batch> {
  const { model, maxNewTokens } = options;
  const longest = Math.max(...rows.map(({ prompt }) => prompt.length));
  return {
    rows,
    past: await model.createPast(rows.length, longest + Math.min(maxNewTokens, RESERVED_TOKENS)),
    tokens: rows.map(({ prompt, tokens }) => [...Array.from(prompt), ...tokens]),
    steer: (options.steer ?? []).map((one) => ofRows(one, rows, options.rows.length)),
    edit: (options.edit ?? []).map((one) =>
      rowsOfEdit(
        one,
        rows.map(({ index }) => index),
      ),
    ),
  };
}

function ofRows(steering: Steering, rows: readonly Writing[], all: number): Steering {
  if ((steering.rows ?? 1) === 1 || rows.length === all) return steering;
  const width = steering.values.length / all;
  const values = new Float32Array(rows.length * width);
  rows.forEach(({ index }, place) => {
    values.set(steering.values.subarray(index * width, (index + 1) * width), place * width);
  });
  return { ...steering, values, rows: rows.length };
}

/** Positions that the row takes in its batch. */
function lengthOf({ prompt, tokens, idle }: Writing): number {
  return prompt.length + tokens.length + idle;
}

function logitsOf({ logits }: ForwardResult, row: number): Float32Array {
  if (!logits) throw new Error('internal: no logits came back');
  const vocabulary = logits.shape.at(-1)!;
  return logits.values.subarray(row * vocabulary, (row + 1) * vocabulary);
}

function takeToken(options: GenerateOptions, row: Writing, logits: Float32Array): void {
  const { tokenizer, sampling } = options;
  const id = sampleToken(logits, sampling, row.rng, row.seen);
  row.tokens.push(id);
  row.seen.add(id);
  row.logProbabilities.push(logProbability(logits, id));
  if (tokenizer.eosIds.includes(id)) {
    endRow(options, row, 'eos');
    return;
  }
  const { text, isStopped } = row.reply.push(id);
  show(options, row, text);
  if (isStopped) endRow(options, row, 'stop');
}

function show({ onText }: GenerateOptions, row: Writing, text: string): void {
  if (text === '') return;
  row.text += text;
  onText?.(row.index, text);
}

function endRow(options: GenerateOptions, row: Writing, end: GenerationEnd): void {
  row.end = end;
  if (end !== 'stop') show(options, row, row.reply.end());
  options.onReply?.(row.index, replyOf(row));
}
