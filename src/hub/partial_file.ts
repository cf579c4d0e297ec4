/**
 * @file A file that is still growing: bytes at its end, their SHA-256 beside, and the way back to nothing. What stands in it is a beginning of the whole at
 * every moment, however the process ends.
 */

import { createHash, type Hash } from 'node:crypto';
import { constants, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { AntipodeError, throwIfInterrupted } from '../errors.ts';

/** Of one read of what an earlier run left. */
const BLOCK_BYTES = 2 ** 20;

/** Bytes that are not written yet: beyond so many the network has to wait. */
const MAX_PENDING_BYTES = 2 ** 22;

/**
 * Writes go straight into the system's memory while that takes no time: to hand each to a thread takes longer than the write (300 MB on two busy cores: 0.5 to
 * 1.0 s against 0.4). From the first one that takes longer, as where a disk stalls, they go to a thread, so that the process stays awake.
 */
const STALL_MS = 50;

export interface PartialFile {
  /** Bytes, those not yet written included. */
  readonly length: number;
  /** Of them, those that an earlier run had brought. */
  readonly inherited: number;
  /**
   * Returns when the next piece may come, mostly at once; throws what an earlier write met.
   * @param onDone the piece may be written over
   */
  append(piece: Uint8Array, onDone?: () => void): Promise<void>;
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
 * @param stallMs a write that takes longer is the last that is waited for in place; 0: all go to a thread
 * @throws {AntipodeError} `resource` for what is no plain file, `interrupted`; errors of the system as they are
 */
export async function openPartialFile(
  path: string,
  signal: AbortSignal | undefined,
  stallMs: number = STALL_MS,
): Promise<PartialFile> {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const handle = await open(path, O_RDWR | O_CREAT | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0), 0o666);
  try {
    if (!(await handle.stat()).isFile()) {
      throw new AntipodeError('resource', `${path}: is no plain file`, { hint: 'move it away' });
    }
    return growing(handle, await readAll(handle, signal), stallMs);
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

function growing(handle: FileHandle, beginning: Beginning, stallMs: number): PartialFile {
  let { length, hash } = beginning;
  let [inherited, written] = [length, length];
  let gathered: Gathered[] = [];
  let failure: { readonly error: unknown } | undefined;
  let writing: Promise<void> | undefined;
  let isDiskSlow = stallMs <= 0;
  const writeHere = ({ piece, onDone }: Gathered): void => {
    const start = performance.now();
    for (let done = 0; done < piece.byteLength; ) {
      done += writeSync(handle.fd, piece, done, piece.byteLength - done, written + done);
    }
    written += piece.byteLength;
    isDiskSlow = performance.now() - start > stallMs;
    onDone?.();
  };
  // One write at a time, in order: a beginning without gaps is on the disk at every moment. What comes meanwhile goes with the next one.
  const writeOn = async (): Promise<void> => {
    try {
      while (gathered.length > 0) {
        const batch = gathered;
        gathered = [];
        await writeAll(handle, batch, written);
        for (const { piece, onDone } of batch) {
          written += piece.byteLength;
          onDone?.();
        }
      }
    } catch (error) {
      failure = { error };
    }
    writing = undefined;
  };
  const flush = async (): Promise<void> => {
    await writing;
    if (failure) throw failure.error;
  };
  return {
    get length() {
      return length;
    },
    get inherited() {
      return inherited;
    },
    async append(piece, onDone) {
      if (failure) throw failure.error;
      length += piece.byteLength;
      hash.update(piece);
      if (!isDiskSlow) {
        writeHere({ piece, onDone });
        return;
      }
      gathered.push({ piece, onDone });
      writing ??= writeOn();
      if (length - written > MAX_PENDING_BYTES) await flush();
    },
    flush,
    async clear() {
      await writing;
      // Some file systems hurry to write what was cut to nothing, even where it was nothing before.
      if (length > 0) await handle.truncate(0);
      [inherited, written, length, gathered, failure] = [0, 0, 0, [], undefined];
      hash = createHash('sha256');
    },
    sha256: () => hash.copy().digest('hex'),
    async close() {
      await writing;
      await handle.close();
    },
  };
}

interface Gathered {
  readonly piece: Uint8Array;
  readonly onDone: (() => void) | undefined;
}

/** A write may take less than it was given. */
async function writeAll(handle: FileHandle, batch: readonly Gathered[], position: number): Promise<void> {
  const pieces = batch.map(({ piece }) => piece);
  let { bytesWritten: done } = await handle.writev(pieces, position);
  if (done === pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)) return;
  const all = Buffer.concat(pieces);
  while (done < all.byteLength) {
    done += (await handle.write(all, done, all.byteLength - done, position + done)).bytesWritten;
  }
}
