/** @file Words that belong together by their signs: numbers and punctuation. Features of them have no word of their own that stands out. */

import type { FeatureWords } from './statistics.ts';

export interface ClassEvidence {
  readonly name: string;
  /** Of the feature's activation mass, in [0, 1]. */
  readonly share: number;
  /** Share times ln(share / share of the corpus' tokens). */
  readonly score: number;
  /** Those with most of the mass. */
  readonly words: readonly string[];
}

const CLASSES: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  { name: 'numbers', pattern: /^\p{N}[\p{N}.,]*$/u },
  { name: 'punctuation', pattern: /^[\p{P}\p{S}]+$/u },
];

const EXAMPLES = 4;

/** Tokens of the corpus per class. */
export function countClasses(words: Iterable<readonly [word: string, tokens: number]>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [word, tokens] of words) {
    for (const { name, pattern } of CLASSES) {
      if (pattern.test(word)) counts.set(name, (counts.get(name) ?? 0) + tokens);
    }
  }
  return counts;
}

/** The classes that the feature has any mass on. */
export function classEvidence(
  { words, total }: FeatureWords,
  classTokens: ReadonlyMap<string, number>,
  tokens: number,
): ClassEvidence[] {
  return CLASSES.flatMap(({ name, pattern }) => {
    const inside = words.filter(({ word }) => pattern.test(word));
    if (inside.length === 0) return [];
    const share = Math.min(1, inside.reduce((sum, { mass }) => sum + mass, 0) / total);
    const lift = (share * tokens) / (classTokens.get(name) ?? tokens);
    return [
      {
        name,
        share,
        score: share * Math.log(lift),
        words: inside.slice(0, EXAMPLES).map(({ word }) => word),
      },
    ];
  });
}
