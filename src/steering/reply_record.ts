/** @file One reply of a run, as a line of `replies.jsonl` holds it: all that is known of it before anyone judges. */

import type { GenerationEnd } from '../lm/generate.ts';

export interface ReplyRecord {
  /** Unique in a run, and file-name free: `+Happy/0/7` (arm, number of the prompt, number of the reply). */
  readonly id: string;
  readonly arm: string;
  /** Number of the prompt, from 0. */
  readonly prompt: number;
  /** Number within its arm and prompt, from 0. */
  readonly reply: number;
  /** Of its draws: made of the run's seed, the arm's name, the prompt's text and the number of the reply. */
  readonly seed: number;
  /** Untrusted, as the model wrote it. */
  readonly text: string;
  readonly tokens: readonly number[];
  readonly end: GenerationEnd;
  /** Natural logarithm, mean over the tokens, under the model without steering; null without tokens. */
  readonly unsteered_mean_log_probability: number | null;
  /** Positions from the first token of the prompt on: `[from, to)` ranges of those that were steered. Empty where the arm steers nothing. */
  readonly steered: readonly (readonly [number, number])[];
  /** Positions that the model computed: the prompt's and all of the reply's but its last token. */
  readonly positions: number;
  /** Share of distinct words and of distinct pairs of words (Li et al. 2016, distinct-n), in (0, 1]; null without any. */
  readonly distinct_1: number | null;
  readonly distinct_2: number | null;
  /** Share of the tokens, an end-of-text token left out, that stand in the longest stretch of one repeated unit of at most 8 tokens, from 0 to 1. */
  readonly repetition: number;
  /**
   * Activations of the poles along the positions, in order, the residual stream taken behind the intervention; undefined where the run has no poles.
   * The largest over a pole's features at each position, to six digits.
   */
  readonly activations?: { readonly a: readonly number[]; readonly b: readonly number[] };
}
