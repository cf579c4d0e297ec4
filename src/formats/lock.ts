/**
 * @file One writer at a time for what is read, changed and written back: a lock file that names its owner. The lock of a process that died on
 * this machine is taken over; a live one is waited for. Network folders: a dead owner on another machine has to be removed by hand.
 */

import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AntipodeError, systemErrorCode, throwIfInterrupted } from '../errors.ts';
import { writeFailure } from './atomic.ts';
import { isRunning } from './running_process.ts';
import { keepingTidy, temporaryName } from './temporaries.ts';

const POLL_MS = 20;

/** Longer than any import takes. */
const MAX_WAIT_MS = 10 * 60 * 1000;

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default ten minutes. */
  readonly maxWaitMs?: number;
  /** Once, before the first wait for another process. */
  readonly onWait?: (() => void) | undefined;
}

/** Behind the name of a lock: the right to remove it for a dead owner. */
const TAKE_OVER = '.dead.lock';

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Different each time a lock is taken, also by the same process. */
  readonly turn: string;
}

/** @throws {AntipodeError} `resource` after the longest wait and where nothing can be written, `interrupted`; and whatever `work` throws */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { signal, maxWaitMs = MAX_WAIT_MS, onWait }: LockOptions = {},
): Promise<T> {
  const giveUp = Date.now() + maxWaitMs;
  let isWaiting = false;
  while (!(await acquire(path))) {
    throwIfInterrupted(signal);
    const owner = await ownerOf(path);
    if (owner && !isDead(owner) && !isWaiting) {
      isWaiting = true;
      onWait?.();
    }
    if (Date.now() > giveUp) {
      throw new AntipodeError(
        'resource',
        `${path}: another antipode${owner ? ` (process ${owner.pid} on ${owner.host})` : ''} is writing here`,
        {
          hint: 'wait for it; if it is gone, remove that file and run the same command again',
        },
      );
    }
    if (owner && isDead(owner)) await removeDead(path, owner);
    else await sleep(POLL_MS);
  }
  return keepingTidy(path, work);
}

/** The process that holds the lock now; undefined where nobody does, or only one that died. */
export async function livingOwner(path: string): Promise<number | undefined> {
  const owner = await ownerOf(path);
  return owner && !isDead(owner) ? owner.pid : undefined;
}

/** The name appears together with its content, so that no other process ever reads a lock without an owner. */
async function acquire(path: string): Promise<boolean> {
  const owner = JSON.stringify({ pid: process.pid, host: hostname(), turn: randomUUID() } satisfies Owner);
  const draft = join(dirname(path), temporaryName());
  try {
    await keepingTidy(draft, async () => {
      await writeFile(draft, owner);
      await link(draft, path).catch((error: unknown) => {
        // File systems without hard links: there a dead owner has to be removed by hand.
        if (systemErrorCode(error) !== 'EEXIST') return writeFile(path, owner, { flag: 'wx' });
        throw error;
      });
    });
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw writeFailure(dirname(path), error);
  }
}

/** Undefined after it left. */
async function ownerOf(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

/**
 * Two waiters may find the same dead owner, and one of them may be so late that a living owner stands there by now. So only who holds a second lock may remove the first,
 * after looking again at whose it is. Who dies with the second lock leaves it to be taken over in the same way.
 */
async function removeDead(path: string, dead: Owner): Promise<void> {
  const right = `${path}${TAKE_OVER}`;
  if (await acquire(right)) {
    await keepingTidy(right, async () => {
      if ((await ownerOf(path))?.turn === dead.turn) await rm(path, { force: true });
    });
    return;
  }
  const other = await ownerOf(right);
  if (other && isDead(other)) await removeDead(right, other);
  else await sleep(POLL_MS);
}

function isDead({ pid, host }: Owner): boolean {
  return host === hostname() && !isRunning(pid);
}
