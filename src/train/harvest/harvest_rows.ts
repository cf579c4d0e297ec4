/**
 * @file Forward passes over rows of tokens, and the activations of the tokens that count, side by side. Rows of like length run together, so that
 * little is computed for pads; where each row's activations go does not depend on that.
 */

import { AntipodeError, throwIfInterrupted } from '../../errors.ts';
import { MAX_TOKENS_AT_ONCE } from '../../lm/forward_pass.ts';
import type { LanguageModel } from '../../lm/language_model.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import type { HookPoint } from './hook_name.ts';
import type { WalkedRow } from './row_walk.ts';

export interface HarvestRequest {
  readonly model: LanguageModel;
  readonly hook: HookPoint;
  readonly rows: readonly WalkedRow[];
  /** `[all columns of all rows, d_model]`, filled row by row in the order of `rows`. */
  readonly into: Float32Array;
  readonly tokenizer: Tokenizer;
  /** For messages: `stories.txt:17`. */
  readonly where: (document: number) => string;
  /** After each forward pass: activations that are there, and how many there will be. */
  readonly onHarvest?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface PlacedRow extends WalkedRow {
  /** Of its first activation in `into`, in rows. */
  readonly start: number;
}

/**
 * @throws {AntipodeError} `format` for NaN and infinities, with the first token that has one; `interrupted` between passes; as the model
 */
export async function harvestRows(request: HarvestRequest): Promise<void> {
  const { into, model, onHarvest, rows, signal } = request;
  let done = 0;
  for (const batch of batchesOf(rows)) {
    throwIfInterrupted(signal);
    const values = await activationsOf(request, batch);
    const width = model.config.dModel;
    const columns = Math.max(...batch.map(({ tokens }) => tokens.length));
    for (const [place, row] of batch.entries()) {
      for (const [index, column] of row.columns.entries()) {
        const from = (place * columns + column) * width;
        into.set(values.subarray(from, from + width), (row.start + index) * width);
      }
      done += row.columns.length;
    }
    onHarvest?.(done, into.length / width);
  }
}

/** Longest first: what takes most memory comes first. Equally long ones stay in their order. */
function batchesOf(rows: readonly WalkedRow[]): PlacedRow[][] {
  let start = 0;
  const placed = rows.map((row) => {
    const one = { ...row, start };
    start += row.columns.length;
    return one;
  });
  placed.sort((a, b) => b.tokens.length - a.tokens.length || a.start - b.start);
  const batches: PlacedRow[][] = [];
  for (let from = 0; from < placed.length; ) {
    const atOnce = Math.max(1, Math.floor(MAX_TOKENS_AT_ONCE / placed[from]!.tokens.length));
    batches.push(placed.slice(from, from + atOnce));
    from += atOnce;
  }
  return batches;
}

/** `[rows, columns, d_model]`. */
async function activationsOf(request: HarvestRequest, batch: readonly WalkedRow[]): Promise<Float32Array> {
  const { hook, model } = request;
  try {
    return await capture(
      model,
      hook,
      batch.map(({ tokens }) => tokens),
    );
  } catch (error) {
    // Models refuse NaN themselves, without a word on which of the texts has it.
    if (error instanceof AntipodeError && error.kind === 'format') {
      for (const row of batch) await findBroken(request, row);
    }
    throw error;
  }
}

async function capture(
  model: LanguageModel,
  { capture: name }: HookPoint,
  tokens: readonly Int32Array[],
): Promise<Float32Array> {
  const { captures } = await model.forward({ tokens, capture: [name], logits: 'none' });
  return captures.get(name)!.values;
}

/** A token sees only those before it, so that the shortest beginning that fails ends with the first token that does. @throws what it finds */
async function findBroken(request: HarvestRequest, row: WalkedRow): Promise<void> {
  const { hook, model, signal } = request;
  let [good, bad] = [0, row.tokens.length + 1];
  let cause: unknown;
  for (let length = row.tokens.length; bad - good > 1; length = Math.floor((good + bad) / 2)) {
    throwIfInterrupted(signal);
    try {
      await capture(model, hook, [row.tokens.subarray(0, length)]);
      good = length;
      if (bad > row.tokens.length) return;
    } catch (error) {
      if (!(error instanceof AntipodeError && error.kind === 'format')) throw error;
      bad = length;
      cause = error;
    }
  }
  throw notFinite(request, row, bad - 1, cause);
}

function notFinite(
  { hook, tokenizer, where }: HarvestRequest,
  { document, part, tokens }: WalkedRow,
  column: number,
  cause: unknown,
): AntipodeError {
  const token = tokenizer.tokenText(tokens[column]!);
  const place = part === 0 ? `token ${column}` : `row ${part}, token ${column}`;
  const reason = cause instanceof Error ? ` (${cause.message})` : '';
  return new AntipodeError(
    'format',
    `${where(document)}, ${place} ${JSON.stringify(token)}: its activation at ${hook.hookName} is NaN or infinite${reason}`,
    { hint: 'the weights may be damaged: fetch them again', cause },
  );
}
