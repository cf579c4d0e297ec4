/**
 * @file A thread that ends its process when the parent is gone. The main thread would see that by itself, but not while a run, which may take minutes,
 * blocks it.
 */

import { workerData } from 'node:worker_threads';

const INTERVAL_MS = 500;

const parent = workerData as number;

setInterval(() => {
  if (process.ppid !== parent || !isAlive(parent)) process.kill(process.pid, 'SIGKILL');
}, INTERVAL_MS);

/** On Windows, a process keeps the id of a parent that is gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
