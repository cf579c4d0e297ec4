/**
 * @file The file that a corpus is read from, by position: the user's own, watched for changes, or a temporary one for bytes that come once. The
 * temporary file has no name while it is in use where the system allows that, so that nothing of it can be left behind.
 */

import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AntipodeError, systemErrorCode, throwIfInterrupted } from '../../errors.ts';
import { MAX_UNPACKED_BYTES } from '../../formats/json/jsonl.ts';

export interface CorpusFile {
  readonly byteLength: number;
  /** Fills `target`. @throws {AntipodeError} `resource` where the file ends before */
  readInto(target: Uint8Array, offset: number, name: string): Promise<void>;
  /** @throws {AntipodeError} `resource` where size or time of change are others than when it was opened */
  checkUnchanged(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Takes the handle over. */
export async function corpusFileOf(handle: FileHandle, atEnd?: () => Promise<void>): Promise<CorpusFile> {
  const { mtimeMs, size } = await handle.stat();
  return {
    byteLength: size,
    async readInto(target, offset, name) {
      for (let done = 0; done < target.byteLength; ) {
        const { bytesRead } = await handle.read(target, done, target.byteLength - done, offset + done);
        if (bytesRead === 0) throw changed(name);
        done += bytesRead;
      }
    },
    async checkUnchanged(name) {
      const now = await handle.stat();
      if (now.size !== size || now.mtimeMs !== mtimeMs) throw changed(name);
    },
    async close() {
      await handle.close();
      await atEnd?.();
    },
  };
}

function changed(name: string): AntipodeError {
  return new AntipodeError('resource', `${name}: changed while it was read`, {
    hint: 'run the same command again once nothing writes to it',
  });
}

export interface SpoolOptions {
  readonly name: string;
  readonly temporaryFolder?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes all of `input` to a temporary file.
 * @throws {AntipodeError} `resource` where there is no room, `format` for more than `MAX_UNPACKED_BYTES`, `interrupted`; errors of the input as they are
 */
export async function spool(
  input: AsyncIterable<Uint8Array>,
  { name, signal, temporaryFolder = tmpdir() }: SpoolOptions,
): Promise<CorpusFile> {
  const path = join(temporaryFolder, `antipode-corpus-${process.pid}-${randomUUID()}.tmp`);
  const handle = await sentenceFor(name, temporaryFolder, open(path, 'wx+', 0o600));
  // Windows keeps the name of an open file: there it goes at the end.
  const hasName = await rm(path).then(
    () => false,
    () => true,
  );
  const remove = async (): Promise<void> => {
    if (hasName) await rm(path, { force: true });
  };
  try {
    let total = 0;
    for await (const chunk of input) {
      throwIfInterrupted(signal);
      total += chunk.byteLength;
      if (total > MAX_UNPACKED_BYTES) {
        throw new AntipodeError('format', `${name}: holds more than ${MAX_UNPACKED_BYTES} bytes of text`, {
          hint: 'unpack it and give the unpacked file',
        });
      }
      await sentenceFor(name, temporaryFolder, writeAll(handle, chunk));
    }
  } catch (error) {
    await handle.close();
    await remove();
    throw error;
  }
  return corpusFileOf(handle, remove);
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done);
    done += bytesWritten;
  }
}

async function sentenceFor<T>(name: string, folder: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    const isFull = code === 'ENOSPC' || code === 'EDQUOT';
    throw new AntipodeError(
      'resource',
      `${name}: cannot be kept in ${folder}, ${isFull ? 'the disk is full' : `which cannot be written (${code})`}`,
      { hint: 'name a folder with room in TMPDIR, or unpack the file first', cause: error },
    );
  }
}
