/**
 * @file Which words stand for a feature: those that carry much of its activation mass and more of it than of the corpus. Score of a word: its share of
 * the mass times ln(share of the mass / share of the corpus), its part of the Kullback-Leibler divergence between the two. Leaves out sentences.
 */

import type { FeatureWords, WordMass } from './statistics.ts';

export interface WordEvidence {
  readonly word: string;
  /** Of the feature's activation mass, in [0, 1]; never overstated. */
  readonly share: number;
  /** Share of the mass / share of the corpus' tokens. */
  readonly lift: number;
  /** Share of the word's tokens on which the feature fires, in [0, 1]. */
  readonly recall: number;
}

export interface ChosenWords {
  /** Strongest first. */
  readonly words: readonly WordEvidence[];
  /** Of the mass, all chosen words together. */
  readonly share: number;
  /** In nats: what the chosen words say about where the feature is active. */
  readonly score: number;
}

/** A sentence with more examples is no clearer. */
const MAX_WORDS = 5;

/** Of the mass: words that say what a feature is about have at least this much each. */
export const TELLING_SHARE = 0.04;

/** Of the mass: words that are named as examples have at least this much each. */
export const NAMED_SHARE = 0.01;

/** A word that is hardly more frequent under the feature than in the corpus says nothing. */
const SMALLEST_LIFT = 1.5;

export interface CorpusCounts {
  /** Tokens of the corpus. */
  readonly tokens: number;
  /** Those of one word. */
  readonly of: (word: string) => number;
}

/** Up to five words with at least `smallest` of the mass each, strongest first, ties in the order of mass. */
export function chooseWords(
  { words, total }: FeatureWords,
  { tokens, of }: CorpusCounts,
  smallest: number,
): ChosenWords {
  const candidates = words
    .filter(({ mass }) => mass >= smallest * total)
    .map((one) => evidenceOf(one, { total, tokens, ofWord: of(one.word) }))
    .filter(({ lift }) => lift >= SMALLEST_LIFT);
  const strongest = candidates.toSorted((a, b) => scoreOf(b) - scoreOf(a)).slice(0, MAX_WORDS);
  return {
    words: strongest,
    share: Math.min(
      1,
      strongest.reduce((sum, { share }) => sum + share, 0),
    ),
    score: strongest.reduce((sum, one) => sum + scoreOf(one), 0),
  };
}

function evidenceOf(
  { word, mass, firings }: WordMass,
  { total, tokens, ofWord }: { readonly total: number; readonly tokens: number; readonly ofWord: number },
): WordEvidence {
  const share = mass / total;
  return { word, share, lift: (share * tokens) / ofWord, recall: firings / ofWord };
}

function scoreOf({ share, lift }: WordEvidence): number {
  return share * Math.log(lift);
}
