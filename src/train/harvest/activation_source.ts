/**
 * @file Activations of a language model over a corpus as an endless, shuffled stream. Documents are shuffled by seed and epoch; their activations are
 * harvested in blocks of bounded size; each block is shuffled by seed and number, and served in order. Where one block holds a whole epoch, it
 * is kept and only shuffled anew. Leaves out a store on disk: models run faster than most disks read.
 */

import { AntipodeError, throwIfInterrupted } from '../../errors.ts';
import type { LanguageModel } from '../../lm/language_model.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import { createRng } from '../../tensor/rng.ts';
import type { Corpus } from '../corpus/corpus.ts';
import { type ActivationStatistics, statisticsOf } from './activation_statistics.ts';
import { harvestRows } from './harvest_rows.ts';
import type { HookPoint } from './hook_name.ts';
import { type RowPlace, RowWalk, type WalkedRow } from './row_walk.ts';
import { readPosition, type StreamPosition } from './stream_position.ts';

export interface ActivationSource {
  readonly dIn: number;
  /** The next activations of the shuffled stream, `[rows, d_in]`, finite; goes round the corpus again and again. One call at a time. */
  next(rows: number): Promise<Float32Array>;
  /** Plain JSON; `seek` with it goes on with the very same bytes (the block is harvested again). */
  position(): unknown;
  /** @throws {AntipodeError} `format` for what is no position of such a source */
  seek(position: unknown): Promise<void>;
  close(): Promise<void>;
}

export interface ActivationSourceOptions {
  /** Stays open when the source is closed, as does the corpus. */
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly corpus: Corpus;
  readonly hook: HookPoint;
  /** Which documents of the corpus; all where left out. */
  readonly documents?: Uint32Array;
  /** Tokens of a row at most, the beginning of the text counted. */
  readonly contextLength: number;
  /** What becomes of a text that is longer: further rows (`split`, the default), or nothing (`cut`). */
  readonly overflow?: 'split' | 'cut';
  /** Activations held at a time; at least `contextLength`. Neighbours of the stream come from as many. Default 2^19, less where they would pass 512 MiB. */
  readonly bufferTokens?: number;
  readonly seed: number;
  /** Special tokens and the first of each row are left out (`isCounted`) unless this is true. */
  readonly includesSpecial?: boolean;
  /** For messages: where a document stands. */
  readonly where?: (document: number) => string;
  /** While a block is harvested: activations that are there, and how many there will be. */
  readonly onHarvest?: (done: number, total: number) => void;
  /** Looked at between forward passes. */
  readonly signal?: AbortSignal | undefined;
}

export interface HarvestedSource extends ActivationSource {
  /** Bytes of the buffer. */
  readonly bufferBytes: number;
  /** Activations harvested since it was opened. */
  readonly harvested: number;
  /** Of the first block of the stream, wherever the stream stands: harvested again where that is elsewhere. */
  statistics(): Promise<ActivationStatistics>;
}

/** A small model gives so many in half a minute; a corpus that fits is run through the model once. */
const DEFAULT_BUFFER_TOKENS = 2 ** 19;
const DEFAULT_BUFFER_BYTES = 2 ** 29;

/** What one `Float32Array` may take here: larger buffers mix no better. */
const MAX_BUFFER_BYTES = 16 * 2 ** 30;

/**
 * Activations that a source holds at a time.
 * @param dIn width of an activation @param given what is asked for, if anything is
 * @throws {AntipodeError} `usage` for less than a row and for more than 16 GiB
 */
export function bufferTokensFor(dIn: number, contextLength: number, given?: number): number {
  const fitting = Math.floor(DEFAULT_BUFFER_BYTES / (4 * dIn));
  const tokens = given ?? Math.max(contextLength, Math.min(DEFAULT_BUFFER_TOKENS, fitting));
  const most = Math.floor(MAX_BUFFER_BYTES / (4 * dIn));
  if (tokens >= contextLength && tokens <= most) return tokens;
  throw new AntipodeError(
    'usage',
    `buffer: got ${tokens} tokens, expected ${contextLength} (one row) to ${most} (16 GiB)`,
  );
}

/**
 * Nothing is computed before the first `next`.
 * @throws {AntipodeError} `usage` for lengths that do not fit the model or each other
 */
export function openActivationSource(options: ActivationSourceOptions): HarvestedSource {
  const { contextLength, model } = options;
  const { dModel, maxPositions } = model.config;
  if (contextLength > maxPositions) {
    throw new AntipodeError(
      'usage',
      `context: ${contextLength} tokens are too many (the model's context holds ${maxPositions})`,
    );
  }
  const bufferTokens = bufferTokensFor(dModel, contextLength, options.bufferTokens);
  return new CorpusActivations(options, bufferTokens);
}

/** Harvested, in the order of its rows; served in the order of `permutation`. */
interface Block {
  readonly start: RowPlace;
  readonly index: number;
  readonly activations: Float32Array;
  readonly permutation: Uint32Array;
}

const BEGINNING: StreamPosition = { epoch: 0, at: 0, part: 0, block: 0, row: 0 };

class CorpusActivations implements HarvestedSource {
  readonly dIn: number;
  readonly bufferBytes: number;
  readonly #options: ActivationSourceOptions;
  readonly #bufferTokens: number;
  /** Made at the first use and used for every block. */
  #buffer: Float32Array | undefined;
  /** Where the next block begins. */
  #next: RowPlace & { readonly block: number } = BEGINNING;
  #block: Block | undefined;
  /** Rows of the block that were served. */
  #served = 0;
  /** One block holds an epoch: the buffer holds it, in the order of epoch 0. */
  #holdsEpoch: { readonly rows: number } | undefined;
  #statistics: ActivationStatistics | undefined;
  #harvested = 0;

  constructor(options: ActivationSourceOptions, bufferTokens: number) {
    this.#options = options;
    this.#bufferTokens = bufferTokens;
    this.dIn = options.model.config.dModel;
    this.bufferBytes = 4 * this.dIn * bufferTokens;
  }

  get harvested(): number {
    return this.#harvested;
  }

  async next(rows: number): Promise<Float32Array> {
    const { dIn } = this;
    const result = new Float32Array(rows * dIn);
    for (let done = 0; done < rows; done++) {
      const { activations, permutation } = await this.#blockWithMore();
      const row = permutation[this.#served]!;
      result.set(activations.subarray(row * dIn, (row + 1) * dIn), done * dIn);
      this.#served += 1;
    }
    return result;
  }

  position(): StreamPosition {
    const isOver = !this.#block || this.#served === this.#block.permutation.length;
    if (isOver) return { ...this.#next, row: 0 };
    return { ...this.#block!.start, block: this.#block!.index, row: this.#served };
  }

  async seek(position: unknown): Promise<void> {
    const { row, ...place } = readPosition(position);
    this.#block = undefined;
    this.#next = place;
    this.#served = 0;
    if (row === 0) return;
    const { permutation } = await this.#blockWithMore();
    if (row > permutation.length) {
      throw new AntipodeError(
        'format',
        `position in the corpus: row ${row} of a block of ${permutation.length} (expected the same corpus and settings)`,
      );
    }
    this.#served = row;
  }

  async statistics(): Promise<ActivationStatistics> {
    if (this.#statistics) return this.#statistics;
    const before = this.position();
    await this.seek(BEGINNING);
    const { activations } = await this.#blockWithMore();
    this.#statistics = statisticsOf({
      data: activations,
      rows: activations.length / this.dIn,
      cols: this.dIn,
    });
    if (before.block === 0) this.#served = before.row;
    else await this.seek(before);
    return this.#statistics;
  }

  async close(): Promise<void> {
    this.#block = undefined;
    this.#buffer = undefined;
    this.#holdsEpoch = undefined;
  }

  async #blockWithMore(): Promise<Block> {
    if (this.#block && this.#served < this.#block.permutation.length) return this.#block;
    const { block: index, ...start } = this.#next;
    const { activations, end } = await this.#harvest(start, index);
    const permutation = shuffledRows(activations.length / this.dIn, this.#options.seed, index);
    this.#block = { start, index, activations, permutation };
    this.#next = { ...end, block: index + 1 };
    this.#served = 0;
    return this.#block;
  }

  async #harvest(start: RowPlace, index: number): Promise<{ activations: Float32Array; end: RowPlace }> {
    // Every epoch so far took one block, as all will: the first one's order serves them all.
    const isWhole = index === start.epoch && start.at === 0 && start.part === 0;
    const afterEpoch = { epoch: start.epoch + 1, at: 0, part: 0 };
    if (isWhole && this.#holdsEpoch) {
      const { rows } = this.#holdsEpoch;
      return { activations: this.#room().subarray(0, rows * this.dIn), end: afterEpoch };
    }
    const walk = new RowWalk(this.#walkOptions(), isWhole ? { ...start, epoch: 0 } : start);
    const rows: WalkedRow[] = [];
    let count = 0;
    let row = await walk.peek();
    for (; row && count + row.columns.length <= this.#bufferTokens; row = await walk.peek()) {
      throwIfInterrupted(this.#options.signal);
      rows.push(row);
      count += row.columns.length;
      walk.advance();
    }
    if (count === 0) {
      throw new AntipodeError('format', 'corpus: no document has a token to train on', {
        hint: 'its documents may be too short, or hold nothing but special tokens',
      });
    }
    const activations = this.#room().subarray(0, count * this.dIn);
    const { where = (document) => `document ${document}` } = this.#options;
    this.#holdsEpoch = undefined;
    await harvestRows({ ...this.#options, where, rows, into: activations });
    this.#harvested += count;
    if (isWhole && !row) this.#holdsEpoch = { rows: count };
    return { activations, end: row ? walk.place : afterEpoch };
  }

  #walkOptions(): ConstructorParameters<typeof RowWalk>[0] {
    const {
      contextLength,
      corpus,
      includesSpecial = false,
      overflow = 'split',
      seed,
      tokenizer,
    } = this.#options;
    const { documents = Uint32Array.from({ length: corpus.documents }, (_, index) => index) } = this.#options;
    return { contextLength, corpus, documents, includesSpecial, overflow, seed, tokenizer };
  }

  #room(): Float32Array {
    try {
      this.#buffer ??= new Float32Array(this.#bufferTokens * this.dIn);
    } catch (error) {
      throw new AntipodeError(
        'resource',
        `buffer: not enough memory for ${this.#bufferTokens} activations (needs ${Math.ceil(this.bufferBytes / 2 ** 20)} MiB)`,
        { hint: 'hold fewer at a time with --buffer', cause: error },
      );
    }
    return this.#buffer;
  }
}

function shuffledRows(rows: number, seed: number, block: number): Uint32Array {
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  const rng = createRng(seed, `activations of block ${block}`);
  for (let last = rows - 1; last > 0; last--) {
    const other = rng.integer(last + 1);
    const moved = order[last]!;
    order[last] = order[other]!;
    order[other] = moved;
  }
  return order;
}
