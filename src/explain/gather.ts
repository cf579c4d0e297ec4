/**
 * @file Takes in the feature activations of a corpus row by row and keeps what `statistics.ts` asks for, in memory that does not grow with the corpus
 * but for its distinct words (at most 2^20). For 65,536 features and 20 contexts the most it can take is about 1 GB; 2,048 take a few MB.
 */

import { ActivationHistograms } from './activation_histograms.ts';
import { type FeatureStatistics, type FeatureWords, notGathered, POSITION_BINS } from './statistics.ts';
import { TopContexts } from './top_contexts.ts';
import { WordSketch } from './word_sketch.ts';
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

/** Slots of 16 bytes for words, and for the words behind and before: 268 and twice 134 MB once 65,536 features have filled them. */
const WORD_BUDGET = 2 ** 24;
const NEIGHBOUR_BUDGET = 2 ** 23;

/** About 100 MB; English text has that many in some GB. */
const MAX_WORDS = 2 ** 20;

export class FeatureGatherer {
  readonly #options: GatherOptions;
  readonly #features: readonly number[];
  readonly #slotOf: ReadonlyMap<number, number>;
  readonly #vocabulary = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #words: WordSketch;
  readonly #next: WordSketch;
  readonly #previous: WordSketch;
  readonly #wordTokens: number[] = [];
  readonly #nextTokens: number[] = [];
  readonly #previousTokens: number[] = [];
  readonly #firings: Float64Array;
  readonly #mass: Float64Array;
  readonly #maxima: Float32Array;
  readonly #unlisted: Float64Array;
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
    this.#words = new WordSketch(count, WORD_BUDGET);
    this.#next = new WordSketch(count, NEIGHBOUR_BUDGET);
    this.#previous = new WordSketch(count, NEIGHBOUR_BUDGET);
    this.#firings = new Float64Array(count);
    this.#mass = new Float64Array(count);
    this.#maxima = new Float32Array(count);
    this.#unlisted = new Float64Array(count);
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
      const word = this.#wordId(words.words[position]);
      const next = this.#wordId(words.next[position]);
      const previous = this.#wordId(words.previous[position]);
      const bin = Math.min(POSITION_BINS - 1, order === 0 ? 0 : 1 + Math.floor(Math.log2(order)));
      if (word >= 0) this.#wordTokens[word]! += 1;
      if (next >= 0) this.#nextTokens[next]! += 1;
      if (previous >= 0) this.#previousTokens[previous]! += 1;
      this.#positionTokens[bin]! += 1;
      places.set(position, { word, next, previous, bin });
    });
    return places;
  }

  #addFiring(slot: number, activation: number, { word, next, previous, bin }: Place): void {
    this.#firings[slot]! += 1;
    this.#mass[slot]! += activation;
    if (activation > this.#maxima[slot]!) this.#maxima[slot] = activation;
    this.#positionMass[slot * POSITION_BINS + bin]! += activation;
    this.#histograms.add(slot, activation);
    if (word >= 0) this.#words.add(slot, word, activation);
    if (next >= 0) this.#next.add(slot, next, activation);
    if (previous >= 0) this.#previous.add(slot, previous, activation);
    if (word === UNLISTED || next === UNLISTED || previous === UNLISTED) this.#unlisted[slot]! += activation;
  }

  #wordId(word: string | undefined): number {
    if (word === undefined) return NO_WORD;
    const known = this.#vocabulary.get(word);
    if (known !== undefined) return known;
    if (this.#names.length >= MAX_WORDS) return UNLISTED;
    const id = this.#names.length;
    this.#vocabulary.set(word, id);
    this.#names.push(word);
    this.#wordTokens.push(0);
    this.#nextTokens.push(0);
    this.#previousTokens.push(0);
    return id;
  }

  /** Answers from what was added so far; rows that are added later change them. */
  statistics(): FeatureStatistics {
    const slot = (feature: number): number => {
      const found = this.#slotOf.get(feature);
      if (found === undefined) throw notGathered(feature);
      return found;
    };
    const wordsIn = (sketch: WordSketch, at: number): FeatureWords => ({
      words: sketch
        .entries(at)
        .map(({ word, mass, firings }) => ({ word: this.#names[word]!, mass, firings })),
      total: this.#mass[at]!,
      maxError: sketch.maxError(at) + this.#unlisted[at]!,
    });
    const tokensOf = (counts: readonly number[], word: string): number =>
      counts[this.#vocabulary.get(word) ?? -1] ?? 0;
    const words = (feature: number): FeatureWords => wordsIn(this.#words, slot(feature));
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
      nextWords: (feature) => wordsIn(this.#next, slot(feature)),
      previousWords: (feature) => wordsIn(this.#previous, slot(feature)),
      wordMass: (feature) => new Map(words(feature).words.map(({ word, mass }) => [word, mass])),
      corpusWords: () => this.#names.map((word, id) => [word, this.#wordTokens[id]!] as const),
      wordTokens: (word) => tokensOf(this.#wordTokens, word),
      nextWordTokens: (word) => tokensOf(this.#nextTokens, word),
      previousWordTokens: (word) => tokensOf(this.#previousTokens, word),
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

interface Place {
  /** Ids of the gatherer's vocabulary, or one of the two below. */
  readonly word: number;
  readonly next: number;
  readonly previous: number;
  readonly bin: number;
}

const NO_WORD = -1;
const UNLISTED = -2;
