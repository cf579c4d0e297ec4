/** @file Looks at processes from outside: whether one lives, which ones it started. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether the system lists processes as files, as Linux does. */
export const LISTS_PROCESSES: boolean = existsSync('/proc/self/stat');

/** A zombie, whose parent has not asked for its end yet, is dead. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !LISTS_PROCESSES || !['Z', ''].includes(statusOf(pid).state);
}

/** @throws {Error} when it still lives after some seconds */
export async function untilGone(pid: number): Promise<void> {
  for (let tries = 0; isAlive(pid); tries++) {
    if (tries === 100) throw new Error(`process ${pid} lives on`);
    await sleep(50);
  }
}

/** Ids of the living processes that `pid` started. */
export function childrenOf(pid: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.map(Number).filter((one) => statusOf(one).parent === pid && isAlive(one));
}

/** Behind the name in parentheses, which may hold anything. */
function statusOf(pid: number): { readonly state: string; readonly parent: number } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return { state: '', parent: -1 };
  }
}
