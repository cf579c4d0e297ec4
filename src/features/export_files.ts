/**
 * @file Which files of the named paths are read, and the JSON values in them: JSON Lines, one JSON array, or one JSON object, each plain
 * or gzip, told apart by their content. Leaves out what the values mean (`export_record.ts`).
 */

import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { AntipodeError, systemErrorCode } from '../errors.ts';
import { recogniseFile } from '../formats/file_kind.ts';
import { fileChunks, gunzipped } from '../formats/json/gzip.ts';
import { readJsonArray } from '../formats/json/json_array.ts';
import { joinPieces, parseJson, withoutByteOrderMark } from '../formats/json/json_text.ts';
import { MAX_LINE_BYTES, readJsonLines } from '../formats/json/jsonl.ts';
import { memorySource } from '../formats/source.ts';

export interface ExportFile {
  /** Absolute; `-` is stdin. */
  readonly path: string;
  /** For messages and manifests: below the folder that was named, never absolute. */
  readonly name: string;
}

export interface FoundFiles {
  readonly files: readonly ExportFile[];
  /** Folders and files left out on purpose, by name. */
  readonly ignored: readonly string[];
}

const EXPORT_NAME = /\.(?:jsonl|ndjson|json)(?:\.gz)?$/i;
const LINES_NAME = /\.(?:jsonl|ndjson)(?:\.gz)?$/i;

/** Gigabytes of example texts, and tables about the export itself: nothing of a feature that is kept here. */
const IGNORED_FOLDERS: ReadonlySet<string> = new Set(['activations']);
const IGNORED_FILES = /^(?:release|model|sourceset|source|manifest)\.jsonl?(?:\.gz)?$/i;

/** A 1M-wide source has about a thousand batches of each kind; whole models have 26 times that. */
const MAX_FILES = 200_000;
const MAX_FOLDER_DEPTH = 8;

/** One JSON object is parsed whole, at up to ten times its size in memory: label lists of 65k features are near 50 MB. */
const MAX_DOCUMENT_BYTES = 64 * 2 ** 20;

/**
 * Files in the order of the paths; inside a folder by name, numbers in names compared as numbers.
 * @throws {AntipodeError} `missing` for a path that is not there; `usage` for a folder without export files
 */
export async function findExportFiles(paths: readonly string[], cwd: string): Promise<FoundFiles> {
  const files: ExportFile[] = [];
  const ignored: string[] = [];
  for (const given of paths) {
    if (given === '-') {
      files.push({ path: '-', name: 'stdin' });
      continue;
    }
    const path = resolve(cwd, given);
    if ((await kindOf(path, given)) === 'file') {
      files.push({ path, name: basename(path) });
      continue;
    }
    const before = files.length;
    await walk({ path, name: basename(path) }, 0, { files, ignored });
    if (files.length > before) continue;
    throw new AntipodeError(
      'usage',
      `${given}: no export files in this folder (expected .jsonl.gz, .jsonl or .json)`,
      {
        hint: 'name the folder that holds the batches, or the file itself',
      },
    );
  }
  return { files, ignored };
}

async function kindOf(path: string, given: string): Promise<'file' | 'folder'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    throw new AntipodeError('missing', `${given}: no such file or folder`, {
      hint: 'name an export of Neuronpedia, or a file of its rows',
      cause: error,
    });
  }
}

async function walk(
  folder: ExportFile,
  depth: number,
  found: { files: ExportFile[]; ignored: string[] },
): Promise<void> {
  if (depth > MAX_FOLDER_DEPTH) return;
  const entries = await readdir(folder.path, { withFileTypes: true });
  entries.sort((left, right) => compareNames(left.name, right.name));
  for (const entry of entries) {
    const child = { path: join(folder.path, entry.name), name: `${folder.name}/${entry.name}` };
    if (entry.isDirectory()) {
      if (IGNORED_FOLDERS.has(entry.name)) found.ignored.push(`${child.name}/`);
      else if (!entry.name.startsWith('.')) await walk(child, depth + 1, found);
      continue;
    }
    if (!EXPORT_NAME.test(entry.name) || entry.name.startsWith('.')) continue;
    if (IGNORED_FILES.test(entry.name)) {
      found.ignored.push(child.name);
      continue;
    }
    // A link to a folder is not followed: it may lead in a circle.
    if (entry.isSymbolicLink() && !(await stat(child.path)).isFile()) continue;
    found.files.push(child);
    if (found.files.length > MAX_FILES) {
      throw new AntipodeError('usage', `${folder.name}: more than ${MAX_FILES} export files`);
    }
  }
}

const NUMERIC = new Intl.Collator('en', { numeric: true });

/** `batch-2` before `batch-10`; names that differ only in case keep one order. */
function compareNames(left: string, right: string): number {
  return NUMERIC.compare(left, right) || (left < right ? -1 : left > right ? 1 : 0);
}

/** Byte count and hash of what was read, complete once the reader has come to the end. */
export interface ReadFacts {
  readonly byteLength: number;
  readonly sha256: string;
}

export interface ExportValue {
  /** `batch-3.jsonl.gz:17`. */
  readonly where: string;
  readonly value: unknown;
}

/** An open export: its values once, then what was read. */
export interface ExportStream {
  readonly values: AsyncIterable<ExportValue>;
  facts(): ReadFacts;
}

/** @throws {AntipodeError} from `values`: `format` for text that is not JSON, damaged gzip, or more than the limits */
export function openExport(file: ExportFile, stdin: AsyncIterable<Uint8Array> | undefined): ExportStream {
  const hash = createHash('sha256');
  let byteLength = 0;
  async function* counted(input: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const chunk of input) {
      hash.update(chunk);
      byteLength += chunk.byteLength;
      yield chunk;
    }
  }
  if (file.path === '-' && !stdin) throw new AntipodeError('usage', 'stdin: cannot be read here');
  const input = file.path === '-' ? (stdin ?? []) : fileChunks(file.path);
  return {
    values: valuesOf(counted(input as AsyncIterable<Uint8Array>), file.name),
    facts: () => ({ byteLength, sha256: hash.copy().digest('hex') }),
  };
}

async function* valuesOf(input: AsyncIterable<Uint8Array>, name: string): AsyncIterable<ExportValue> {
  const text = gunzipped(input, name)[Symbol.asyncIterator]();
  try {
    const head = await readFirstLine(text);
    await refuseOtherFiles(head, name);
    const rest = again(head.pieces, text);
    if (head.firstByte === 0x5b) {
      for await (const { line, value } of readJsonArray(rest, { name }))
        yield { where: `${name}:${line}`, value };
    } else if (LINES_NAME.test(name) || head.isWholeValue) {
      for await (const { line, value } of readJsonLines(rest, { name }))
        yield { where: `${name}:${line}`, value };
    } else {
      yield { where: name, value: await readDocument(rest, name) };
    }
  } finally {
    await text.return?.();
  }
}

/** Error pages and git-lfs pointers are common in the place of an export, and deserve better than a JSON parser's words. */
async function refuseOtherFiles({ pieces, firstByte }: Head, name: string): Promise<void> {
  const [first] = pieces;
  if (!first || firstByte === 0x5b || firstByte === 0x7b) return;
  const found = await recogniseFile(memorySource(name, first));
  if (found.kind === 'refused' && first.byteLength > 0) throw found.error;
}

interface Head {
  readonly pieces: Uint8Array[];
  /** The first byte that is neither a blank nor a byte order mark. */
  readonly firstByte: number | undefined;
  /** The first line is a JSON value by itself: JSON Lines, then. */
  readonly isWholeValue: boolean;
}

async function readFirstLine(text: AsyncIterator<Uint8Array>): Promise<Head> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const next = await text.next();
    if (!next.done) {
      pieces.push(next.value);
      length += next.value.byteLength;
    }
    const isEnough = next.done || length > MAX_LINE_BYTES || next.value.includes(0x0a);
    if (!isEnough) continue;
    const bytes = withoutByteOrderMark(joinPieces(pieces, length));
    const start = bytes.findIndex((byte) => byte > 0x20);
    const end = bytes.indexOf(0x0a, Math.max(start, 0));
    // Blank lines may come first: the line that counts may not be here yet.
    if (!next.done && length <= MAX_LINE_BYTES && (start < 0 || end < 0)) continue;
    const line = bytes.subarray(Math.max(start, 0), end < 0 ? bytes.byteLength : end);
    const isWholeValue = start >= 0 && line.byteLength <= MAX_LINE_BYTES && isJson(line);
    return { pieces, firstByte: start < 0 ? undefined : bytes[start], isWholeValue };
  }
}

function isJson(bytes: Uint8Array): boolean {
  try {
    parseJson(bytes, '');
    return true;
  } catch {
    return false;
  }
}

async function* again(
  pieces: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncIterable<Uint8Array> {
  yield* pieces;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function readDocument(input: AsyncIterable<Uint8Array>, name: string): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of input) {
    pieces.push(piece);
    length += piece.byteLength;
    if (length > MAX_DOCUMENT_BYTES) {
      throw new AntipodeError('format', `${name}: one JSON object of more than ${MAX_DOCUMENT_BYTES} bytes`, {
        hint: 'write it as JSON Lines, one feature per line',
      });
    }
  }
  if (length === 0) throw new AntipodeError('format', `${name}: empty, expected JSON`);
  return parseJson(withoutByteOrderMark(joinPieces(pieces, length)), name);
}
