/**
 * @file Where bytes come from: a length and positional reads. Parsers take a `ByteSource` and nothing else, so that a local file, a
 * buffer and (in a later room) a ranged download look alike. Reading one array of a container never touches the others.
 */

import { constants, type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { AntipodeError, systemErrorCode } from '../errors.ts';

export interface ByteSource {
  /** Shown in messages: a base name or a full path, as the caller chose. */
  readonly name: string;
  readonly byteLength: number;
  /** Where the bytes are a file of this machine as they stand: its path, for those who map the file themselves. */
  readonly path?: string;
  /**
   * Fills `target` from `offset` on. Safe to call concurrently.
   * @throws {AntipodeError} `format` when the range passes the end (a file that was cut, or that shrank since it was opened)
   */
  readInto(target: Uint8Array, offset: number): Promise<void>;
  close(): Promise<void>;
}

/** @throws {AntipodeError} `format` when the range passes the end */
export async function readBytes(source: ByteSource, offset: number, length: number): Promise<Uint8Array> {
  if (offset < 0 || length < 0 || offset + length > source.byteLength)
    throw pastTheEnd(source, offset, length);
  const bytes = new Uint8Array(length);
  await source.readInto(bytes, offset);
  return bytes;
}

function pastTheEnd(source: ByteSource, offset: number, length: number): AntipodeError {
  return new AntipodeError(
    'format',
    `${source.name}: the file ends too early (it has ${source.byteLength} bytes, expected at least ${offset + length})`,
    { hint: 'the file may be cut: fetch it again' },
  );
}

export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  const source: ByteSource = {
    name,
    byteLength: bytes.byteLength,
    async readInto(target, offset) {
      if (offset < 0 || offset + target.byteLength > bytes.byteLength) {
        throw pastTheEnd(source, offset, target.byteLength);
      }
      target.set(bytes.subarray(offset, offset + target.byteLength));
    },
    async close() {},
  };
  return source;
}

/**
 * Opens what is a file and nothing else. Without blocking, because opening a named pipe otherwise waits for a writer, perhaps for ever.
 * @throws {AntipodeError} `missing` where there is no such file, `format` for folders, pipes and devices, `resource` where it cannot be read
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw openFailure(path, error);
  }
  const stats = await handle.stat();
  if (stats.isFile()) return handle;
  await handle.close();
  throw new AntipodeError('format', `${path}: not a file`, {
    hint: stats.isDirectory()
      ? 'it is a folder: name a file in it'
      : 'where a command reads a list, pipe it in and write - for its name',
  });
}

/** @throws {AntipodeError} as `openRegularFile` */
export async function openFileSource(path: string, name: string = basename(path)): Promise<ByteSource> {
  const handle = await openRegularFile(path);
  const stats = await handle.stat();
  const source: ByteSource = {
    name,
    path,
    byteLength: stats.size,
    async readInto(target, offset) {
      let done = 0;
      while (done < target.byteLength) {
        // Node takes the length of one read as a signed 32-bit number.
        const length = Math.min(target.byteLength - done, 2 ** 30);
        const { bytesRead } = await handle.read(target, done, length, offset + done);
        if (bytesRead === 0) throw pastTheEnd(source, offset, target.byteLength);
        done += bytesRead;
      }
    },
    async close() {
      await handle.close();
    },
  };
  return source;
}

function openFailure(path: string, error: unknown): AntipodeError {
  switch (systemErrorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new AntipodeError('missing', `${path}: no such file`, {
        hint: 'check its name, and the folder that it should be in',
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
      return new AntipodeError('resource', `${path}: no permission to read it`, {
        hint: 'make it readable, or run the command as its owner',
        cause: error,
      });
    default:
      return new AntipodeError('resource', `${path}: cannot be opened (${String(error)})`, { cause: error });
  }
}
