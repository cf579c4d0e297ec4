/** @file From a sentence with slots to a sentence: draws words, puts "a" and "an" right, begins with a capital. */

import type { Rng } from '../../tensor/rng.ts';
import { FRIENDS, PERSONS, type Person, PLACES, THINGS } from './people.ts';
import { type Pole, WORD_CLASSES, type WordClass } from './pole.ts';

/** One of the list, each as likely. */
export function pick<Item>(rng: Rng, items: readonly Item[]): Item {
  return items[rng.integer(items.length)]!;
}

/** Up to `count` different ones of the list, in random order. */
export function sample<Item>(rng: Rng, items: readonly Item[], count: number): Item[] {
  const rest = [...items];
  const chosen: Item[] = [];
  while (chosen.length < count && rest.length > 0) chosen.push(...rest.splice(rng.integer(rest.length), 1));
  return chosen;
}

/** An index with a probability in proportion to its weight. */
export function pickWeighted(rng: Rng, weights: readonly number[]): number {
  let left = rng.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  const index = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return index < 0 ? weights.length - 1 : index;
}

export function pickPerson(rng: Rng): Person {
  return pick(rng, PERSONS);
}

/** Words of one class without the ones drawn before, until none is left: a sentence does not say the same word twice. */
class WordDrawer {
  readonly #rng: Rng;
  readonly #pole: Pole;
  readonly #used = new Set<string>();

  constructor(rng: Rng, pole: Pole) {
    this.#rng = rng;
    this.#pole = pole;
  }

  draw(wordClass: WordClass): string {
    const words = this.#pole.words[wordClass];
    if (words.length === 0) throw new Error(`internal: the pole ${this.#pole.id} has no ${wordClass}`);
    const fresh = words.filter((word) => !this.#used.has(word));
    const word = pick(this.#rng, fresh.length > 0 ? fresh : words);
    this.#used.add(word);
    return word;
  }
}

/** @param pole whose words fill the slots; needed where the sentence has such slots */
export function fillSentence(rng: Rng, template: string, person: Person, pole?: Pole): string {
  const drawer = pole && new WordDrawer(rng, pole);
  const filled = template.replace(/\{(\w+)\}/g, (_, slot: string) => {
    const wordClass = WORD_CLASSES.find((name) => name === slot);
    if (wordClass && drawer) return drawer.draw(wordClass);
    switch (slot) {
      case 'S':
      case 'he':
      case 'his':
      case 'him':
        return person[slot];
      case 'o':
        return pick(rng, THINGS);
      case 'p':
        return pick(rng, PLACES);
      case 'f':
        return pick(rng, FRIENDS);
      default:
        throw new Error(`internal: no slot is called ${slot} in "${template}"`);
    }
  });
  return capitalised(withArticles(filled));
}

/** Words of the grammar that are not spoken as they are spelled. */
const SPOKEN_WITH_CONSONANT = /^(uni(?!n)|one\b|usual)/;
const SPOKEN_WITH_VOWEL = /^hour/;

/** "a" or "an" in front of each word, by how it is spoken. */
export function withArticles(sentence: string): string {
  return sentence.replace(/\b([Aa])n? (?=([a-z]+))/g, (_, letter: string, next: string) => {
    const isVowel =
      SPOKEN_WITH_VOWEL.test(next) || (/^[aeiou]/.test(next) && !SPOKEN_WITH_CONSONANT.test(next));
    return isVowel ? `${letter}n ` : `${letter} `;
  });
}

function capitalised(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
