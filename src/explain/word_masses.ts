/** @file Activation mass per word for every feature, beside how often the corpus has each word: one of several readings of "the word of a token". */

import type { FeatureWords } from './statistics.ts';
import { WordSketch } from './word_sketch.ts';

/** About 100 MB; English text has that many in some GB. */
const MAX_WORDS = 2 ** 20;

const NO_WORD = -1;
const UNLISTED = -2;

/** Numbers for words, in the order in which they come. */
export class WordNumbers {
  readonly #ids = new Map<string, number>();
  readonly names: string[] = [];

  /** A number from 0; negative for none, and for a new word behind the limit. */
  add(word: string | undefined): number {
    if (word === undefined) return NO_WORD;
    const known = this.#ids.get(word);
    if (known !== undefined) return known;
    if (this.names.length >= MAX_WORDS) return UNLISTED;
    this.#ids.set(word, this.names.length);
    return this.names.push(word) - 1;
  }

  find(word: string): number | undefined {
    return this.#ids.get(word);
  }
}

export class WordMasses {
  readonly #numbers: WordNumbers;
  readonly #sketch: WordSketch;
  readonly #tokens: number[] = [];
  /** Per feature: mass on words behind the limit. */
  readonly #unlisted: Float64Array;

  /** @param budget slots of 16 bytes @param numbers may be shared with other readings */
  constructor(features: number, budget: number, numbers: WordNumbers) {
    this.#numbers = numbers;
    this.#sketch = new WordSketch(features, budget);
    this.#unlisted = new Float64Array(features);
  }

  /** One token of the corpus has this word. @returns its number, for `add` */
  count(word: string | undefined): number {
    const id = this.#numbers.add(word);
    if (id >= 0) this.#tokens[id] = (this.#tokens[id] ?? 0) + 1;
    return id;
  }

  add(feature: number, word: number, mass: number): void {
    if (word >= 0) this.#sketch.add(feature, word, mass);
    else if (word === UNLISTED) this.#unlisted[feature]! += mass;
  }

  of(feature: number, total: number): FeatureWords {
    const { names } = this.#numbers;
    const words = this.#sketch
      .entries(feature)
      .map(({ word, mass, firings }) => ({ word: names[word]!, mass, firings }));
    return { words, total, maxError: this.#sketch.maxError(feature) + this.#unlisted[feature]! };
  }

  /** Of the corpus. */
  tokens(word: string): number {
    return this.#tokens[this.#numbers.find(word) ?? -1] ?? 0;
  }

  all(): (readonly [word: string, tokens: number])[] {
    return this.#numbers.names.flatMap((word, id) => {
      const tokens = this.#tokens[id] ?? 0;
      return tokens > 0 ? [[word, tokens] as const] : [];
    });
  }
}
