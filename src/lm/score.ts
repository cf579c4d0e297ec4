/**
 * @file How likely a model finds given tokens: forward passes over texts that exist already, where `generate.ts` writes them. Logits are looked at in
 * pieces of columns, because a vocabulary of 256,000 makes 1 MB of them per position. Leaves out what to do with the numbers.
 */

import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import { rowsOfEdit } from './edit_parts.ts';
import { MAX_TOKENS_AT_ONCE } from './forward_pass.ts';
import type { Edit, ForwardResult, LanguageModel, Steering } from './language_model.ts';
import { logProbability } from './sampler.ts';

export interface ScoreRow {
  /** Token ids before those that are scored, at least one: the first token of a text has no probability. */
  readonly context: ArrayLike<number>;
  readonly tokens: ArrayLike<number>;
}

export interface ScoreOptions {
  /** With `columns` 1: added at every position of contexts and tokens. One entry per row or one for all. Without this and `edit`: the model as it is. */
  readonly steer?: readonly Steering[];
  /** With `columns` 1, as `steer`: made before it adds. */
  readonly edit?: readonly Edit[];
  /** Looked at between pieces. */
  readonly signal?: AbortSignal;
  /** Logits held at a time, 2^24 (64 MiB) where left out; at least one position of one row is. Fewer take less memory, for the same numbers. */
  readonly maxLogits?: number;
}

/** 64 positions of the largest vocabularies: enough that the output matrix is not read for a few rows of it only. */
const MAX_LOGITS = 2 ** 24;

/** Rows per batch: memory for keys and values grows with it, speed hardly beyond it. */
const MAX_ROWS = 32;

/**
 * The natural logarithm of every token's probability given all before it in its row, at temperature 1 (log-softmax in float64). A row's numbers do
 * not depend on the other rows beyond float32 rounding.
 * @returns one array per row, as long as its `tokens`
 * @throws {AntipodeError} `usage` for a context without tokens, an id outside the vocabulary or a row longer than the model's context,
 * `interrupted` between pieces, and whatever the model throws
 */
export async function scoreTokens(
  model: LanguageModel,
  rows: readonly ScoreRow[],
  options: ScoreOptions = {},
): Promise<number[][]> {
  rows.forEach((row, index) => {
    checkRow(row, index, model);
  });
  const scores = rows.map(() => [] as number[]);
  const { maxLogits = MAX_LOGITS } = options;
  const atOnce = Math.min(MAX_ROWS, Math.max(1, Math.floor(maxLogits / model.config.vocabSize)));
  // Rows with contexts of one length stand together: what the shortest context lacks is looked at column by column, though not wanted.
  const order = [...rows.keys()]
    .filter((index) => rows[index]!.tokens.length > 0)
    .sort((a, b) => rows[a]!.context.length - rows[b]!.context.length || a - b);
  for (let from = 0; from < order.length; from += atOnce) {
    const batch = order.slice(from, from + atOnce).map((index) => ({
      index,
      first: rows[index]!.context.length,
      ids: [...Array.from(rows[index]!.context), ...Array.from(rows[index]!.tokens)],
      scores: scores[index]!,
    }));
    await scoreBatch(model, batch, { ...options, maxLogits, allRows: rows.length });
  }
  return scores;
}

function checkRow({ context, tokens }: ScoreRow, index: number, model: LanguageModel): void {
  const { maxPositions, vocabSize } = model.config;
  const refuse = (problem: string): never => {
    throw new AntipodeError('usage', `scored row ${index}: ${problem}`);
  };
  if (context.length === 0) refuse('has no context (expected at least one token before those that count)');
  // The last token is predicted, but nothing is predicted from it.
  const length = context.length + tokens.length - 1;
  if (length > maxPositions) refuse(`is too long (${length} positions, the model has ${maxPositions})`);
  for (const id of Array.from(tokens)) {
    if (Number.isInteger(id) && id >= 0 && id < vocabSize) continue;
    refuse(`a token is not in the vocabulary (got ${id}, expected 0 to ${vocabSize - 1})`);
  }
}

/** One row while it is scored. */
interface Scoring {
  readonly index: number;
  /** The first of `ids` that counts. */
  readonly first: number;
  /** Context and tokens. */
  readonly ids: readonly number[];
  readonly scores: number[];
}

interface BatchOptions extends ScoreOptions {
  readonly maxLogits: number;
  readonly allRows: number;
}

async function scoreBatch(
  model: LanguageModel,
  batch: readonly Scoring[],
  options: BatchOptions,
): Promise<void> {
  const { vocabSize } = model.config;
  const longest = Math.max(...batch.map(({ ids }) => ids.length - 1));
  const steer = (options.steer ?? []).map((one) => steeringOf(one, batch, options.allRows));
  const edit = (options.edit ?? []).map((one) => editOf(one, batch, options.allRows));
  const past = await model.createPast(batch.length, longest);
  try {
    for (let from = 0; from < longest; ) {
      throwIfInterrupted(options.signal);
      const { to, logits } = pieceFrom(from, batch, options.maxLogits / (batch.length * vocabSize));
      const tokens = batch.map(({ ids }) => part(ids, from, to));
      const result = await model.forward({ tokens, past, steer, edit, logits });
      if (logits === 'all') takeScores(batch, from, to, result);
      from = to;
    }
  } finally {
    await model.releasePast(past);
  }
}

/** @param columns that may have logits at a time */
function pieceFrom(
  from: number,
  batch: readonly Scoring[],
  columns: number,
): { readonly to: number; readonly logits: 'all' | 'none' } {
  const longest = Math.max(...batch.map(({ ids }) => ids.length - 1));
  const isWanted = batch.some(({ first, ids }) => first - 1 <= from && from < ids.length - 1);
  const next = batch.map(({ first }) => first - 1).filter((start) => start > from);
  const width = isWanted ? columns : Math.min(MAX_TOKENS_AT_ONCE / batch.length, Math.min(...next) - from);
  return {
    to: Math.min(from + Math.max(1, Math.floor(width)), longest),
    logits: isWanted ? 'all' : 'none',
  };
}

/** What a row has of these columns. A row that has ended keeps its place with one token, whose logits are not looked at. */
function part(ids: readonly number[], from: number, to: number): readonly number[] {
  const end = Math.min(to, ids.length - 1);
  return from < end ? ids.slice(from, end) : [ids[0]!];
}

function takeScores(batch: readonly Scoring[], from: number, to: number, { logits }: ForwardResult): void {
  if (!logits) throw new Error('internal: no logits came back');
  const [, columns = 0, vocabulary = 0] = logits.shape;
  batch.forEach(({ first, ids, scores }, row) => {
    const end = Math.min(to, ids.length - 1);
    for (let at = Math.max(from, first - 1); at < end; at++) {
      const start = (row * columns + at - from) * vocabulary;
      scores.push(logProbability(logits.values.subarray(start, start + vocabulary), ids[at + 1]!));
    }
  });
}

function steeringOf(steering: Steering, batch: readonly Scoring[], allRows: number): Steering {
  checkLayout(`steering at ${steering.at}`, steering, allRows);
  const { rows = 1, values } = steering;
  if (rows === 1) return steering;
  const width = values.length / rows;
  const own = new Float32Array(batch.length * width);
  batch.forEach(({ index }, place) => {
    own.set(values.subarray(index * width, (index + 1) * width), place * width);
  });
  return { ...steering, values: own, rows: batch.length };
}

function editOf(edit: Edit, batch: readonly Scoring[], allRows: number): Edit {
  checkLayout(`edit at ${edit.at}`, edit, allRows);
  return rowsOfEdit(
    edit,
    batch.map(({ index }) => index),
  );
}

/** Here, because what reaches the model are rows of one batch and columns of one piece. */
function checkLayout(
  subject: string,
  { rows = 1, columns = 1 }: { readonly rows?: number; readonly columns?: number },
  allRows: number,
): void {
  if (columns !== 1) throw new AntipodeError('usage', `${subject}: has ${columns} columns (expected 1)`);
  if (rows === 1 || rows === allRows) return;
  throw new AntipodeError('usage', `${subject}: has ${rows} rows (expected 1 or ${allRows})`);
}
