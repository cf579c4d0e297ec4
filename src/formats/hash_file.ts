/** @file The SHA-256 of a file, without holding it in memory. */

import { createHash } from 'node:crypto';
import { throwIfInterrupted } from '../errors.ts';
import { openRegularFile } from './source.ts';

/** SHA-256 in hex, streamed. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const handle = await openRegularFile(path);
  for await (const piece of handle.createReadStream({ highWaterMark: 4 * 1024 * 1024 })) {
    throwIfInterrupted(signal);
    hash.update(piece as Uint8Array);
  }
  return hash.digest('hex');
}
