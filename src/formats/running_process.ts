/** @file Whether a process of this machine still runs: what a lock and a half-written file of it are worth. */

import { readFileSync } from 'node:fs';
import { systemErrorCode } from '../errors.ts';

/** False also for one that has ended and whose parent has not asked how: it keeps its number until then. Only Linux tells the two apart. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // There is one, which belongs to somebody else.
    return systemErrorCode(error) === 'EPERM';
  }
  return !hasEnded(pid);
}

/** The state stands behind the name of the program, which may hold anything (proc(5)). */
function hasEnded(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return /^\) [ZX]/.test(stat.slice(stat.lastIndexOf(')')));
  } catch {
    return false;
  }
}
