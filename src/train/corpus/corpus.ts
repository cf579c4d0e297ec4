/**
 * @file A body of text as documents in a row, any of which can be read at any time: one index over the file, then reads by offset. Plain text is
 * one document per line, or per block of lines between blank ones; JSON Lines (jsonlines.org) is one per line, in a field. gzip is unpacked
 * once into a temporary file. Leaves out what a tokenizer makes of the texts: `token_rows.ts`.
 */

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { AntipodeError, throwIfInterrupted } from '../../errors.ts';
import { fileChunks, gunzipped } from '../../formats/json/gzip.ts';
import { openRegularFile } from '../../formats/source.ts';
import { type DocumentForm, decodeDocument, textOfDocument } from './document_text.ts';
import { type DocumentIndex, indexDocuments } from './index_documents.ts';
import { type CorpusFile, corpusFileOf, spool } from './spool.ts';

export interface Corpus {
  readonly documents: number;
  /** Of document `index`, from 0: never blank, without the line break at its end. @throws {AntipodeError} `resource` where the file changed */
  read(index: number): Promise<string>;
  /** The same for the same texts, and only for those: `sha256:…` of the unpacked bytes. */
  readonly sha256OrIdentity: string;
  close(): Promise<void>;
}

/** A corpus in a file: where its documents stand, and what was passed over. */
export interface FileCorpus extends Corpus {
  /** Of the file, without its folder; for messages. */
  readonly name: string;
  /** Bytes, unpacked. */
  readonly byteLength: number;
  /** What was left out or cut: whole sentences, few. */
  readonly notes: readonly string[];
  /** `stories.txt:17`: the line on which the document begins, from 1. */
  where(index: number): string;
}

export type CorpusFormat = 'text' | 'jsonl';

export interface OpenCorpusOptions {
  /** Where left out: `jsonl` for names that end in `.jsonl` or `.ndjson` (before `.gz`), else `text`. */
  readonly format?: CorpusFormat;
  /** Of a JSON line: where the text is. Default `text`. */
  readonly field?: string;
  /** Of plain text: documents are separated by line breaks (`line`, the default) or by blank lines (`paragraph`). */
  readonly separator?: 'line' | 'paragraph';
  /** For what has to be unpacked first; default the system's folder for temporaries. */
  readonly temporaryFolder?: string;
  readonly signal?: AbortSignal;
}

/**
 * Reads the file once from end to end: every line is looked at here, so that a broken one is found before any work is done with the others.
 * Memory: 16 bytes per document.
 * @throws {AntipodeError} `missing`, `format` (a folder, nothing in it, not UTF-8, binary, a JSON line that is broken or lacks the field), `resource`
 * (too many documents, no room for unpacking, changed while it was read), `interrupted`
 */
export async function openCorpus(path: string, options: OpenCorpusOptions = {}): Promise<FileCorpus> {
  const name = basename(path);
  const form = formOf(name, options);
  const handle = await openRegularFile(path);
  const head = Buffer.alloc(2);
  const { bytesRead } = await handle.read(head, 0, 2, 0);
  if (bytesRead === 2 && head[0] === 0x1f && head[1] === 0x8b) {
    await handle.close();
    return open(name, form, options, await spool(gunzipped(fileChunks(path), name), { ...options, name }));
  }
  return open(name, form, options, await corpusFileOf(handle));
}

/**
 * The same for bytes that come once, as those of stdin: they are kept in a temporary file.
 * @param name for messages
 * @throws {AntipodeError} as `openCorpus`
 */
export async function openCorpusStream(
  input: AsyncIterable<Uint8Array>,
  name: string,
  options: OpenCorpusOptions = {},
): Promise<FileCorpus> {
  const file = await spool(gunzipped(input, name), { ...options, name });
  return open(name, formOf(name, options), options, file);
}

/** A corpus of texts in memory, in this order; blank ones stay. */
export function memoryCorpus(texts: readonly string[]): Corpus {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${JSON.stringify(text)}\n`);
  return {
    documents: texts.length,
    sha256OrIdentity: `sha256:${hash.digest('hex')}`,
    async read(index) {
      const text = texts[index];
      if (text === undefined) throw noSuchDocument('corpus', index, texts.length);
      return text;
    },
    async close() {},
  };
}

function formOf(name: string, { format, field, separator }: OpenCorpusOptions): DocumentForm {
  const isJson = (format ?? (/\.(jsonl|ndjson)(\.gz)?$/i.test(name) ? 'jsonl' : 'text')) === 'jsonl';
  if (isJson && separator === 'paragraph') {
    throw new AntipodeError(
      'usage',
      `${name}: JSON lines have no paragraphs (expected one document per line)`,
      { hint: 'leave --paragraphs out' },
    );
  }
  if (!isJson && field !== undefined) {
    throw new AntipodeError('usage', `${name}: is read as plain text, which has no field ${field}`, {
      hint: 'name the file .jsonl, or leave the field out',
    });
  }
  if (isJson) return { format: 'jsonl', field: field ?? 'text' };
  return { format: 'text', separator: separator ?? 'line' };
}

async function open(
  name: string,
  form: DocumentForm,
  { signal }: OpenCorpusOptions,
  file: CorpusFile,
): Promise<FileCorpus> {
  try {
    const { index, notes, sha256, byteLength } = await indexDocuments({ file, form, name, signal });
    throwIfInterrupted(signal);
    await file.checkUnchanged(name);
    return corpusOver({ file, form, name, index, notes, sha256, byteLength });
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface Indexed {
  readonly file: CorpusFile;
  readonly form: DocumentForm;
  readonly name: string;
  readonly index: DocumentIndex;
  readonly notes: readonly string[];
  readonly sha256: string;
  readonly byteLength: number;
}

function corpusOver({ file, form, name, index, notes, sha256, byteLength }: Indexed): FileCorpus {
  const check = (document: number): void => {
    if (Number.isInteger(document) && document >= 0 && document < index.length) return;
    throw noSuchDocument(name, document, index.length);
  };
  const where = (document: number): string => {
    check(document);
    return `${name}:${index.line(document)}`;
  };
  return {
    name,
    documents: index.length,
    sha256OrIdentity: `sha256:${sha256}`,
    byteLength,
    notes,
    where,
    async read(document) {
      check(document);
      await file.checkUnchanged(name);
      const bytes = new Uint8Array(index.byteLength(document));
      await file.readInto(bytes, index.offset(document), name);
      return textOfDocument(decodeDocument(bytes, where(document)), form, where(document));
    },
    close: () => file.close(),
  };
}

function noSuchDocument(name: string, index: number, documents: number): AntipodeError {
  return new AntipodeError('usage', `${name}: there is no document ${index} (it has ${documents}, from 0)`);
}
