/**
 * @file Takes in the feature activations of a corpus row by row and keeps what `statistics.ts` asks for, in memory that does not grow with the corpus
 * but for its distinct words (at most 2^20). For 65,536 features and 20 contexts the most it can take is about 1 GB; 2,048 take a few MB.
 */

import { ActivationHistograms } from './activation_histograms.ts';
import { type FeatureStatistics, notGathered, POSITION_BINS } from './statistics.ts';
import { TopContexts } from './top_contexts.ts';
import { WordMasses, WordNumbers } from './word_masses.ts';
import type { RowWords } from './word_units.ts';

export interface GatherOptions {
  readonly dSae: number;
  /** Ascending; all where left out. */
  readonly features?: readonly number[] | undefined;
  readonly joinsPieces: boolean;
  /** Contexts kept per feature. */
  readonly top: number;
  /** Tokens shown per context. */
  readonly window: number;
}

/** One row of tokens with what fired on it. */
export interface GatheredRow {
  readonly document: number;
  readonly tokens: Int32Array;
  readonly words: RowWords;
  /** Positions in `tokens` that count, ascending. */
  readonly counted: readonly number[];
  /** Sparse, in the order of the positions: all three are as long. */
  readonly positions: readonly number[];
  /** Indices into the features that are gathered. */
  readonly slots: readonly number[];
  readonly activations: readonly number[];
}

/** Slots of 16 bytes for words, and for each other reading: 268 and three times 134 MB once 65,536 features have filled them. */
const WORD_BUDGET = 2 ** 24;
const OTHER_BUDGET = 2 ** 23;

/** The readings of one token, by their numbers. */
interface Place {
  readonly word: number;
  readonly piece: number;
  readonly next: number;
  readonly previous: number;
  readonly bin: number;
}

export class FeatureGatherer {
  readonly #options: GatherOptions;
  readonly #features: readonly number[];
  readonly #slotOf: ReadonlyMap<number, number>;
  readonly #words: WordMasses;
  readonly #pieces: WordMasses;
  readonly #next: WordMasses;
  readonly #previous: WordMasses;
  readonly #firings: Float64Array;
  readonly #mass: Float64Array;
  readonly #maxima: Float32Array;
  readonly #positionMass: Float64Array;
  readonly #positionTokens = new Float64Array(POSITION_BINS);
  readonly #histograms: ActivationHistograms;
  readonly #contexts: TopContexts;
  #documents = 0;
  #lastDocument: number | undefined;
  #tokens = 0;
  #skipped = 0;

  constructor(options: GatherOptions) {
    this.#options = options;
    this.#features = options.features ?? Array.from({ length: options.dSae }, (_, feature) => feature);
    this.#slotOf = new Map(this.#features.map((feature, slot) => [feature, slot]));
    const count = this.#features.length;
    const numbers = new WordNumbers();
    this.#words = new WordMasses(count, WORD_BUDGET, numbers);
    this.#next = new WordMasses(count, OTHER_BUDGET, numbers);
    this.#previous = new WordMasses(count, OTHER_BUDGET, numbers);
    this.#pieces = new WordMasses(count, OTHER_BUDGET, new WordNumbers());
    this.#firings = new Float64Array(count);
    this.#mass = new Float64Array(count);
    this.#maxima = new Float32Array(count);
    this.#positionMass = new Float64Array(count * POSITION_BINS);
    this.#histograms = new ActivationHistograms(count);
    this.#contexts = new TopContexts(count, options.top, options.window);
  }

  add(row: GatheredRow): void {
    const { document } = row;
    if (row.counted.length > 0 && document !== this.#lastDocument) {
      this.#documents += 1;
      this.#lastDocument = document;
    }
    this.#tokens += row.counted.length;
    this.#skipped += row.tokens.length - row.counted.length;
    const places = this.#countTokens(row);
    const bySlot = new Map<number, { positions: number[]; activations: number[] }>();
    row.slots.forEach((slot, i) => {
      const position = row.positions[i]!;
      const activation = row.activations[i]!;
      this.#addFiring(slot, activation, places.get(position)!);
      let firings = bySlot.get(slot);
      if (!firings) {
        firings = { positions: [], activations: [] };
        bySlot.set(slot, firings);
      }
      firings.positions.push(position);
      firings.activations.push(activation);
    });
    for (const [slot, firings] of bySlot) {
      this.#contexts.add(slot, { document, row: row.tokens, words: row.words.words, ...firings });
    }
  }

  #countTokens({ counted, words }: GatheredRow): Map<number, Place> {
    const places = new Map<number, Place>();
    counted.forEach((position, order) => {
      const bin = Math.min(POSITION_BINS - 1, order === 0 ? 0 : 1 + Math.floor(Math.log2(order)));
      this.#positionTokens[bin]! += 1;
      places.set(position, {
        word: this.#words.count(words.words[position]),
        piece: this.#pieces.count(words.pieces[position]),
        next: this.#next.count(words.next[position]),
        previous: this.#previous.count(words.previous[position]),
        bin,
      });
    });
    return places;
  }

  #addFiring(slot: number, activation: number, { word, piece, next, previous, bin }: Place): void {
    this.#firings[slot]! += 1;
    this.#mass[slot]! += activation;
    if (activation > this.#maxima[slot]!) this.#maxima[slot] = activation;
    this.#positionMass[slot * POSITION_BINS + bin]! += activation;
    this.#histograms.add(slot, activation);
    this.#words.add(slot, word, activation);
    this.#pieces.add(slot, piece, activation);
    this.#next.add(slot, next, activation);
    this.#previous.add(slot, previous, activation);
  }

  /** Answers from what was added so far; rows that are added later change them. */
  statistics(): FeatureStatistics {
    const slot = (feature: number): number => {
      const found = this.#slotOf.get(feature);
      if (found === undefined) throw notGathered(feature);
      return found;
    };
    const reading = (masses: WordMasses) => (feature: number) =>
      masses.of(slot(feature), this.#mass[slot(feature)]!);
    const words = reading(this.#words);
    const tokens = this.#tokens;
    return {
      dSae: this.#options.dSae,
      features: this.#features,
      documents: this.#documents,
      tokens,
      skippedTokens: this.#skipped,
      joinsPieces: this.#options.joinsPieces,
      firings: (feature) => this.#firings[slot(feature)]!,
      density: (feature) => this.#firings[slot(feature)]! / tokens,
      maxActivation: (feature) => this.#maxima[slot(feature)]!,
      mass: (feature) => this.#mass[slot(feature)]!,
      words,
      pieces: reading(this.#pieces),
      nextWords: reading(this.#next),
      previousWords: reading(this.#previous),
      wordMass: (feature) => new Map(words(feature).words.map(({ word, mass }) => [word, mass])),
      corpusWords: () => this.#words.all(),
      wordTokens: (word) => this.#words.tokens(word),
      pieceTokens: (piece) => this.#pieces.tokens(piece),
      nextWordTokens: (word) => this.#next.tokens(word),
      previousWordTokens: (word) => this.#previous.tokens(word),
      positionMass: (feature) => {
        const at = slot(feature) * POSITION_BINS;
        return this.#positionMass.slice(at, at + POSITION_BINS);
      },
      positionTokens: this.#positionTokens,
      contexts: (feature) => this.#contexts.of(slot(feature)),
      histogram: (feature) => this.#histograms.of(slot(feature)),
    };
  }
}
