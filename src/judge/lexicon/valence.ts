/** @file How positive or negative sentences are by the words they hold: the sum of the valences of different words, turned round behind a negation. */

import { isWord, type Sentence } from './reply_words.ts';

/** What turns the words behind it round; neither counts by itself, though some are in the list. */
const NEGATIONS = new Set(
  "no not never none nobody nothing nowhere neither nor without hardly barely rarely seldom cannot ain't dont cant wont isnt wasnt didnt doesnt".split(
    ' ',
  ),
);

/** Behind a negation these take it back: who cannot stop smiling smiles. They count for nothing then. */
const TAKEN_BACK = new Set(['stop', 'help', 'wait', 'only', 'just']);

/** Words between a negation and what it turns round, at most, plus one; and what is left of the valence, with the sign changed: both as in VADER. */
const REACH = 3;
const TURNED = -0.74;

export interface Charge {
  /** Sum of the valences of different words; a word that is said again counts once. */
  readonly sum: number;
  /** Pieces of text with a valence, repeated ones as well, and all words. */
  readonly charged: number;
  readonly words: number;
}

export function chargeOf(sentences: readonly Sentence[], valences: ReadonlyMap<string, number>): Charge {
  const counted = new Map<string, number>();
  let [charged, words] = [0, 0];
  for (const sentence of sentences) {
    sentence.forEach((piece, at) => {
      if (isWord(piece)) words++;
      const valence = valenceOf(piece, valences);
      if (valence === undefined || NEGATIONS.has(piece)) return;
      if (TAKEN_BACK.has(piece) && isNegation(sentence[at - 1])) return;
      charged++;
      const isTurned = isNegated(sentence, at);
      const key = isTurned ? `not ${piece}` : piece;
      if (!counted.has(key)) counted.set(key, isTurned ? TURNED * valence : valence);
    });
  }
  // Summed in the order of the words, so that it is the same number wherever they stand.
  const sum = [...counted]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .reduce((total, [, value]) => total + value, 0);
  return { sum, charged, words };
}

/** Of a word, or of the only part of a hyphenated one that has one. */
function valenceOf(piece: string, valences: ReadonlyMap<string, number>): number | undefined {
  const whole = valences.get(piece);
  if (whole !== undefined || !piece.includes('-')) return whole;
  const parts = piece.split('-').flatMap((part) => valences.get(part) ?? []);
  return parts.length === 1 ? parts[0] : undefined;
}

function isNegated(sentence: Sentence, at: number): boolean {
  for (let i = at - 1; i >= Math.max(0, at - REACH); i--) {
    const piece = sentence[i]!;
    if (isNegation(piece)) return !TAKEN_BACK.has(sentence[i + 1]!);
  }
  return false;
}

function isNegation(piece: string | undefined): boolean {
  return piece !== undefined && (NEGATIONS.has(piece) || piece.endsWith("n't"));
}
