/** @file Whether a disk has room for what is about to come, asked before the first byte. */

import { statfs } from 'node:fs/promises';
import { AntipodeError } from '../errors.ts';

/** A disk that is filled to its last byte breaks what else runs on it. */
const RESERVE_BYTES = 2 ** 20;

/** Bytes that this user may still write below `dir`; undefined where the file system does not say (network folders). */
export async function freeDiskSpace(dir: string): Promise<number | undefined> {
  const found = await statfs(dir).catch(() => undefined);
  return found && found.blocks > 0 ? found.bavail * found.bsize : undefined;
}

/**
 * @param dir exists
 * @throws {AntipodeError} `resource` where fewer than `byteLength` and a small reserve are free; quotas may still refuse later
 */
export async function requireDiskSpace(dir: string, byteLength: number, shown: string): Promise<void> {
  const free = await freeDiskSpace(dir);
  if (free === undefined || free >= byteLength + RESERVE_BYTES) return;
  throw new AntipodeError(
    'resource',
    `${shown}: no room on the disk of ${dir} (got ${free} bytes free, expected ${byteLength} more)`,
    {
      hint: 'free some space (`antipode cache ls`), or point HF_HUB_CACHE or XDG_CACHE_HOME to another disk',
    },
  );
}
