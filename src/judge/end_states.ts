/** @file The article's Net (METHOD, section 6): where replies end, and which end most of them have. */

import { type Interval, wilsonInterval } from '../stats/wilson.ts';
import type { JudgedLabel, PoleNames } from './labels.ts';

export const END_STATES = ['a', 'b', 'none'] as const;

/** `a` and `b to a` end in `a`, `b` and `a to b` in `b`, `none` in `none`. */
export type EndState = (typeof END_STATES)[number];

export type LabelCounts = Readonly<Record<JudgedLabel, number>>;

/** The end state that most replies of an arm have. */
export interface Net {
  readonly counts: Readonly<Record<EndState, number>>;
  /** In the order of `END_STATES`; several where they tie, none where no reply has a label. */
  readonly winners: readonly EndState[];
  /** Replies of one winner, of all judged ones: those without a label count among `of`. */
  readonly count: number;
  readonly of: number;
  /** Wilson's 95 % interval of `count / of`; NaN at both ends where `of` is 0. */
  readonly interval: Interval;
}

export function netOf(counts: LabelCounts): Net {
  const ends = {
    a: counts.a + counts['b to a'],
    b: counts.b + counts['a to b'],
    none: counts.none,
  };
  const count = Math.max(ends.a, ends.b, ends.none);
  const of = ends.a + ends.b + ends.none + counts.unlabelled;
  const winners = count === 0 ? [] : END_STATES.filter((state) => ends[state] === count);
  return { counts: ends, winners, count, of, interval: wilsonInterval(count, of) };
}

/** The end state of a label; `unlabelled` has none. */
export function endOf(label: JudgedLabel): EndState | null {
  switch (label) {
    case 'a':
    case 'b to a':
      return 'a';
    case 'b':
    case 'a to b':
      return 'b';
    case 'none':
      return 'none';
    case 'unlabelled':
      return null;
  }
}

/** As the article prints it: `Sad Steered (14/20)`, `Neutral (10/20)`; ties are named, `Happy Steered = Neutral (8/20)`; `no label (0/20)`. */
export function netText({ winners, count, of }: Net, poles: PoleNames): string {
  const names = { a: `${poles.a} Steered`, b: `${poles.b} Steered`, none: 'Neutral' };
  const name = winners.length === 0 ? 'no label' : winners.map((state) => names[state]).join(' = ');
  return `${name} (${count}/${of})`;
}
