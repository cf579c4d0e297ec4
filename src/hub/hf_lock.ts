/**
 * @file One download of a file at a time. Among processes of ours a lock file under `.locks` keeps the others waiting; Python's `huggingface_hub` locks its own
 * file there by `flock`, which Node has not: on Linux the system's list of locks says that Python is at it, and we wait. Python does not see our lock;
 * each writes under a name of its own and renames, so that both bring the same whole file then.
 */

import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfInterrupted } from '../errors.ts';
import { ensureFolder } from '../formats/atomic.ts';
import { withLock } from '../formats/lock.ts';
import { type Env, hfHubCacheDir } from './cache_dirs.ts';
import { hfFolderName } from './hf_cache.ts';

export interface HfLockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Once, where another process is at the same file. */
  readonly onWait?: (() => void) | undefined;
}

const POLL_MS = 200;

/** Large files on slow lines: whoever waits may interrupt. */
const MAX_WAIT_MS = 24 * 3600 * 1000;

/** @throws {AntipodeError} `resource`, `interrupted`; and whatever `work` throws */
export async function withHfLock<T>(
  env: Env,
  blob: { readonly repoId: string; readonly etag: string },
  work: () => Promise<T>,
  { signal, onWait }: HfLockOptions = {},
): Promise<T> {
  const python = join(hfHubCacheDir(env), '.locks', hfFolderName(blob.repoId), `${blob.etag}.lock`);
  const own = join(dirname(python), `${blob.etag}.antipode.lock`);
  await ensureFolder(dirname(own));
  const afterPython = async (): Promise<T> => {
    for (let polls = 0; await isFlocked(python); polls++) {
      throwIfInterrupted(signal);
      if (polls === 0) onWait?.();
      await sleep(POLL_MS);
    }
    return work();
  };
  return withLock(own, afterPython, { signal, maxWaitMs: MAX_WAIT_MS, onWait });
}

/** Whether another process holds a lock of `flock` on the file; false where the system does not list them. */
async function isFlocked(path: string): Promise<boolean> {
  try {
    const { ino } = await stat(path);
    const lines = (await readFile('/proc/locks', 'utf8')).split('\n');
    // `1: FLOCK  ADVISORY  WRITE 4711 fe:01:1312 0 EOF`; devices are told in another way on some file systems, so the file's number alone counts.
    return lines.some((line) => /\bFLOCK\b/.test(line) && !line.includes('->') && line.includes(`:${ino} `));
  } catch {
    return false;
  }
}
