/**
 * @file Text that is no longer text, by what unsteered replies look like: it repeats itself more than any of them, or the unsteered model finds it far less
 * likely than their mean. Word lists would call "happy happy happy" a happy reply; this says what it is.
 */

import { mean } from '../stats/summary.ts';
import type { ReplyRecord } from '../steering/reply_record.ts';

/** What counts as degenerate, taken from unsteered replies. */
export interface DegenerateThresholds {
  /** The replies that they are taken from: `examples` where there are some, else `control`; null without either. */
  readonly from: 'examples' | 'control' | null;
  readonly replies: number;
  /** A reply is repetitive above the first, or below the second. NaN where nothing is known: nothing is beyond it then. */
  readonly repetitionAbove: number;
  readonly distinct2Below: number;
  /** A reply is improbable above: minus the mean natural logarithm of its tokens' probability without steering. */
  readonly nllAbove: number;
}

/** A reply may repeat this much even where no unsteered one does: short ones reach it by saying a word twice. */
const LEAST_REPETITION = 0.25;
const MOST_DISTINCT_2 = 0.75;

/** A reply on another subject is less likely than the usual ones without being broken; sums of words that nobody would say are far beyond. */
const IMPROBABLE = 3;

export type Measured = Pick<
  ReplyRecord,
  'arm' | 'repetition' | 'distinct_2' | 'unsteered_mean_log_probability' | 'tokens'
>;

export function degenerateThresholds(
  unsteered: readonly Measured[],
  from: DegenerateThresholds['from'],
): DegenerateThresholds {
  const known = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);
  const repetition = unsteered.map((record) => record.repetition);
  const distinct2 = known(unsteered.map((record) => record.distinct_2));
  const hasNone = unsteered.length === 0;
  return {
    from: hasNone ? null : from,
    replies: unsteered.length,
    repetitionAbove: hasNone ? Number.NaN : Math.max(LEAST_REPETITION, ...repetition),
    distinct2Below: hasNone ? Number.NaN : Math.min(MOST_DISTINCT_2, ...distinct2),
    nllAbove: IMPROBABLE * nllOf(unsteered).nll,
  };
}

export function isRepetitive(record: Measured, thresholds: DegenerateThresholds): boolean {
  return (
    record.repetition > thresholds.repetitionAbove ||
    (record.distinct_2 !== null && record.distinct_2 < thresholds.distinct2Below)
  );
}

export function isImprobable(record: Measured, { nllAbove }: DegenerateThresholds): boolean {
  const log = record.unsteered_mean_log_probability;
  return log !== null && -log > nllAbove;
}

/** Minus the mean natural logarithm of the tokens' probability without steering, each token of all replies counting alike; NaN without tokens. */
export function nllOf(records: readonly Measured[]): { readonly nll: number; readonly tokens: number } {
  const scored = records.filter((record) => record.unsteered_mean_log_probability !== null);
  const tokens = scored.reduce((sum, record) => sum + record.tokens.length, 0);
  const sums = scored.map((record) => -record.unsteered_mean_log_probability! * record.tokens.length);
  return { nll: tokens === 0 ? Number.NaN : (mean(sums) * sums.length) / tokens, tokens };
}
