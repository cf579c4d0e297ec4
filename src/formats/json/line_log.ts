/**
 * @file A JSON Lines file that grows by whole lines, so that a killed program goes on where it stopped: what a dying program left of a last line is cut off
 * when it is opened again. Leaves out fsync: the promise holds against crashes of the program, not against a power cut.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AntipodeError, systemErrorCode } from '../../errors.ts';
import { makeFolder } from '../make_folder.ts';
import { type JsonLine, readJsonLines, readJsonLinesFile } from './jsonl.ts';

export interface LineLog {
  /** What was there when it was opened, in order. */
  readonly lines: readonly JsonLine[];
  /** Bytes of a last line without its end that were cut off; 0 mostly. */
  readonly cut: number;
  /**
   * Calls do not wait for each other, and the lines stand in the order of the calls.
   * @throws {AntipodeError} `resource` for a full disk; then no further line is written
   */
  append(value: unknown): Promise<void>;
  /** Waits for what is being written. Closing twice does nothing. */
  close(): Promise<void>;
}

/** Of the file, read back from its end when a last line has no end. */
const PIECE_BYTES = 65_536;

/**
 * Makes the file, and its folder, where there is none.
 * @param name for messages
 * @throws {AntipodeError} `format` for a line in it that is no JSON, `usage` where it is a folder, `resource` for missing rights and full disks
 */
export async function openLineLog(path: string, name: string): Promise<LineLog> {
  const handle = await sentenceFor(name, async () => {
    await makeFolder(dirname(path));
    return open(path, 'a+');
  });
  try {
    const cut = await sentenceFor(name, () => cutHalfLine(handle));
    const lines: JsonLine[] = [];
    for await (const line of readJsonLinesFile(path, { name })) lines.push(line);
    return writerOf(handle, { lines, cut, name });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Changes nothing: what a dying program left of a last line is passed over.
 * @throws {AntipodeError} `missing` where there is no such file; else as `openLineLog`
 */
export async function readLineLog(path: string, name: string): Promise<JsonLine[]> {
  const handle = await sentenceFor(name, () => open(path, 'r'));
  try {
    const end = await sentenceFor(name, () => wholeLength(handle));
    const lines: JsonLine[] = [];
    if (end === 0) return lines;
    const bytes = handle.createReadStream({ start: 0, end: end - 1, autoClose: false });
    for await (const line of readJsonLines(bytes, { name })) lines.push(line);
    return lines;
  } finally {
    await handle.close();
  }
}

function writerOf(
  handle: FileHandle,
  { lines, cut, name }: { readonly lines: readonly JsonLine[]; readonly cut: number; readonly name: string },
): LineLog {
  let last: Promise<void> = Promise.resolve();
  let closing: Promise<void> | undefined;
  return {
    lines,
    cut,
    append(value) {
      const bytes = Buffer.from(`${JSON.stringify(value)}\n`, 'utf8');
      // After a failure every further call fails alike: a line behind half a line would make both unreadable.
      last = last.then(() => sentenceFor(name, () => handle.appendFile(bytes)));
      // Whoever called sees the failure; the chain alone must not count as unhandled.
      last.catch(() => {});
      return last;
    },
    close() {
      closing ??= last.catch(() => {}).then(() => handle.close());
      return closing;
    },
  };
}

/** @returns the bytes that were cut off */
async function cutHalfLine(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  const whole = await wholeLength(handle);
  if (whole < size) await handle.truncate(whole);
  return size - whole;
}

/** Bytes up to the end of the last line that has one. */
async function wholeLength(handle: FileHandle): Promise<number> {
  for (let { size: end } = await handle.stat(); end > 0; ) {
    const start = Math.max(0, end - PIECE_BYTES);
    const piece = Buffer.alloc(end - start);
    await handle.read(piece, 0, piece.length, start);
    const at = piece.lastIndexOf(0x0a);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}

async function sentenceFor<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failureOf(name, error);
  }
}

function failureOf(name: string, error: unknown): unknown {
  const cause = { cause: error };
  switch (error instanceof AntipodeError ? undefined : systemErrorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AntipodeError('resource', `${name}: cannot be written, the disk is full`, {
        ...cause,
        hint: 'free some space and run the same command again',
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AntipodeError('resource', `${name}: no permission to write there`, {
        ...cause,
        hint: 'make it writable or choose another place',
      });
    case 'ENOENT':
      return new AntipodeError('missing', `${name}: no such file`, cause);
    case 'EISDIR':
      return new AntipodeError('usage', `${name}: is a folder (expected a file)`, cause);
    case 'ENOTDIR':
    case 'EEXIST':
      return new AntipodeError('usage', `${name}: a part of this path is a file, not a folder`, cause);
    default:
      return error;
  }
}
