/** @file Rows of tokens to the rectangular inputs of a graph: pads, positions, attention masks. The one place that decides who sees whom. */

import { AntipodeError } from '../errors.ts';
import type { ModelConfig } from './config.ts';
import type { PastStore } from './past_store.ts';

export interface Batch {
  readonly rows: number;
  /** The longest row's tokens. */
  readonly columns: number;
  /** `[rows, columns]`, 0 at pads. */
  readonly tokens: Int32Array;
  /** `[rows, columns]`, -1 at pads. */
  readonly positions: Int32Array;
  /** Per row: the column of its last token; outside 0 to columns - 1 where that lies in another piece. */
  readonly lastColumns: readonly number[];
}

/** Added to the score of what a token does not see; exp of it is exactly 0 beside any real score, and it cannot become NaN as -Infinity can. */
const UNSEEN = -1e30;

/**
 * @param lengths per row: tokens before these
 * @throws {AntipodeError} `usage`: no rows, an empty row, an id outside the vocabulary, more tokens than the context holds
 */
export function layOut(
  tokens: readonly ArrayLike<number>[],
  config: ModelConfig,
  padding: 'left' | 'right',
  lengths: readonly number[],
): Batch {
  const rows = tokens.length;
  if (rows === 0) throw new AntipodeError('usage', 'prompt: no rows of tokens were given');
  for (const [row, ids] of tokens.entries()) checkRow(ids, row, config, lengths[row]!);
  const columns = tokens.reduce((most, ids) => Math.max(most, ids.length), 0);
  const flat = new Int32Array(rows * columns);
  const positions = new Int32Array(rows * columns).fill(-1);
  const lastColumns = tokens.map((ids, row) => {
    const start = padding === 'left' ? columns - ids.length : 0;
    for (let i = 0; i < ids.length; i++) {
      flat[row * columns + start + i] = ids[i]!;
      positions[row * columns + start + i] = lengths[row]! + i;
    }
    return start + ids.length - 1;
  });
  return { rows, columns, tokens: flat, positions, lastColumns };
}

/** Columns from `from` up to, but not including, `to`. */
export function columnsOf(batch: Batch, from: number, to: number): Batch {
  const columns = to - from;
  if (columns === batch.columns) return batch;
  const part = (whole: Int32Array): Int32Array => {
    const values = new Int32Array(batch.rows * columns);
    for (let row = 0; row < batch.rows; row++) {
      const start = row * batch.columns;
      values.set(whole.subarray(start + from, start + to), row * columns);
    }
    return values;
  };
  return {
    rows: batch.rows,
    columns,
    tokens: part(batch.tokens),
    positions: part(batch.positions),
    lastColumns: batch.lastColumns.map((column) => column - from),
  };
}

function checkRow(ids: ArrayLike<number>, row: number, config: ModelConfig, before: number): void {
  if (ids.length === 0) throw new AntipodeError('usage', `prompt: row ${row} has no tokens`);
  const { vocabSize, maxPositions } = config;
  if (before + ids.length > maxPositions) {
    throw new AntipodeError(
      'usage',
      `prompt: row ${row} is too long (${before + ids.length} tokens, the model's context holds ${maxPositions})`,
      { hint: 'shorten the prompt or ask for fewer new tokens' },
    );
  }
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (Number.isInteger(id) && id >= 0 && id < vocabSize) continue;
    throw new AntipodeError(
      'usage',
      `prompt: token ${i} of row ${row} is not in the vocabulary (got ${id}, expected 0 to ${vocabSize - 1})`,
      { hint: "check that the tokenizer is the model's own" },
    );
  }
}

/**
 * `[rows, 1, columns, capacity + columns]`: 0 where a token sees a key, else -1e30. A token sees itself and what stands before it in its row, at
 * most `window` positions counting itself (transformers' sliding_window). A pad sees only itself, so that no row of scores is empty.
 */
export function attentionMask(batch: Batch, past: PastStore, window: number | null): Float32Array {
  const { rows, columns, positions } = batch;
  const { capacity, used } = past;
  const width = capacity + columns;
  const mask = new Float32Array(rows * columns * width).fill(UNSEEN);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const position = positions[row * columns + column]!;
      const start = (row * columns + column) * width;
      const oldest = window === null ? 0 : Math.max(0, position - window + 1);
      for (let slot = 0; slot < used; slot++) {
        if (position >= 0 && past.positionAt(row, slot) >= oldest) mask[start + slot] = 0;
      }
      for (let key = 0; key < column; key++) {
        if (position >= 0 && positions[row * columns + key]! >= oldest) mask[start + capacity + key] = 0;
      }
      mask[start + capacity + column] = 0;
    }
  }
  return mask;
}
