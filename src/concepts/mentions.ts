/**
 * @file Which sides of which opposites an explanation speaks of, and how much of it does: each mention is a product of stated factors. Leaves out pairs.
 */

import type { AxisWordKind, Opposites, Side, WordSense } from './discover_axes.ts';
import { explanationWords, type TextWord } from './explanation_words.ts';

/** All in (0, 1]; their product is the mention's strength. */
export interface MentionFactors {
  /** How the word stands on its side: `WORD_FACTOR`. */
  readonly word: number;
  /** Root of the share of the word's uses that have this sense; words around it raise the share to 0.95 or lower it to 0.05. */
  readonly sense: number;
  /**
   * 1 / (1 + 0.2 others): others are the words of the text, each once, that say something else. Of a list of words in quotation marks: the root of the share that is on the side.
   */
  readonly focus: number;
  /** 0.8 for the negation of the other side. */
  readonly polarity: number;
  /** Less than 1 in names, parts of words, at the edge of the sentence, and where the text is about the neighbouring words. */
  readonly use: number;
}

export interface Mention extends MentionFactors {
  readonly axis: number;
  /** After negation: `not happy` is on the side of sadness. */
  readonly side: Side;
  /** As the text has it, in lower case. */
  readonly said: string;
  readonly isNegated: boolean;
  readonly kind: AxisWordKind;
  readonly strength: number;
}

export const WORD_FACTOR: Readonly<Record<AxisWordKind, number>> = {
  listed: 1,
  exact: 1,
  derived: 0.95,
  synonym: 0.85,
  similar: 0.6,
};

const SENSE_MEANT = 0.95;
const SENSE_OTHER = 0.05;
const DILUTION = 0.2;
const NEGATED = 0.8;
const IN_COMPOUND = 0.2;
const CAPITAL = 0.3;
const PART = 0.5;
const TAIL = 0.7;
const TAIL_WORD = 0.4;
const NEIGHBOR = 0.5;
const NAMED = /^(name|names|named|surname|surnames|brand|brands|company|author|titled)$/;

export interface ExplanationMentions {
  /** The strongest of each opposites' side; opposites of which the text names both sides are left out. */
  readonly mentions: readonly Mention[];
  /** Opposites of which it names both sides: it speaks of the contrast. */
  readonly contrasts: readonly number[];
}

interface Found {
  readonly said: string;
  readonly from: number;
  readonly length: number;
  readonly senses: readonly WordSense[];
}

export function mentionsIn(text: string, opposites: Opposites): ExplanationMentions {
  const words = explanationWords(text, (word) => opposites.sensesOf(word).length > 0);
  const found = findSenses(words, opposites);
  const best = new Map<number, Mention>();
  for (const one of found) {
    for (const sense of one.senses) {
      const mention = mentionOf(one, sense, words, opposites);
      if (!mention) continue;
      const key = 2 * mention.axis + mention.side;
      const before = best.get(key);
      if (!before || mention.strength > before.strength) best.set(key, mention);
    }
  }
  const contrasts: number[] = [];
  const mentions: Mention[] = [];
  for (const [key, mention] of best) {
    if (!best.has(key ^ 1)) mentions.push(mention);
    else if (mention.side === 0) contrasts.push(mention.axis);
  }
  return { mentions, contrasts };
}

/** The longest phrases first; a word of a phrase that has a meaning as a whole has none of its own. */
function findSenses(words: readonly TextWord[], opposites: Opposites): Found[] {
  const found: Found[] = [];
  for (let i = 0; i < words.length; i++) {
    for (const length of [3, 2, 1]) {
      if (length === 1 && !words[i]!.isContent) continue;
      const phrase = phraseAt(words, i, length);
      if (phrase === undefined) continue;
      const senses = opposites.sensesOf(phrase);
      if (senses.length === 0) continue;
      found.push({ said: phrase, from: i, length, senses });
      i += length - 1;
      break;
    }
  }
  return found;
}

function phraseAt(words: readonly TextWord[], from: number, length: number): string | undefined {
  const parts = words.slice(from, from + length);
  if (parts.length < length || parts.some(({ afterBreak }, k) => k > 0 && afterBreak)) return undefined;
  return parts.map(({ word }) => word).join(' ');
}

function mentionOf(
  { said, from, length, senses }: Found,
  sense: WordSense,
  words: readonly TextWord[],
  opposites: Opposites,
): Mention | undefined {
  const first = words[from]!;
  if (first.isSetAside) return undefined;
  const { isNegated } = first;
  // What is not frosty need not be hot.
  if (isNegated && sense.kind === 'similar') return undefined;
  const factors: MentionFactors = {
    word: WORD_FACTOR[sense.kind],
    sense: Math.sqrt(senseShare(sense, senses, words, opposites)),
    focus: focusOf(sense, words, opposites, { from, length }),
    polarity: isNegated ? NEGATED : 1,
    use: useOf(words, from, length, opposites),
  };
  const { word, sense: meant, focus, polarity, use } = factors;
  const side: Side = isNegated ? (sense.side === 0 ? 1 : 0) : sense.side;
  const strength = word * meant * focus * polarity * use;
  return { axis: sense.axis, side, said, isNegated, kind: sense.kind, ...factors, strength };
}

/** A cue for another sense of the same word speaks against this one. */
function senseShare(
  sense: WordSense,
  senses: readonly WordSense[],
  words: readonly TextWord[],
  opposites: Opposites,
): number {
  const { cues, share } = sense;
  const has = (cue: ReadonlySet<string> | undefined): boolean =>
    cue !== undefined && words.some(({ word }) => cue.has(word) || cue.has(word.replace(/e?s$/, '')));
  if (has(cues?.for)) return Math.max(share, SENSE_MEANT);
  if (has(cues?.against)) return Math.min(share, SENSE_OTHER);
  const opposite = sense.side === 0 ? 1 : 0;
  const isElsewhere = senses.some(
    (other) =>
      other.axis !== sense.axis &&
      has(other.cues?.for) &&
      !sharesOpposite(opposites, sense.axis, opposite, other),
  );
  return isElsewhere ? Math.min(share, SENSE_OTHER) : share;
}

/** Two opposites of one word may be near each other: hot and warm are both against cold. */
function sharesOpposite(opposites: Opposites, axis: number, side: Side, other: WordSense): boolean {
  const words = opposites.axes[axis]!.sides[side];
  const others = opposites.axes[other.axis]!.sides[other.side === 0 ? 1 : 0];
  for (const word of words.keys()) if (others.has(word)) return true;
  return false;
}

function focusOf(
  sense: WordSense,
  words: readonly TextWord[],
  opposites: Opposites,
  own: { from: number; length: number },
): number {
  const isSame = (word: string): boolean =>
    opposites.sensesOf(word).some(({ axis, side }) => axis === sense.axis && side === sense.side);
  if (words[own.from]!.isQuoted) {
    const listed = new Set(words.flatMap(({ word, isQuoted }) => (isQuoted ? [word] : [])));
    if (listed.size > own.length) {
      const same = [...listed].filter(isSame).length;
      return Math.sqrt(Math.max(same, 1) / listed.size);
    }
  }
  const others = new Map<string, number>();
  for (const [i, { word, isContent, isQuoted, isTail }] of words.entries()) {
    // Grammar counts where it is quoted: then the feature fires on it.
    if (!(isContent || isQuoted) || (i >= own.from && i < own.from + own.length) || isSame(word)) continue;
    others.set(word, Math.max(others.get(word) ?? 0, isTail ? TAIL_WORD : 1));
  }
  let sum = 0;
  for (const weight of others.values()) sum += weight;
  return 1 / (1 + DILUTION * sum);
}

function useOf(words: readonly TextWord[], from: number, length: number, opposites: Opposites): number {
  const first = words[from]!;
  let use = 1;
  if (length === 1 && isInCompound(words, from, opposites)) use *= IN_COMPOUND;
  if (isName(words, from)) use *= CAPITAL;
  if (first.isPart) use *= PART;
  if (first.isTail) use *= TAIL;
  if (first.isNeighbor) use *= NEIGHBOR;
  return use;
}

function isInCompound(words: readonly TextWord[], at: number, opposites: Opposites): boolean {
  for (const length of [2, 3]) {
    for (let from = Math.max(0, at - length + 1); from <= at; from++) {
      const phrase = phraseAt(words, from, length);
      if (phrase !== undefined && opposites.isCompound(phrase)) return true;
    }
  }
  return false;
}

/** A capital says so where most words have none; so does `the name` before it. */
function isName(words: readonly TextWord[], at: number): boolean {
  const before = words.slice(Math.max(0, at - 2), at);
  if (before.some(({ word }) => NAMED.test(word))) return true;
  const { isCapital } = words[at]!;
  return at > 0 && isCapital && words.some((other) => other.isContent && !other.isCapital);
}
