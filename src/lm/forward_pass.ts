/**
 * @file One forward pass over a batch, in pieces of columns where it is long, so that memory does not grow with the square of a prompt. Every piece
 * extends the past that the next one sees; the pieces together are what one run would give, up to float32 rounding.
 */

import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { type Batch, columnsOf } from './batch.ts';
import type { ModelConfig } from './config.ts';
import { columnsOfEdit } from './edit_parts.ts';
import type { Feeds } from './feeds.ts';
import type { Capture, DenseArray, Edit, ForwardRequest, ForwardResult, Steering } from './language_model.ts';
import { allocateFloats, refuseBeyondMemory } from './memory_limit.ts';
import type { PastStore } from './past_store.ts';
import { copyPattern, patternShape } from './patterns.ts';
import { firstNonFinite, placesOf } from './results.ts';

/** Tokens per run: enough that reading the weights is shared by many; scores of 8 heads over 8192 keys then take 134 MB per layer. */
export const MAX_TOKENS_AT_ONCE = 512;

/** Where weights stay in memory in the form that products want, fewer are as fast, and everything of a run that could be fetched takes less memory. */
export const MAX_TOKENS_AT_ONCE_PACKED = 64;

export interface ForwardPass {
  readonly config: ModelConfig;
  readonly feeds: Feeds;
  readonly batch: Batch;
  /** Extended by the batch where `isKept`, or where the pass has several pieces. */
  readonly store: PastStore;
  readonly isKept: boolean;
  readonly edit: readonly Edit[];
  readonly steer: readonly Steering[];
  readonly capture: readonly Capture[];
  readonly logits: NonNullable<ForwardRequest['logits']>;
  readonly maxTokensAtOnce: number;
  /** Inputs of the sites that have edits. */
  editFeeds(edits: readonly Edit[]): Record<string, Tensor>;
  run(feeds: InferenceSession.FeedsType, outputs: string[]): Promise<InferenceSession.ReturnType>;
  /** What to throw where `where` holds a NaN or an infinity. */
  explain(where: string): Promise<Error>;
}

/** The store is as before where this fails. */
export async function runForward(pass: ForwardPass): Promise<ForwardResult> {
  const { batch, config, store } = pass;
  const before = store.used;
  const keys = before + batch.columns;
  const step = Math.max(1, Math.trunc(pass.maxTokensAtOnce / batch.rows));
  const result = emptyResult(pass, keys);
  if (pass.isKept || batch.columns > step) store.checkRoom(batch.columns);
  try {
    for (let from = 0; from < batch.columns; from += step) {
      const to = Math.min(from + step, batch.columns);
      const isExtended = pass.isKept || to < batch.columns;
      await runPiece(pass, { from, to, isExtended }, result);
    }
  } catch (error) {
    store.truncate(before);
    throw error;
  }
  const { logits, captures } = result;
  const { rows, columns } = batch;
  const shapeOf = (name: string): number[] => {
    if (isPattern(name)) return patternShape(batch, config, keys);
    if (name !== 'logits') return [rows, columns, config.dModel];
    return pass.logits === 'last' ? [rows, config.vocabSize] : [rows, columns, config.vocabSize];
  };
  const dense = (name: string, values: Float32Array): DenseArray => ({ shape: shapeOf(name), values });
  return {
    logits: logits && dense('logits', logits),
    captures: new Map([...captures].map(([name, values]) => [name, dense(name, values)])),
  };
}

interface Arrays {
  readonly logits: Float32Array | undefined;
  readonly captures: ReadonlyMap<Capture, Float32Array>;
}

function isPattern(name: string): boolean {
  return name.startsWith('pattern.');
}

function emptyResult({ batch, capture, config, logits }: ForwardPass, keys: number): Arrays {
  const { rows, columns } = batch;
  const sizeOf = (name: string): number =>
    rows * columns * (isPattern(name) ? config.heads * keys : config.dModel);
  const counts = { none: 0, last: rows, all: rows * columns };
  const logitSize = counts[logits] * config.vocabSize;
  const use = {
    what: `results for ${rows} x ${columns} tokens`,
    hint: 'ask for fewer rows, captures or logits at a time',
  };
  refuseBeyondMemory(4 * capture.reduce((sum, name) => sum + sizeOf(name), logitSize), use);
  return {
    logits: logits === 'none' ? undefined : allocateFloats(logitSize, use),
    captures: new Map(capture.map((name) => [name, allocateFloats(sizeOf(name), use)] as const)),
  };
}

interface Piece {
  readonly from: number;
  readonly to: number;
  /** The store takes the new keys and values. */
  readonly isExtended: boolean;
}

async function runPiece(pass: ForwardPass, piece: Piece, result: Arrays): Promise<void> {
  const { config, store } = pass;
  const { from, to, isExtended } = piece;
  const part = columnsOf(pass.batch, from, to);
  const steer = pass.steer.map((steering) => steeringOf(steering, pass.batch, from, to));
  const names: string[] = [...result.captures.keys()];
  const logitPlaces = placesOf(part, pass.logits);
  if (logitPlaces.length > 0) names.push('logits');
  for (let layer = 0; isExtended && layer < config.layers; layer++) {
    names.push(`new.k.${layer}`, `new.v.${layer}`);
  }
  // A run has to fetch something.
  if (names.length === 0) names.push('new.k.0');
  const feeds = pass.feeds.of(
    part,
    store,
    steer,
    logitPlaces.map(({ source }) => source),
  );
  const edits = pass.edit.map((edit) => columnsOfEdit(edit, from, to));
  const outputs = await pass.run({ ...feeds, ...pass.editFeeds(edits) }, names);
  const value = (name: string): Float32Array => outputs[name]!.data as Float32Array;
  const checked = [...result.captures.keys(), ...(logitPlaces.length > 0 ? ['logits'] : [])];
  const broken = firstNonFinite(checked, value);
  if (broken !== undefined) throw await pass.explain(broken);
  const copy = (source: Float32Array, at: number, target: Float32Array, to: number, width: number): void =>
    target.set(source.subarray(at * width, (at + 1) * width), to * width);
  for (const [name, target] of result.captures) {
    const source = value(name);
    if (isPattern(name)) {
      copyPattern({ source, target, part, whole: pass.batch, from, store, heads: config.heads });
      continue;
    }
    for (const { source: at, row, column } of placesOf(part, 'all')) {
      copy(source, at, target, row * pass.batch.columns + from + column, config.dModel);
    }
  }
  for (const [at, { row, column }] of logitPlaces.entries()) {
    const target = pass.logits === 'last' ? row : row * pass.batch.columns + from + column;
    copy(value('logits'), at, result.logits!, target, config.vocabSize);
  }
  if (isExtended) store.append(part.columns, part.positions, (k, layer) => value(`new.${k}.${layer}`));
}

/** The same vector, or the columns of it that a piece has. */
function steeringOf(steering: Steering, batch: Batch, from: number, to: number): Steering {
  const { at, columns = 1, rows = 1, values } = steering;
  if (columns === 1 || to - from === batch.columns) return steering;
  const width = values.length / (rows * columns);
  const part = new Float32Array(rows * (to - from) * width);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    part.set(values.subarray((start + from) * width, (start + to) * width), row * (to - from) * width);
  }
  return { at, rows, columns: to - from, values: part };
}
