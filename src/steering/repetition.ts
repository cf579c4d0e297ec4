/** @file How much a reply repeats itself: by words and pairs of words (Li et al. 2016, arXiv 1510.03055, distinct-n) and by stretches of tokens. */

export interface Distinct {
  /** Share of distinct words, and of distinct pairs of neighbours, in (0, 1]; null where there are none. */
  readonly distinct1: number | null;
  readonly distinct2: number | null;
}

/** Letters and digits of any script, apostrophes inside included. */
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*/gu;

/** Upper and lower case are the same word; what stands between words does not count. */
export function distinctWords(text: string): Distinct {
  const words = text.toLowerCase().match(WORD) ?? [];
  const pairs = words.slice(1).map((word, index) => `${words[index]} ${word}`);
  return { distinct1: shareOfDistinct(words), distinct2: shareOfDistinct(pairs) };
}

function shareOfDistinct(items: readonly string[]): number | null {
  return items.length === 0 ? null : new Set(items).size / items.length;
}

/** Longer units that come back are refrains rather than the stutter of a model that is pushed too hard. */
const LONGEST_UNIT = 8;

/**
 * Share of the tokens that stand in the longest stretch of one repeated unit of at most 8 tokens: at least the unit twice, and what follows of a further
 * one. 0 where nothing comes twice in a row, and without tokens.
 */
export function repetition(tokens: ArrayLike<number>): number {
  let longest = 0;
  for (let unit = 1; unit <= LONGEST_UNIT; unit++) {
    let same = 0;
    for (let at = unit; at < tokens.length; at++) {
      same = tokens[at] === tokens[at - unit] ? same + 1 : 0;
      if (same >= unit) longest = Math.max(longest, same + unit);
    }
  }
  return tokens.length === 0 ? 0 : longest / tokens.length;
}
