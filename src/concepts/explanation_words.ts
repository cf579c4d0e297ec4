/**
 * @file An explanation as words, each with what decides whether it counts: quoted or not, negated, set aside, at the edge of the sentence. English; built for texts from
 * strangers: whatever is no letter is a break. Leaves out what the words mean.
 */

import {
  CONTEXTS,
  FILLER,
  GRAMMAR,
  NEGATORS,
  NEIGHBORS,
  NO_NEGATORS,
  PREPOSITION,
  phraseAt,
  SET_ASIDE,
  STOCK,
  TAIL,
  TURNS,
} from './explanation_phrases.ts';

export interface TextWord {
  /** Lower case. */
  readonly word: string;
  readonly isQuoted: boolean;
  /** Begins with a capital, as every first word may. */
  readonly isCapital: boolean;
  /** Part of a hyphenated word that is looked up in parts. */
  readonly isPart: boolean;
  /** Says something of its own: neither grammar nor the stock of explanations (`references to`). */
  readonly isContent: boolean;
  /** An adjective that explanations put before everything, such as `specific`, where another word follows. */
  readonly isFiller: boolean;
  /** `not`, `lack of` and the like stand before it, an odd number of times. */
  readonly isNegated: boolean;
  /** It says what is not meant, or both: `rather than X`, `presence or absence of X`. */
  readonly isSetAside: boolean;
  /** Behind `particularly`, `in the context of` and the like. */
  readonly isTail: boolean;
  /** The text is about what stands before or after it. */
  readonly isNeighbor: boolean;
  /** A break stands between it and the word before. */
  readonly afterBreak: boolean;
}

/** An explanation has a sentence or two; what is behind them is not read. */
const MAX_CHARACTERS = 2000;

interface Token {
  readonly word: string;
  readonly isQuoted: boolean;
  readonly isCapital: boolean;
  readonly isPart: boolean;
  readonly afterBreak: boolean;
}

/** @param isKnown whether a hyphenated word has a meaning as a whole; else its parts are words */
export function explanationWords(text: string, isKnown: (word: string) => boolean): TextWord[] {
  const tokens = tokensOf(text.slice(0, MAX_CHARACTERS).normalize('NFC'), isKnown);
  const words = tokens.map(({ word }) => word);
  // `the word "up"` is about it; in a list of what a feature fires on, it is grammar.
  const isQuotedAlone = tokens.filter(({ isQuoted }) => isQuoted).length === 1;
  const result: TextWord[] = [];
  let reach = 0;
  let isNegated = false;
  let isSetAside = false;
  let isTail = false;
  let isNeighbor = false;
  for (const [i, token] of tokens.entries()) {
    const { word } = token;
    if (token.afterBreak || TURNS.has(word)) {
      reach = 0;
      isSetAside = false;
    }
    if (reach === 0) isNegated = false;
    const isGrammar = GRAMMAR.has(word) && !(token.isQuoted && isQuotedAlone);
    const isStock = STOCK.has(word) && !token.isQuoted;
    const isFiller = !token.isQuoted && FILLER.has(word) && isBeforeNoun(tokens, i);
    const isContent = !isGrammar && !isStock && !isFiller && word.length > 1;
    if (TAIL.has(word) || (word === 'in' && isContextAhead(words, i))) isTail = true;
    if (phraseAt(NEIGHBORS, words, i)) isNeighbor = true;
    // Written out: copying the token takes longer than all the rest.
    result.push({
      word,
      isQuoted: token.isQuoted,
      isCapital: token.isCapital,
      isPart: token.isPart,
      afterBreak: token.afterBreak,
      isContent,
      isFiller,
      isNegated: isNegated || isDeniedBehind(tokens, i),
      isSetAside,
      isTail,
      isNeighbor,
    });
    if (isContent && reach > 0) reach -= 1;
    if (phraseAt(SET_ASIDE, words, i)) isSetAside = true;
    const negator = phraseAt(NO_NEGATORS, words, i) ? undefined : negatorAt(tokens, words, i);
    if (negator !== undefined) {
      isNegated = reach > 0 ? !isNegated : true;
      reach = negator;
    }
  }
  return result;
}

/** The reach of the negator that begins at `i`; a word in quotation marks is spoken about, and negates nothing outside them. */
function negatorAt(tokens: readonly Token[], words: readonly string[], i: number): number | undefined {
  const { word, isQuoted } = tokens[i]!;
  if (isQuoted && tokens[i + 1]?.isQuoted !== true) return undefined;
  if (word.endsWith("n't")) return 3;
  return phraseAt(NEGATORS, words, i);
}

/** `happiness is absent`, `fear-free`. */
function isDeniedBehind(tokens: readonly Token[], i: number): boolean {
  const [next, last] = [tokens[i + 1], tokens[i + 2]];
  if (next?.isPart && tokens[i]?.isPart && next.word === 'free' && !next.afterBreak) return true;
  return (
    next !== undefined &&
    last !== undefined &&
    ['is', 'are', 'was', 'were', 'being'].includes(next.word) &&
    ['absent', 'missing', 'lacking'].includes(last.word)
  );
}

function isBeforeNoun(tokens: readonly Token[], i: number): boolean {
  const next = tokens[i + 1];
  return next !== undefined && !next.afterBreak && !PREPOSITION.has(next.word);
}

function isContextAhead(words: readonly string[], i: number): boolean {
  return words.slice(i + 1, i + 4).some((word) => CONTEXTS.has(word));
}

const LEXEME = /(\p{L}[\p{L}\p{M}]*(?:['’-]\p{L}[\p{L}\p{M}]*)*)|(["“”„«»`])|([,;:.()[\]!?/&\n])/gu;

function tokensOf(text: string, isKnown: (word: string) => boolean): Token[] {
  const tokens: Token[] = [];
  const lexemes = [...text.matchAll(LEXEME)];
  // A mark without a partner is an inch, or the text was cut.
  let marksLeft = lexemes.filter(([, , mark]) => mark !== undefined).length;
  let isQuoted = false;
  let afterBreak = false;
  for (const [, word, mark] of lexemes) {
    if (mark !== undefined) {
      marksLeft -= 1;
      isQuoted = !isQuoted && marksLeft > 0;
      continue;
    }
    if (word === undefined) {
      afterBreak = true;
      continue;
    }
    const lower = word.toLowerCase().replaceAll('’', "'");
    const isWhole = !lower.includes('-') || isKnown(lower);
    const parts = isWhole ? [lower] : lower.split('-');
    const isCapital = /^\p{Lu}/u.test(word);
    for (const part of parts) {
      tokens.push({ word: part.replace(/'s$/, ''), isQuoted, isCapital, isPart: !isWhole, afterBreak });
      afterBreak = false;
    }
  }
  return tokens;
}
