/** @file Rows of tokens as batches for forward passes whose logits are all looked at, and which of their tokens count. */

import { AntipodeError } from '../../errors.ts';
import type { ModelConfig } from '../../lm/config.ts';
import { MAX_TOKENS_AT_ONCE } from '../../lm/forward_pass.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import { isCounted } from '../corpus/token_rows.ts';

/** 128 MiB: 128 positions of the largest vocabularies. */
export const MAX_LOGITS: number = 2 ** 25;

export interface EvaluationBatch {
  readonly tokens: readonly Int32Array[];
  /** Of the longest row. */
  readonly columns: number;
  /** Per row: the columns that count, ascending. */
  readonly counted: readonly (readonly number[])[];
  /** Per row: its place in what was given. */
  readonly places: readonly number[];
}

export interface BatchOptions {
  readonly config: Pick<ModelConfig, 'vocabSize' | 'maxPositions'>;
  /** Special tokens are known by it; without one, only the first token of each row is taken for special. */
  readonly tokenizer: Pick<Tokenizer, 'isSpecial'> | undefined;
  /** Special tokens and the first of each row count as well. */
  readonly includesSpecial: boolean;
}

/**
 * Longest first, equally long ones in their order; rows in which nothing counts are left out. Only a batch of one row can have more logits than
 * `MAX_LOGITS`.
 * @throws {AntipodeError} `usage` for a row that the model's context does not hold, and where no token counts in any row
 */
export function evaluationBatches(rows: readonly Int32Array[], options: BatchOptions): EvaluationBatch[] {
  const { maxPositions, vocabSize } = options.config;
  const placed = rows.map((tokens, place) => ({ tokens, place, counted: countedIn(tokens, options) }));
  for (const { tokens, place } of placed) {
    if (tokens.length <= maxPositions) continue;
    throw new AntipodeError(
      'usage',
      `evaluation: row ${place} is too long (got ${tokens.length} tokens, the model's context holds ${maxPositions})`,
      { hint: 'use a shorter context' },
    );
  }
  const used = placed.filter(({ counted }) => counted.length > 0);
  if (used.length === 0) {
    throw new AntipodeError('usage', 'evaluation: no token counts in these texts', {
      hint: 'give longer texts, or count special tokens as well',
    });
  }
  used.sort((a, b) => b.tokens.length - a.tokens.length || a.place - b.place);
  const batches: EvaluationBatch[] = [];
  for (let from = 0; from < used.length; ) {
    const columns = used[from]!.tokens.length;
    const atOnce = Math.min(MAX_TOKENS_AT_ONCE / columns, MAX_LOGITS / (columns * vocabSize));
    const batch = used.slice(from, from + Math.max(1, Math.floor(atOnce)));
    batches.push({
      tokens: batch.map(({ tokens }) => tokens),
      columns,
      counted: batch.map(({ counted }) => counted),
      places: batch.map(({ place }) => place),
    });
    from += batch.length;
  }
  return batches;
}

function countedIn(tokens: Int32Array, { includesSpecial, tokenizer }: BatchOptions): number[] {
  const columns = Array.from(tokens, (_, column) => column);
  if (includesSpecial) return columns;
  const special = tokenizer ?? { isSpecial: () => false };
  return columns.filter((column) => isCounted(tokens, column, special));
}
