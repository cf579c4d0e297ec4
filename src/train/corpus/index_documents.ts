/**
 * @file One pass over a corpus file: where each document stands, the hash of all bytes, and a sentence for the first line that is not what it has to be.
 * Memory is one line and 16 bytes per document.
 */

import { createHash } from 'node:crypto';
import { AntipodeError, throwIfInterrupted } from '../../errors.ts';
import { MAX_LINE_BYTES } from '../../formats/json/jsonl.ts';
import { type DocumentForm, decodeDocument, fieldOf, MAX_DOCUMENT_BYTES } from './document_text.ts';
import { type Line, LineScanner } from './line_scanner.ts';
import type { CorpusFile } from './spool.ts';

/** An index of 1 GiB. */
const MAX_DOCUMENTS = 2 ** 26;

const CHUNK_BYTES = 2 ** 20;

/** Where documents stand: 16 bytes for each. */
export class DocumentIndex {
  length = 0;
  #offsets = new Float64Array(1024);
  #lengths = new Uint32Array(1024);
  #lines = new Uint32Array(1024);

  /** @throws {AntipodeError} `resource` beyond `MAX_DOCUMENTS` */
  push(offset: number, byteLength: number, line: number, name: string): void {
    if (this.length === MAX_DOCUMENTS) {
      throw new AntipodeError('resource', `${name}: holds more than ${MAX_DOCUMENTS} documents`, {
        hint: 'cut the file into parts',
      });
    }
    if (this.length === this.#offsets.length) this.#grow();
    this.#offsets[this.length] = offset;
    this.#lengths[this.length] = byteLength;
    this.#lines[this.length] = line;
    this.length += 1;
  }

  offset(document: number): number {
    return this.#offsets[document]!;
  }

  byteLength(document: number): number {
    return this.#lengths[document]!;
  }

  /** From 1. */
  line(document: number): number {
    return this.#lines[document]!;
  }

  #grow(): void {
    const size = 2 * this.#offsets.length;
    const [offsets, lengths, lines] = [this.#offsets, this.#lengths, this.#lines];
    this.#offsets = new Float64Array(size);
    this.#lengths = new Uint32Array(size);
    this.#lines = new Uint32Array(size);
    this.#offsets.set(offsets);
    this.#lengths.set(lengths);
    this.#lines.set(lines);
  }
}

export interface IndexRequest {
  readonly file: CorpusFile;
  readonly form: DocumentForm;
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
}

export interface IndexResult {
  readonly index: DocumentIndex;
  readonly notes: readonly string[];
  /** Hexadecimal. */
  readonly sha256: string;
  readonly byteLength: number;
}

/** @throws {AntipodeError} `format` for the first bad line and for a file without documents; `resource`, `interrupted` */
export async function indexDocuments({ file, form, name, signal }: IndexRequest): Promise<IndexResult> {
  const hash = createHash('sha256');
  const scanner = new LineScanner(form.format === 'jsonl' ? MAX_LINE_BYTES : MAX_DOCUMENT_BYTES);
  const collector =
    form.format === 'jsonl' ? new JsonCollector(name, form.field) : createTextCollector(name, form);
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let offset = 0; offset < file.byteLength; offset += CHUNK_BYTES) {
    throwIfInterrupted(signal);
    const chunk = buffer.subarray(0, Math.min(CHUNK_BYTES, file.byteLength - offset));
    await file.readInto(chunk, offset, name);
    hash.update(chunk);
    for (const line of scanner.push(chunk)) collector.add(line);
  }
  const last = scanner.end();
  if (last) collector.add(last);
  collector.end();
  const { index, cut, empty } = collector;
  if (index.length === 0) {
    throw new AntipodeError(
      'format',
      `${name}: holds no text (${file.byteLength} bytes, expected at least one document)`,
      { hint: 'give a file with one text per line' },
    );
  }
  return { index, notes: notesOn(cut, empty), sha256: hash.digest('hex'), byteLength: file.byteLength };
}

function notesOn(cut: number, empty: number): string[] {
  const documents = (count: number): string => (count === 1 ? '1 document is' : `${count} documents are`);
  return [
    ...(cut > 0 ? [`${documents(cut)} longer than ${MAX_DOCUMENT_BYTES} bytes and read up to there`] : []),
    ...(empty > 0 ? [`${documents(empty)} empty and passed over`] : []),
  ];
}

interface Collector {
  readonly index: DocumentIndex;
  /** Documents of which only the beginning is read. */
  readonly cut: number;
  readonly empty: number;
  add(line: Line): void;
  end(): void;
}

function createTextCollector(
  name: string,
  { separator }: { readonly separator: 'line' | 'paragraph' },
): Collector {
  return separator === 'line' ? new LineCollector(name) : new ParagraphCollector(name);
}

class LineCollector implements Collector {
  readonly index = new DocumentIndex();
  readonly empty = 0;
  readonly #name: string;
  cut = 0;

  constructor(name: string) {
    this.#name = name;
  }

  add({ byteLength, bytes, line, offset }: Line): void {
    if (decodeDocument(bytes, `${this.#name}:${line}`).trim() === '') return;
    if (byteLength > bytes.byteLength) this.cut += 1;
    this.index.push(offset, bytes.byteLength, line, this.#name);
  }

  end(): void {}
}

class ParagraphCollector implements Collector {
  readonly index = new DocumentIndex();
  readonly empty = 0;
  readonly #name: string;
  #open: { readonly offset: number; readonly line: number; end: number; isFull: boolean } | undefined;
  cut = 0;

  constructor(name: string) {
    this.#name = name;
  }

  add({ byteLength, bytes, line, offset }: Line): void {
    if (decodeDocument(bytes, `${this.#name}:${line}`).trim() === '') {
      this.end();
      return;
    }
    this.#open ??= { offset, line, end: offset, isFull: false };
    const open = this.#open;
    if (open.isFull) return;
    // Cut between lines, or within the first one: never inside a character.
    const end = offset + bytes.byteLength;
    const fits = byteLength === bytes.byteLength && end - open.offset <= MAX_DOCUMENT_BYTES;
    if (fits || open.end === open.offset) open.end = end;
    if (fits) return;
    this.cut += 1;
    open.isFull = true;
  }

  end(): void {
    if (this.#open) {
      const { end, line, offset } = this.#open;
      this.index.push(offset, end - offset, line, this.#name);
    }
    this.#open = undefined;
  }
}

class JsonCollector implements Collector {
  readonly index = new DocumentIndex();
  readonly #name: string;
  readonly #field: string;
  cut = 0;
  empty = 0;

  constructor(name: string, field: string) {
    this.#name = name;
    this.#field = field;
  }

  add({ byteLength, bytes, line, offset }: Line): void {
    const where = `${this.#name}:${line}`;
    if (byteLength > bytes.byteLength) {
      throw new AntipodeError('format', `${where}: the line is longer than ${MAX_LINE_BYTES} bytes`, {
        hint: 'give each text a line of its own, in several lines where it is that long',
      });
    }
    const raw = decodeDocument(bytes, where);
    if (raw.trim() === '') return;
    const text = fieldOf(raw, this.#field, where);
    if (text.trim() === '') {
      this.empty += 1;
      return;
    }
    if (text.length > MAX_DOCUMENT_BYTES) this.cut += 1;
    this.index.push(offset, byteLength, line, this.#name);
  }

  end(): void {}
}
