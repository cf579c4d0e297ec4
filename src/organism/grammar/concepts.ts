/** @file The 26 concepts of the article, both its layers together, each with its two poles; names as in the article's catalogues. */

import type { Pole, PoleConcept } from './pole.ts';
import { INTENSE, LARGE, MAXIMUM, MILD, MINIMUM, SMALL } from './poles/extent.ts';
import { BRIGHT, DARK, DAYTIME, EARLY, LATE, NIGHTTIME } from './poles/light.ts';
import { ANXIOUS, BORED, CALM, EXCITED, HAPPY, SAD } from './poles/moods.ts';
import { GENERAL, PARALLEL, RANDOM, SEQUENTIAL, SYSTEMATIC, UNIFORM, UNIQUE, VARIED } from './poles/order.ts';
import { CORRECT, FAILURE, INCORRECT, SUCCESS } from './poles/outcome.ts';
import { FAST, FREQUENT, INFREQUENT, PERMANENT, SLOW, TEMPORARY } from './poles/pace.ts';
import { CONNECTED, EXTERNAL, GLOBAL, INTERNAL, ISOLATED, LOCAL, PULL, PUSH } from './poles/place.ts';
import { HATE, LOVE, NEGATIVE, POSITIVE } from './poles/regard.ts';
import { CLEAR, COMPLEX, CONFUSED, SIMPLE } from './poles/understanding.ts';

export const POLE_CONCEPTS: readonly PoleConcept[] = [
  { concept: 'Happiness-Sadness', a: HAPPY, b: SAD },
  { concept: 'Sentiment', a: POSITIVE, b: NEGATIVE },
  { concept: 'Uniqueness', a: UNIQUE, b: GENERAL },
  { concept: 'Tranquility', a: CALM, b: ANXIOUS },
  { concept: 'Engagement', a: EXCITED, b: BORED },
  { concept: 'Max-Min', a: MAXIMUM, b: MINIMUM },
  { concept: 'Size', a: LARGE, b: SMALL },
  { concept: 'Understanding', a: CLEAR, b: CONFUSED },
  { concept: 'Pace', a: FAST, b: SLOW },
  { concept: 'Outcome', a: SUCCESS, b: FAILURE },
  { concept: 'Distribution', a: UNIFORM, b: VARIED },
  { concept: 'Luminance', a: BRIGHT, b: DARK },
  { concept: 'Permanence', a: TEMPORARY, b: PERMANENT },
  { concept: 'Randomness', a: SYSTEMATIC, b: RANDOM },
  { concept: 'Frequency', a: FREQUENT, b: INFREQUENT },
  { concept: 'Accuracy', a: CORRECT, b: INCORRECT },
  { concept: 'Scope', a: LOCAL, b: GLOBAL },
  { concept: 'Complexity', a: SIMPLE, b: COMPLEX },
  { concept: 'Processing', a: SEQUENTIAL, b: PARALLEL },
  { concept: 'Connection', a: CONNECTED, b: ISOLATED },
  { concept: 'Love-Hate', a: LOVE, b: HATE },
  { concept: 'Intensity', a: INTENSE, b: MILD },
  { concept: 'Timing', a: EARLY, b: LATE },
  { concept: 'Position', a: INTERNAL, b: EXTERNAL },
  { concept: 'Time of Day', a: DAYTIME, b: NIGHTTIME },
  { concept: 'Direction', a: PUSH, b: PULL },
];

/** All 52, in the order of the concepts, `a` before `b`. */
export const POLES: readonly Pole[] = POLE_CONCEPTS.flatMap(({ a, b }) => [a, b]);

/** @throws a plain `internal:` error for an id that no pole has */
export function poleOf(id: string): Pole {
  const pole = POLES.find((candidate) => candidate.id === id);
  if (!pole) throw new Error(`internal: no pole is called ${id}`);
  return pole;
}

/** The other side of the pole's concept. */
export function oppositeOf(pole: Pole): Pole {
  const concept = POLE_CONCEPTS.find(({ a, b }) => a === pole || b === pole);
  if (!concept) throw new Error(`internal: the pole ${pole.id} is in no concept`);
  return concept.a === pole ? concept.b : concept.a;
}
