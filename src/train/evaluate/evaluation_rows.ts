/** @file As many rows of a corpus as an evaluation looks at: whole documents in a shuffled order, so that a sorted file does not decide the result. */

import { throwIfInterrupted } from '../../errors.ts';
import type { Corpus } from '../corpus/corpus.ts';
import { isCounted, type RowOptions, shuffledDocuments, tokenRows } from '../corpus/token_rows.ts';

export interface EvaluationRowsOptions extends RowOptions {
  readonly corpus: Corpus;
  /** Which documents may be taken; all where left out. */
  readonly documents?: ArrayLike<number>;
  /** Enough once so many tokens count. */
  readonly tokens: number;
  /** Special tokens and the first of each row count as well. */
  readonly includesSpecial?: boolean;
  /** Of the order. */
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/**
 * All rows are held in memory, 4 bytes per token.
 * @throws {AntipodeError} as the corpus and the tokenizer; `interrupted`
 */
export async function evaluationRows(options: EvaluationRowsOptions): Promise<Int32Array[]> {
  const { corpus, includesSpecial = false, seed, signal, tokenizer, tokens: wanted } = options;
  const all = options.documents ?? Array.from({ length: corpus.documents }, (_, index) => index);
  const rows: Int32Array[] = [];
  let counted = 0;
  // An epoch of its own: training begins with 0.
  for await (const { tokens } of tokenRows({ ...options, documents: shuffledDocuments(all, seed, -2) })) {
    throwIfInterrupted(signal);
    rows.push(tokens);
    counted += includesSpecial
      ? tokens.length
      : tokens.reduce((sum, _, column) => sum + Number(isCounted(tokens, column, tokenizer)), 0);
    if (counted >= wanted) break;
  }
  return rows;
}
