/**
 * @file A JSON Lines file that a run appends to and reads again when it goes on. What stands behind the last newline was cut off by a kill and is taken
 * away. Leaves out fsync: it holds against the end of the program, not of the machine.
 */

import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AntipodeError, systemErrorCode } from '../../errors.ts';
import { ensureFolder } from '../atomic.ts';
import { readJsonLinesFile } from './jsonl.ts';

export interface LineFile {
  /** One line; calls are carried out one after the other. With the operating system when this returns. @throws {AntipodeError} `resource` */
  append(value: unknown): Promise<void>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

const NEWLINE = 0x0a;

/** Bytes looked at together, from the end, for the last newline. */
const PIECE_BYTES = 64 * 1024;

/**
 * Makes the file and its folder where they are not there, and gives every whole line that is to `take`, which throws for what it does not want.
 * @throws {AntipodeError} `format` for a line that is not JSON, `usage` where there is no place for a file, `resource` for missing rights
 */
export async function openLineFile(
  path: string,
  take: (value: unknown, line: number) => void,
): Promise<LineFile> {
  await ensureFolder(dirname(path));
  const handle = await sentenceFor(path, openForAppending(path));
  try {
    await cutBehindLastNewline(handle);
    for await (const { line, value } of readJsonLinesFile(path, { name: basename(path) })) take(value, line);
  } catch (error) {
    await handle.close();
    throw error;
  }
  let work: Promise<void> = Promise.resolve();
  return {
    append(value) {
      const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
      // After a failure no further line is written: behind half a line it would be lost with it.
      const written = work.then(() => sentenceFor(path, writeAll(handle, bytes)));
      work = written;
      written.catch(() => {});
      return written;
    },
    async close() {
      await work.catch(() => {});
      await handle.close();
    },
  };
}

async function openForAppending(path: string): Promise<FileHandle> {
  const handle = await open(path, 'a+');
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new AntipodeError('usage', `${path}: is no regular file`, {
    hint: 'choose another folder with --out',
  });
}

async function cutBehindLastNewline(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  const piece = Buffer.alloc(PIECE_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - PIECE_BYTES);
    const { bytesRead } = await handle.read(piece, 0, end - start, start);
    const at = piece.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (at >= 0) {
      if (start + at + 1 < size) await handle.truncate(start + at + 1);
      return;
    }
    end = start;
  }
  if (size > 0) await handle.truncate(0);
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done);
    done += bytesWritten;
  }
}

async function sentenceFor<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    switch (error instanceof AntipodeError ? undefined : systemErrorCode(error)) {
      case 'ENOSPC':
      case 'EDQUOT':
        throw new AntipodeError('resource', `${path}: cannot be written, the disk is full`, {
          cause: error,
          hint: 'free some space and run the same command again: it goes on where it stopped',
        });
      case 'EACCES':
      case 'EPERM':
      case 'EROFS':
        throw new AntipodeError('resource', `${path}: no permission to write there`, {
          cause: error,
          hint: 'make it writable or choose another folder with --out',
        });
      case 'EISDIR':
        throw new AntipodeError('usage', `${path}: is a folder (expected a file)`, {
          cause: error,
          hint: 'choose another folder with --out',
        });
      default:
        throw error;
    }
  }
}
