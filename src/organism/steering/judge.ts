/**
 * @file The offline judge of replies: a sentence speaks for the pole whose own words it has more of, and the sentences, in order, make one of the article's
 * five labels (METHOD, section 6). It knows the grammar's words only: for other models it is no judge.
 */

import { wordsOf } from '../grammar/own_words.ts';

export const STEERING_LABELS = ['a', 'b', 'none', 'a to b', 'b to a'] as const;

/** With a Happy and b Sad: Happy Steering, Sad Steering, No Steering, Happy to Sad Steering, Sad to Happy Steering. */
export type SteeringLabel = (typeof STEERING_LABELS)[number];

export interface JudgedPoles {
  readonly a: ReadonlySet<string>;
  readonly b: ReadonlySet<string>;
}

/** What speaks for both poles is named after the first and the last sentence that speaks for one; where those agree, it ends where it began. */
export function judgeReply(text: string, { a, b }: JudgedPoles): SteeringLabel {
  const sides = text.split(/[.!?]/).flatMap((sentence) => {
    const words = wordsOf(sentence);
    const difference =
      words.filter((word) => a.has(word)).length - words.filter((word) => b.has(word)).length;
    return difference === 0 ? [] : [difference > 0 ? ('a' as const) : ('b' as const)];
  });
  const first = sides[0];
  const last = sides.at(-1);
  if (!first || !last) return 'none';
  if (!sides.includes(first === 'a' ? 'b' : 'a')) return first;
  const turnsTo = first === last ? (first === 'a' ? 'b' : 'a') : last;
  return turnsTo === 'b' ? 'a to b' : 'b to a';
}
