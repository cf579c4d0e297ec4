/**
 * @file The words that the grammar uses for one pole alone: its own adjectives, nouns, verbs and adverbs, and what else only its sentences hold. By these
 * words features are chosen and replies judged.
 */

import { POLES } from './concepts.ts';
import { piecesOf, SHARED_TEMPLATES } from './documents.ts';
import { FRIENDS, PERSONS, PLACES, THINGS } from './people.ts';
import { type Pole, WORD_CLASSES } from './pole.ts';
import { MOOD_REPLIES } from './replies.ts';

/** Words of a text in lower case; signs and slots are no words. */
export function wordsOf(text: string): string[] {
  return piecesOf(text.replace(/\{\w+\}/g, ' '))
    .filter((piece) => /[A-Za-z]/.test(piece))
    .map((piece) => piece.toLowerCase());
}

/** Own words by pole id, each list in alphabetical order. */
export function ownWords(): ReadonlyMap<string, readonly string[]> {
  const used = new Map(POLES.map((pole) => [pole.id, new Set(textsOf(pole).flatMap(wordsOf))]));
  const shared = new Set(sharedTexts().flatMap(wordsOf));
  const uses = new Map<string, number>();
  for (const words of used.values()) for (const word of words) uses.set(word, (uses.get(word) ?? 0) + 1);
  return new Map(
    [...used].map(([id, words]) => [
      id,
      [...words].filter((word) => uses.get(word) === 1 && !shared.has(word)).sort(),
    ]),
  );
}

function textsOf(pole: Pole): string[] {
  const replies = MOOD_REPLIES.filter((reply) => reply.pole === pole);
  return [
    ...WORD_CLASSES.flatMap((wordClass) => pole.words[wordClass]),
    ...pole.scenes,
    ...replies.flatMap(({ openers, body }) => [...openers, ...body]),
  ];
}

function sharedTexts(): string[] {
  const people = PERSONS.flatMap(({ S, he, his, him }) => [S, he, his, him]);
  return [...people, ...PLACES, ...FRIENDS, ...THINGS, ...SHARED_TEMPLATES];
}
