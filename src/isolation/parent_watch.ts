/**
 * @file A thread that ends its process when the parent is gone. The main thread would see that by itself, but not while work, which may take
 * minutes, blocks it.
 */

const INTERVAL_MS = 500;

/**
 * The thread's program, for `new Worker(PARENT_WATCH, { eval: true, workerData: parent })` with the id of the parent: as text, so that a process
 * that has no file of ours can start it too.
 */
export const PARENT_WATCH: string = `(${watch})(require('node:worker_threads').workerData, ${INTERVAL_MS});`;

/** Goes over as text: may name nothing but its arguments and globals. */
function watch(parent: number, intervalMs: number): void {
  /** On Windows, a process keeps the id of a parent that is gone. */
  const isAlive = (): boolean => {
    try {
      process.kill(parent, 0);
      return true;
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'EPERM';
    }
  };
  setInterval(() => {
    if (process.ppid !== parent || !isAlive()) process.kill(process.pid, 'SIGKILL');
  }, intervalMs);
}
