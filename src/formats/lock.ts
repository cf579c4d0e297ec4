/**
 * @file One writer at a time for what is read, changed and written back: a lock file that names its owner. The lock of a process that died on
 * this machine is taken over; a live one is waited for. Network folders: a dead owner on another machine has to be removed by hand.
 */

import { open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { AntipodeError, systemErrorCode, throwIfInterrupted } from '../errors.ts';
import { keepingTidy } from './temporaries.ts';

const POLL_MS = 50;

/** Longer than any import takes. */
const MAX_WAIT_MS = 10 * 60 * 1000;

interface Owner {
  readonly pid: number;
  readonly host: string;
}

/** @throws {AntipodeError} `resource` after ten minutes, `interrupted`; and whatever `work` throws */
export async function withLock<T>(path: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const giveUp = Date.now() + MAX_WAIT_MS;
  while (!(await acquire(path))) {
    throwIfInterrupted(signal);
    const owner = await ownerOf(path);
    if (owner && isDead(owner)) await removeDead(path);
    else if (Date.now() > giveUp) {
      throw new AntipodeError(
        'resource',
        `${path}: another antipode${owner ? ` (process ${owner.pid} on ${owner.host})` : ''} is writing here`,
        {
          hint: 'wait for it; if it is gone, remove that file and run the same command again',
        },
      );
    } else await sleep(POLL_MS);
  }
  let result: { readonly value: T } | undefined;
  await keepingTidy(path, async () => {
    result = { value: await work() };
  });
  return result!.value;
}

async function acquire(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    await handle.writeFile(JSON.stringify({ pid: process.pid, host: hostname() }));
    await handle.close();
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined while the owner is still writing its name, or after it left. */
async function ownerOf(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

/** Two waiters may find the same dead owner: moving the file first tells whose lock was really taken away. */
async function removeDead(path: string): Promise<void> {
  const aside = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}`;
  try {
    await rename(path, aside);
    const owner = await ownerOf(aside);
    if (owner && !isDead(owner)) await rename(aside, path);
    else await rm(aside, { force: true });
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

function isDead({ pid, host }: Owner): boolean {
  return host === hostname() && !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}
