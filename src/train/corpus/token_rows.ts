/**
 * @file Documents as rows of token ids, each short enough for one forward pass: in a given order, or shuffled by seed and epoch. A text that is longer
 * than a row goes on in further ones, each with the beginning-of-text token in front where the tokenizer adds one. Leaves out packing several
 * documents into one row: a token would see what does not belong to it.
 */

import { AntipodeError } from '../../errors.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import { createRng } from '../../tensor/rng.ts';
import type { Corpus } from './corpus.ts';

export interface TokenRow {
  /** Of the corpus. */
  readonly document: number;
  /** Place of this row among the rows of its document, from 0. */
  readonly part: number;
  /** Ids; at most `contextLength`. */
  readonly tokens: Int32Array;
}

export interface RowOptions {
  readonly tokenizer: Tokenizer;
  /** Tokens of a row at most, the beginning-of-text token counted; at least 2. */
  readonly contextLength: number;
  /** What becomes of a text that is longer than a row: `split` (the default) into further rows, or `cut` behind the first. */
  readonly overflow?: 'split' | 'cut';
}

export interface TokenRowsOptions extends RowOptions {
  readonly corpus: Corpus;
  /** Which documents, in which order; all from the first to the last where left out. */
  readonly documents?: Iterable<number>;
}

/** Rows of all the documents asked for, one document after the other. A document without tokens of its own has none. */
export async function* tokenRows(options: TokenRowsOptions): AsyncIterable<TokenRow> {
  const { corpus, documents = range(corpus.documents) } = options;
  for (const document of documents) {
    const rows = rowsOfText(await corpus.read(document), options);
    for (const [part, tokens] of rows.entries()) yield { document, part, tokens };
  }
}

/**
 * The rows of one text; at least one token of the text in each.
 * @throws {AntipodeError} `usage` for a context without room for text, and as the tokenizer
 */
export function rowsOfText(
  text: string,
  { contextLength, overflow = 'split', tokenizer }: RowOptions,
): Int32Array[] {
  const tokens = tokenizer.encode(text);
  const { bosId } = tokenizer;
  const lead = bosId !== undefined && tokens[0] === bosId ? [bosId] : [];
  const room = contextLength - lead.length;
  if (!(room >= 1 && contextLength >= 2)) {
    throw new AntipodeError('usage', `context: a row needs at least 2 tokens (got ${contextLength})`);
  }
  const own = tokens.subarray(lead.length);
  const rows: Int32Array[] = [];
  const end = overflow === 'cut' ? Math.min(own.length, room) : own.length;
  for (let from = 0; from < end; from += room) {
    rows.push(Int32Array.from([...lead, ...own.subarray(from, Math.min(from + room, end))]));
  }
  return rows;
}

/**
 * Which tokens of a row say something: neither special ones (beginning, end, padding) nor the first of the row, which models use as a place to
 * attend to where there is nothing else, with activations many times as long as those of other tokens (Xiao et al. 2024, arXiv 2309.17453).
 */
export function isCounted(
  tokens: ArrayLike<number>,
  column: number,
  tokenizer: Pick<Tokenizer, 'isSpecial'>,
): boolean {
  return column > 0 && !tokenizer.isSpecial(tokens[column]!);
}

/** A shuffled copy: Fisher and Yates, the same for the same seed, epoch and documents. */
export function shuffledDocuments(documents: ArrayLike<number>, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from(documents);
  const rng = createRng(seed, `documents of epoch ${epoch}`);
  for (let last = order.length - 1; last > 0; last--) {
    const other = rng.integer(last + 1);
    const moved = order[last]!;
    order[last] = order[other]!;
    order[other] = moved;
  }
  return order;
}

export interface HeldOutSplit {
  /** Ascending. */
  readonly training: Uint32Array;
  /** Ascending. */
  readonly heldOut: Uint32Array;
}

/**
 * Sets a share of the documents aside, drawn by the seed: at least one for a share above 0.
 * @param share in [0, 1)
 * @throws {AntipodeError} `usage` where nothing would be left on one of the sides
 */
export function splitHeldOut(documents: number, share: number, seed: number): HeldOutSplit {
  const wanted = share > 0 ? Math.max(1, Math.round(share * documents)) : 0;
  if (wanted >= documents) {
    throw new AntipodeError(
      'usage',
      `corpus: ${documents === 1 ? '1 document' : `${documents} documents`} cannot spare ${wanted} to be held out (a share of ${share})`,
      { hint: 'give one document per line, separate them by blank lines, or hold none out' },
    );
  }
  const drawn = shuffledDocuments(Uint32Array.from(range(documents)), seed, -1);
  return { heldOut: drawn.slice(0, wanted).sort(), training: drawn.slice(wanted).sort() };
}

function* range(count: number): Iterable<number> {
  for (let index = 0; index < count; index++) yield index;
}
