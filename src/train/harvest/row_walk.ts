/** @file Rows of tokens without end: the documents shuffled anew in every epoch, and a place to go on from that is three numbers. */

import type { Corpus } from '../corpus/corpus.ts';
import {
  isCounted,
  type RowOptions,
  rowsOfText,
  shuffledDocuments,
  type TokenRow,
} from '../corpus/token_rows.ts';

/** Of the next row. */
export interface RowPlace {
  readonly epoch: number;
  /** Into the epoch's order of documents. */
  readonly at: number;
  /** Rows of that document that are done. */
  readonly part: number;
}

export interface WalkedRow extends TokenRow {
  /** Columns whose activations count, ascending; at least one. */
  readonly columns: readonly number[];
}

export interface RowWalkOptions extends RowOptions {
  readonly corpus: Corpus;
  readonly documents: Uint32Array;
  readonly seed: number;
  /** Special tokens and the first of each row count as well. */
  readonly includesSpecial: boolean;
}

export class RowWalk {
  readonly #options: RowWalkOptions;
  #place: RowPlace;
  #order: { readonly epoch: number; readonly documents: Uint32Array } | undefined;
  #text: { readonly document: number; readonly rows: readonly Int32Array[] } | undefined;

  constructor(options: RowWalkOptions, place: RowPlace) {
    this.#options = options;
    this.#place = place;
  }

  /** Where the row that `peek` shows stands: behind the last one of an epoch, `at` is the number of documents. */
  get place(): RowPlace {
    return this.#place;
  }

  /** The next row that has something to count; undefined at the end of the epoch. Asking again gives the same. */
  async peek(): Promise<WalkedRow | undefined> {
    const { documents } = this.#options;
    for (;;) {
      const { at, epoch, part } = this.#place;
      if (at >= documents.length) return undefined;
      const document = this.#orderOf(epoch)[at]!;
      const tokens = (await this.#rowsOf(document))[part];
      if (!tokens) {
        this.#place = { epoch, at: at + 1, part: 0 };
        continue;
      }
      const columns = this.#columnsOf(tokens);
      if (columns.length > 0) return { document, part, tokens, columns };
      this.#place = { epoch, at, part: part + 1 };
    }
  }

  /** Goes past the row that `peek` shows. */
  advance(): void {
    this.#place = { ...this.#place, part: this.#place.part + 1 };
  }

  nextEpoch(): void {
    this.#place = { epoch: this.#place.epoch + 1, at: 0, part: 0 };
  }

  #orderOf(epoch: number): Uint32Array {
    const { documents, seed } = this.#options;
    if (this.#order?.epoch !== epoch) {
      this.#order = { epoch, documents: shuffledDocuments(documents, seed, epoch) };
    }
    return this.#order.documents;
  }

  async #rowsOf(document: number): Promise<readonly Int32Array[]> {
    if (this.#text?.document !== document) {
      const rows = rowsOfText(await this.#options.corpus.read(document), this.#options);
      this.#text = { document, rows };
    }
    return this.#text.rows;
  }

  #columnsOf(tokens: Int32Array): number[] {
    const { includesSpecial, tokenizer } = this.#options;
    const columns = Array.from(tokens, (_, column) => column);
    return includesSpecial ? columns : columns.filter((column) => isCounted(tokens, column, tokenizer));
  }
}
