/**
 * @file Temporary names beside a target: made unique, removed on failure and at process exit, and cleared later when their process
 * died before it could. Leaves out what is written into them: `atomic.ts`.
 */

import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isRunning } from './running_process.ts';

/** Temporaries younger than this are left alone even if their process seems gone (other pid namespaces can share a host name). */
const STALE_AFTER_MS = 60 * 60 * 1000;

const TEMPORARY_NAME = /^\.antipode-([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.tmp$/;

/** `.antipode-HOST-PID-RANDOM.tmp`; the host, because a network folder shows the temporaries of other machines. */
export function temporaryName(): string {
  return `.antipode-${hostTag()}-${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
}

function hostTag(): string {
  let h = 0x811c9dc5;
  for (const c of hostname()) h = Math.imul(h ^ c.codePointAt(0)!, 0x01000193);
  return (h >>> 0).toString(16).padStart(8, '0');
}

/**
 * Removes, best effort, what dead processes of this machine left in `parent`; never what a running one is writing.
 * @param olderThanMs 0 where a lock says that nobody else writes there
 */
export async function removeStaleTemporaries(
  parent: string,
  olderThanMs: number = STALE_AFTER_MS,
): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const [, host, pid] = TEMPORARY_NAME.exec(name) ?? [];
    if (host !== hostTag() || pid === undefined || isRunning(Number(pid))) continue;
    const path = join(parent, name);
    const found = await lstat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs >= olderThanMs) {
      await rm(path, { recursive: true, force: true }).catch(() => {});
    }
  }
}

const unfinished = new Set<string>();
let isExitHandled = false;

/** Runs `work` and removes `temporary` whatever happens, a second Ctrl-C (which exits at once) included. */
export async function keepingTidy<T>(temporary: string, work: () => Promise<T>): Promise<T> {
  if (!isExitHandled) {
    isExitHandled = true;
    process.on('exit', () => {
      for (const path of unfinished) rmSync(path, { recursive: true, force: true });
    });
  }
  unfinished.add(temporary);
  try {
    return await work();
  } finally {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    unfinished.delete(temporary);
  }
}
