/**
 * @file One big JSON array, plain or gzip, read element by element: the older Neuronpedia exports are a single array of many MB.
 * Memory use is one element. The grammar inside an element is `JSON.parse`'s business; this file only finds where elements end.
 */

import { AntipodeError } from '../../errors.ts';
import { fileChunks, gunzipped } from './gzip.ts';
import { joinPieces, parseJson } from './json_text.ts';
import { type JsonLinesOptions, MAX_LINE_BYTES, MAX_UNPACKED_BYTES } from './jsonl.ts';

export interface JsonElement {
  /** Position in the array, from 0. */
  readonly index: number;
  /** Line on which the element begins, from 1. */
  readonly line: number;
  readonly value: unknown;
}

const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * @param options `maxLineBytes` bounds one element here
 * @throws {AntipodeError} `format`, as `labels.json:3: element 2: not JSON (…)`: anything but one array, an element that is malformed
 * or too long, text after the array, a file that is cut. Errors of the input pass through unchanged.
 */
export async function* readJsonArray(
  input: AsyncIterable<Uint8Array>,
  options: JsonLinesOptions,
): AsyncIterable<JsonElement> {
  const splitter = new ArraySplitter(options);
  for await (const chunk of gunzipped(input, options.name)) yield* splitter.push(chunk);
  splitter.end();
}

/** The elements of a file; see `readJsonArray`. @throws {AntipodeError} also `missing` where there is no such file */
export function readJsonArrayFile(path: string, options: JsonLinesOptions): AsyncIterable<JsonElement> {
  return readJsonArray(fileChunks(path), options);
}

/** `ready`: where an element or the first `]` may stand. */
type State = 'start' | 'ready' | 'element' | 'between' | 'done';

class ArraySplitter {
  readonly #options: JsonLinesOptions;
  readonly #limit: number;
  #state: State = 'start';
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #index = 0;
  #line = 1;
  #elementLine = 1;
  #total = 0;
  #pieces: Uint8Array[] = [];
  #length = 0;
  #isAfterComma = false;

  constructor(options: JsonLinesOptions) {
    this.#options = options;
    this.#limit = options.maxLineBytes ?? MAX_LINE_BYTES;
  }

  *push(chunk: Uint8Array): Iterable<JsonElement> {
    const position = this.#total;
    this.#total += chunk.byteLength;
    const maxBytes = this.#options.maxBytes ?? MAX_UNPACKED_BYTES;
    if (this.#total > maxBytes) {
      throw new AntipodeError('format', `${this.#options.name}: holds more than ${maxBytes} bytes of text`);
    }
    let elementStart = 0;
    for (let i = 0; i < chunk.byteLength; i++) {
      const byte = chunk[i]!;
      if (byte === 0x0a) this.#line += 1;
      if (this.#state === 'element') {
        if (!this.#endsElement(byte)) continue;
        yield this.#finish(chunk.subarray(elementStart, i));
        this.#state = 'between';
      }
      if (SPACES.has(byte) || this.#isMark(byte, position + i)) continue;
      if (this.#step(byte)) {
        elementStart = i;
        this.#endsElement(byte);
      }
    }
    if (this.#state === 'element') this.#keep(chunk.subarray(elementStart));
  }

  end(): void {
    if (this.#state === 'start') throw this.#failure('empty, expected a JSON array');
    if (this.#state !== 'done') throw this.#failure('the JSON array has no end: the file may be cut');
  }

  /** Outside elements. True where `byte` is the first of an element. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case 'start':
        if (byte !== 0x5b) throw this.#failure('does not begin with [, expected a JSON array');
        this.#state = 'ready';
        return false;
      case 'ready':
        if (byte === 0x5d && !this.#isAfterComma) {
          this.#state = 'done';
          return false;
        }
        this.#state = 'element';
        this.#elementLine = this.#line;
        if (byte === 0x2c || byte === 0x5d)
          throw this.#failure(`element ${this.#index}: nothing stands there`);
        return true;
      case 'between':
        if (byte === 0x5d) this.#state = 'done';
        else if (byte === 0x2c) {
          this.#state = 'ready';
          this.#isAfterComma = true;
        } else throw this.#failure(`expected a comma or ] after element ${this.#index - 1}`);
        return false;
      default:
        throw this.#failure('something follows the JSON array');
    }
  }

  /** Inside an element: true at the comma or bracket behind it. */
  #endsElement(byte: number): boolean {
    if (this.#isInString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === 0x5c) this.#isEscaped = true;
      else if (byte === 0x22) this.#isInString = false;
      return false;
    }
    if (byte === 0x22) this.#isInString = true;
    else if (byte === 0x7b || byte === 0x5b) this.#depth += 1;
    else if (this.#depth === 0) return byte === 0x2c || byte === 0x5d;
    else if (byte === 0x7d || byte === 0x5d) this.#depth -= 1;
    return false;
  }

  #keep(piece: Uint8Array): void {
    this.#length += piece.byteLength;
    if (this.#length > this.#limit) {
      throw new AntipodeError(
        'format',
        `${this.#where()}: element ${this.#index}: longer than ${this.#limit} bytes`,
      );
    }
    this.#pieces.push(piece);
  }

  #finish(last: Uint8Array): JsonElement {
    this.#keep(last);
    const index = this.#index;
    const bytes = joinPieces(this.#pieces, this.#length);
    const value = parseJson(bytes, `${this.#where()}: element ${index}`);
    this.#index += 1;
    this.#pieces = [];
    this.#length = 0;
    return { index, line: this.#elementLine, value };
  }

  #isMark(byte: number, position: number): boolean {
    return this.#state === 'start' && byte === [0xef, 0xbb, 0xbf][position];
  }

  #where(): string {
    return `${this.#options.name}:${this.#elementLine}`;
  }

  #failure(problem: string): AntipodeError {
    return new AntipodeError('format', `${this.#options.name}:${this.#line}: ${problem}`);
  }
}
