/**
 * @file JSON Lines (jsonlines.org), plain or gzip, read one line at a time: `\n` or `\r\n`, blank lines skipped, a byte order mark at
 * the start ignored, UTF-8 only. Memory use is one line. Big JSON arrays: `json_array.ts`.
 */

import { AntipodeError } from '../../errors.ts';
import { fileChunks, gunzipped } from './gzip.ts';
import { joinPieces, parseJson, withoutByteOrderMark } from './json_text.ts';

/** Neuronpedia's feature rows, the longest known, reach a few MB. A line of hostile JSON can cost about ten times its length in memory. */
export const MAX_LINE_BYTES: number = 16 * 2 ** 20;

/** Fifty times the largest known export once unpacked; without an end, a small gzip file could keep a reader busy for hours. */
export const MAX_UNPACKED_BYTES: number = 16 * 2 ** 30;

export interface JsonLinesOptions {
  /** For messages, e.g. `batch-3.jsonl.gz`. */
  readonly name: string;
  readonly maxLineBytes?: number;
  readonly maxBytes?: number;
}

export interface JsonLine {
  /** From 1, blank lines counted, as editors do. */
  readonly line: number;
  readonly value: unknown;
}

/**
 * @param input bytes in any pieces; gzip is recognised by its first bytes, several members in a row included
 * @throws {AntipodeError} `format`, as `batch-3.jsonl.gz:17: not JSON (…)`: a malformed, too long or non-UTF-8 line, gzip that is cut.
 * Errors of the input pass through unchanged.
 */
export async function* readJsonLines(
  input: AsyncIterable<Uint8Array>,
  options: JsonLinesOptions,
): AsyncIterable<JsonLine> {
  let line = 0;
  for await (const bytes of linesOf(gunzipped(input, options.name), options)) {
    line += 1;
    const text = line === 1 ? withoutByteOrderMark(bytes) : bytes;
    if (isBlank(text)) continue;
    yield { line, value: parseJson(text, `${options.name}:${line}`) };
  }
}

/** The lines of a file; see `readJsonLines`. @throws {AntipodeError} also `missing` where there is no such file */
export function readJsonLinesFile(path: string, options: JsonLinesOptions): AsyncIterable<JsonLine> {
  return readJsonLines(fileChunks(path), options);
}

async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  options: JsonLinesOptions,
): AsyncIterable<Uint8Array> {
  const { name, maxLineBytes = MAX_LINE_BYTES, maxBytes = MAX_UNPACKED_BYTES } = options;
  let pieces: Uint8Array[] = [];
  let length = 0;
  let total = 0;
  let line = 1;
  const append = (piece: Uint8Array): void => {
    length += piece.byteLength;
    if (length > maxLineBytes) {
      throw new AntipodeError('format', `${name}:${line}: the line is longer than ${maxLineBytes} bytes`);
    }
    if (piece.byteLength > 0) pieces.push(piece);
  };
  for await (const chunk of chunks) {
    total += chunk.byteLength;
    if (total > maxBytes)
      throw new AntipodeError('format', `${name}: holds more than ${maxBytes} bytes of text`);
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      append(chunk.subarray(start, end));
      yield joinPieces(pieces, length);
      pieces = [];
      length = 0;
      line += 1;
      start = end + 1;
    }
    append(chunk.subarray(start));
  }
  if (length > 0) yield joinPieces(pieces, length);
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);
}
