/**
 * @file A file that is still growing: bytes at its end, their SHA-256 beside, and the way back to nothing. What stands in it is a beginning of the whole at
 * every moment, however the process ends.
 */

import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { AntipodeError, throwIfInterrupted } from '../errors.ts';

/** Of one read of what an earlier run left, and of what is gathered before a write: smaller ones would cost more than the network. */
const BLOCK_BYTES = 2 ** 20;

/** On a slow line, what a killed process loses is what came since so many milliseconds. */
const GATHER_MS = 250;

export interface PartialFile {
  /** Bytes, those not yet written included. */
  readonly length: number;
  /** Copies the piece. Returns at once for most of them; throws what an earlier write met. */
  append(piece: Uint8Array): Promise<void>;
  /** All of it is on the disk then. */
  flush(): Promise<void>;
  /** Nothing stands in it any more. */
  clear(): Promise<void>;
  /** Hexadecimal, of all bytes so far. */
  sha256(): string;
  close(): Promise<void>;
}

/**
 * Goes on behind the bytes that are there, which are read once for the hash; makes the file where there is none.
 * @throws {AntipodeError} `resource` for what is no plain file, `interrupted`; errors of the system as they are
 */
export async function openPartialFile(path: string, signal: AbortSignal | undefined): Promise<PartialFile> {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const handle = await open(path, O_RDWR | O_CREAT | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0), 0o666);
  try {
    if (!(await handle.stat()).isFile()) {
      throw new AntipodeError('resource', `${path}: is no plain file`, { hint: 'move it away' });
    }
    return growing(handle, await readAll(handle, signal));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

interface Beginning {
  readonly length: number;
  readonly hash: Hash;
}

async function readAll(handle: FileHandle, signal: AbortSignal | undefined): Promise<Beginning> {
  const hash = createHash('sha256');
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  for (let length = 0; ; ) {
    throwIfInterrupted(signal);
    const { bytesRead } = await handle.read(block, 0, BLOCK_BYTES, length);
    if (bytesRead === 0) return { length, hash };
    hash.update(block.subarray(0, bytesRead));
    length += bytesRead;
  }
}

function growing(handle: FileHandle, beginning: Beginning): PartialFile {
  let { length, hash } = beginning;
  let written = length;
  // One is filled while the other one is written.
  let filling = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  let other = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  let waiting = 0;
  let writtenAt = performance.now();
  // One at a time, in order: a beginning without gaps is on the disk at every moment.
  let writing: Promise<void> = Promise.resolve();
  const startWrite = (): void => {
    writing = writeAll(handle, filling.subarray(0, waiting), written);
    [filling, other] = [other, filling];
    [written, waiting] = [written + waiting, 0];
    writtenAt = performance.now();
    // Whoever awaits it next hears of it.
    writing.catch(() => {});
  };
  const flush = async (): Promise<void> => {
    await writing;
    if (waiting > 0) startWrite();
    await writing;
  };
  return {
    get length() {
      return length;
    },
    async append(piece) {
      hash.update(piece);
      length += piece.byteLength;
      for (let rest = piece; rest.byteLength > 0; ) {
        const part = rest.subarray(0, BLOCK_BYTES - waiting);
        filling.set(part, waiting);
        waiting += part.byteLength;
        rest = rest.subarray(part.byteLength);
        if (waiting < BLOCK_BYTES && performance.now() - writtenAt < GATHER_MS) continue;
        await writing;
        startWrite();
      }
    },
    flush,
    async clear() {
      await writing.catch(() => {});
      [written, waiting, length] = [0, 0, 0];
      [hash, writing] = [createHash('sha256'), Promise.resolve()];
      await handle.truncate(0);
    },
    sha256: () => hash.copy().digest('hex'),
    close: () => handle.close(),
  };
}

/** A write may take less than it was given. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    done += (await handle.write(bytes, done, bytes.byteLength - done, position + done)).bytesWritten;
  }
}
