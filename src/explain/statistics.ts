/**
 * @file What a corpus says about the features of an SAE: how often and how much each fires, on which words, before which words, where in a text, and in
 * which contexts most. The record that explanations, and the choice of features for concepts, are made from. Leaves out how it is gathered (`collect.ts`).
 */

import { AntipodeError } from '../errors.ts';
import type { Histogram } from './activation_histograms.ts';
import type { TopContext } from './top_contexts.ts';

export interface WordMass {
  /** As `word_units.ts` writes it: lower case; `\n`, `\t` and a blank stand for pieces of such signs alone. */
  readonly word: string;
  /** Sum of the feature's activations on tokens of this word, float64: at least this, at most `maxError` more. */
  readonly mass: number;
  /** Tokens of this word on which it fired; at least. */
  readonly firings: number;
}

export interface FeatureWords {
  /** Largest mass first, ties in the order in which the corpus first had the words. */
  readonly words: readonly WordMass[];
  /** The feature's whole mass, exact; what `words` do not add up to lies on words that are too rare to be listed, or on none. */
  readonly total: number;
  /** 0: every word is there, with its exact mass. Else the most by which one may be too low or, at this mass, be missing. */
  readonly maxError: number;
}

/** Place of a token among those of its row that count: 0, 1, 2 to 3, 4 to 7, 8 to 15, … */
export const POSITION_BINS = 16;

export interface FeatureStatistics {
  /** Of the whole SAE. */
  readonly dSae: number;
  /** The features that were looked at, ascending. Questions about others throw `usage`. */
  readonly features: readonly number[];
  /** That gave at least one token. */
  readonly documents: number;
  /** That count: special tokens (BOS and the like) and the first of a row do not. */
  readonly tokens: number;
  readonly skippedTokens: number;
  /** True where words are joined from pieces; false where they are pieces. */
  readonly joinsPieces: boolean;
  /** Tokens with an activation above 0. */
  firings(feature: number): number;
  /** Firings / tokens; NaN without tokens. */
  density(feature: number): number;
  /** 0 where it never fired. */
  maxActivation(feature: number): number;
  /** Sum of all activations, float64. */
  mass(feature: number): number;
  words(feature: number): FeatureWords;
  /** By the token itself, as `Tokenizer.tokenText` writes it. */
  pieces(feature: number): FeatureWords;
  /** By the word or sign that follows the token's own; tokens at the end of a row have none. */
  nextWords(feature: number): FeatureWords;
  /** By the word or sign before the token's own. */
  previousWords(feature: number): FeatureWords;
  /** `words` as a map, largest mass first. */
  wordMass(feature: number): Map<string, number>;
  /** All words of the corpus with their tokens, in the order in which it first had them; the first 2^20. */
  corpusWords(): Iterable<readonly [word: string, tokens: number]>;
  /** Tokens of the corpus that belong to this word. */
  wordTokens(word: string): number;
  /** Tokens of the corpus that are this piece. */
  pieceTokens(piece: string): number;
  /** Tokens of the corpus behind whose word this one stands. */
  nextWordTokens(word: string): number;
  /** Tokens of the corpus before whose word this one stands. */
  previousWordTokens(word: string): number;
  /** Mass by position, `POSITION_BINS` long, the last one open. */
  positionMass(feature: number): Float64Array;
  /** Tokens of the corpus by position, `POSITION_BINS` long. */
  readonly positionTokens: Float64Array;
  /** Largest activation first, distinct documents and texts. */
  contexts(feature: number): TopContext[];
  histogram(feature: number): Histogram;
}

/**
 * The share of a feature's mass that lies on these words, in [0, 1]: never overstated, understated by at most `words.length * maxError / total`.
 * 0 where the feature never fired.
 * @param words as `word_units.ts` writes them (lower case)
 */
export function massShare(words: FeatureWords, of: ReadonlySet<string>): number {
  if (words.total === 0) return 0;
  let sum = 0;
  for (const { word, mass } of words.words) if (of.has(word)) sum += mass;
  return Math.min(1, sum / words.total);
}

/**
 * exp of the entropy (natural logarithm) of how the mass is spread: n for n equal words, 1 for one, 0 where there is no mass. Among `of` alone where
 * given. What is not listed counts as spread over words of `maxError` each: an estimate there, exact where `maxError` is 0.
 */
export function effectiveWords(words: FeatureWords, of?: ReadonlySet<string>): number {
  const listed = words.words.filter(({ word }) => of === undefined || of.has(word));
  const known = listed.reduce((sum, { mass }) => sum + mass, 0);
  const rest = of === undefined && words.maxError > 0 ? Math.max(0, words.total - known) : 0;
  const total = known + rest;
  if (total === 0) return 0;
  let entropy = 0;
  for (const { mass } of listed) entropy -= (mass / total) * Math.log(mass / total);
  if (rest > 0) entropy -= (rest / total) * Math.log(Math.min(rest, words.maxError) / total);
  return Math.exp(entropy);
}

/** @throws {AntipodeError} `usage` */
export function notGathered(feature: number): AntipodeError {
  return new AntipodeError('usage', `feature ${feature}: is not among those that were looked at`);
}
