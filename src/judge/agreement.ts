/** @file How far two judges, or two passes of one, agree on the same replies: Cohen's kappa over the labels and over where replies end, and who said what. */

import { cohenKappa, type Kappa } from '../stats/kappa.ts';
import { END_STATES, endOf } from './end_states.ts';
import { type JudgedLabel, STEERING_LABELS } from './labels.ts';
import type { VerdictsById } from './outcome.ts';

/** Rows and columns of a confusion table. */
export const CONFUSION_LABELS: readonly JudgedLabel[] = [...STEERING_LABELS, 'unlabelled'];

export interface Agreement {
  /** Over replies that both gave one of the five labels. */
  readonly labels: Kappa;
  /** The same labels, told apart by where the reply ends only: a, b, none. */
  readonly ends: Kappa;
  /** `[6][6]`, replies that both judged: row by the first judge's label, column by the second's, in the order of `CONFUSION_LABELS`. */
  readonly confusion: readonly (readonly number[])[];
  /** Replies that both judged, labelled or not, and those that only one did. */
  readonly both: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
}

export function agreement(first: VerdictsById, second: VerdictsById): Agreement {
  const confusion = CONFUSION_LABELS.map(() => CONFUSION_LABELS.map(() => 0));
  const ends = END_STATES.map(() => END_STATES.map(() => 0));
  let both = 0;
  for (const [id, verdict] of first) {
    const other = second.get(id);
    if (!other) continue;
    both++;
    confusion[CONFUSION_LABELS.indexOf(verdict.label)]![CONFUSION_LABELS.indexOf(other.label)]!++;
    const [end, otherEnd] = [endOf(verdict.label), endOf(other.label)];
    if (end && otherEnd) ends[END_STATES.indexOf(end)]![END_STATES.indexOf(otherEnd)]!++;
  }
  const labelled = STEERING_LABELS.length;
  return {
    labels: cohenKappa(confusion.slice(0, labelled).map((row) => row.slice(0, labelled))),
    ends: cohenKappa(ends),
    confusion,
    both,
    onlyFirst: first.size - both,
    onlySecond: second.size - both,
  };
}
