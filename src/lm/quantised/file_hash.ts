/**
 * @file SHA-256 of large files, asked for on every start and computed once. A blob of the Hugging Face cache is named by it (huggingface_hub,
 * "Understand caching"); other files are read, and the answer is remembered in antipode's cache by real path, size and times. A file that was
 * changed in place with its times put back, or a blob that was edited, is not noticed.
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { throwIfInterrupted } from '../../errors.ts';
import { writeFileAtomic } from '../../formats/atomic.ts';

export interface HashOptions {
  /** Answers are kept in `.hashes` below it, where it can be written. */
  readonly cacheDir: string;
  readonly signal?: AbortSignal | undefined;
  /** @param bytes read since the last call */
  readonly onRead?: (bytes: number) => void;
}

/** File systems record times in steps of up to 2 s (FAT): a file that young may change again without a new time. */
const SETTLED_MS = 2000;

const READ_BYTES = 2 ** 20;

const SHA256 = /^[0-9a-f]{64}$/;

/** What stays the same while a file does: times in ns, and the inode, because a rename keeps times. */
export async function fileStamp(path: string): Promise<string> {
  const { ctimeNs, ino, mtimeNs, size } = await stat(path, { bigint: true });
  return `${size}:${mtimeNs}:${ctimeNs}:${ino}`;
}

/** Without reading the file: the hash if it is known, else undefined. @param path links allowed */
export async function knownHash(path: string, cacheDir: string): Promise<string | undefined> {
  const real = await realpath(path);
  if (basename(dirname(real)) === 'blobs' && SHA256.test(basename(real))) return basename(real);
  try {
    const found = JSON.parse(await readFile(memoryOf(real, cacheDir), 'utf8')) as Record<string, unknown>;
    const { sha256 } = found;
    const isSame = found['path'] === real && found['stamp'] === (await fileStamp(real));
    return isSame && typeof sha256 === 'string' && SHA256.test(sha256) ? sha256 : undefined;
  } catch {
    // Never remembered, or what is written there is damaged: both mean reading the file.
    return undefined;
  }
}

/** Reads the whole file. @throws {AntipodeError} `interrupted`; system errors where it cannot be read */
export async function computeHash(path: string, options: HashOptions): Promise<string> {
  const real = await realpath(path);
  const stamp = await fileStamp(real);
  const { mtimeMs } = await stat(real);
  const isSettled = Date.now() - mtimeMs > SETTLED_MS;
  const hash = createHash('sha256');
  for await (const piece of createReadStream(real, { highWaterMark: READ_BYTES })) {
    throwIfInterrupted(options.signal);
    hash.update(piece as Uint8Array);
    options.onRead?.((piece as Uint8Array).byteLength);
  }
  const sha256 = hash.digest('hex');
  if (isSettled && (await fileStamp(real)) === stamp) {
    const memory = JSON.stringify({ path: real, stamp, sha256 });
    // Where nothing can be written, the next start reads the file again.
    await writeFileAtomic(memoryOf(real, options.cacheDir), memory).catch(() => {});
  }
  return sha256;
}

function memoryOf(real: string, cacheDir: string): string {
  const name = createHash('sha256').update(real).digest('hex').slice(0, 32);
  return join(cacheDir, '.hashes', `${name}.json`);
}
