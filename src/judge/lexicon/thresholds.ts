/**
 * @file What is usual for unsteered replies: the valence of each half and of the whole, how far it scatters, how much they repeat themselves. A reply is called
 * positive or negative only where it is clearly beyond.
 */

import { distinctPairs, halvesOf, type Sentence, sentencesOf } from './reply_words.ts';
import { chargeOf } from './valence.ts';

/** A sum of valences is beyond where it is more than `width` away from `centre`. */
export interface Band {
  readonly centre: number;
  readonly width: number;
}

export interface Thresholds {
  readonly examples: number;
  readonly first: Band;
  readonly second: Band;
  readonly whole: Band;
  /** A text is degenerate with at most this share of distinct pairs of words, or with more than this share of charged words. */
  readonly leastDistinctPairs: number;
  readonly mostCharged: number;
}

/**
 * Robust standard deviations. The median absolute deviation, for examples that are unlike the others: a model that is sad in one reply of ten must not make
 * sadness usual.
 */
const DEVIATIONS = 2;
const TO_DEVIATION = 1.4826;

/** One word alone is no mood, whatever it is: the list's strongest are a little above. Two are. */
const LEAST_WIDTH = 3;

/** What no reply may be beyond, however unsteered ones are. */
const DISTINCT_PAIRS = 0.5;
const CHARGED = 0.5;

export interface Scored {
  readonly first: number;
  readonly second: number;
  readonly whole: number;
  readonly distinctPairs: number;
  readonly pairs: number;
  /** Share of the words. */
  readonly charged: number;
  readonly words: number;
}

export function scoreText(text: string, valences: ReadonlyMap<string, number>): Scored {
  const sentences = sentencesOf(text);
  const sum = (part: readonly Sentence[]): number => chargeOf(part, valences).sum;
  const [first, second] = halvesOf(sentences);
  const whole = chargeOf(sentences, valences);
  const { share, pairs } = distinctPairs(sentences);
  return {
    first: sum(first),
    second: sum(second),
    whole: whole.sum,
    distinctPairs: share,
    pairs,
    charged: whole.words === 0 ? 0 : whole.charged / whole.words,
    words: whole.words,
  };
}

/** Without examples the centre is 0 and the width the least one. */
export function thresholdsOf(texts: readonly string[], valences: ReadonlyMap<string, number>): Thresholds {
  const scored = texts.map((text) => scoreText(text, valences));
  const long = scored.filter(({ pairs }) => pairs > 0);
  return {
    examples: texts.length,
    first: bandOf(scored.map(({ first }) => first)),
    second: bandOf(scored.map(({ second }) => second)),
    whole: bandOf(scored.map(({ whole }) => whole)),
    leastDistinctPairs: Math.min(DISTINCT_PAIRS, ...long.map(({ distinctPairs }) => distinctPairs * 0.999)),
    mostCharged: Math.max(CHARGED, ...long.map(({ charged }) => charged)),
  };
}

function bandOf(sums: readonly number[]): Band {
  if (sums.length === 0) return { centre: 0, width: LEAST_WIDTH };
  const centre = median(sums);
  const deviation = TO_DEVIATION * median(sums.map((sum) => Math.abs(sum - centre)));
  return { centre, width: Math.max(LEAST_WIDTH, DEVIATIONS * deviation) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
