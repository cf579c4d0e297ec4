/** @file What goes on beside a pass of the workers: the flag that stops them, and progress. */

import { CONTROL_DONE, CONTROL_STOP } from './jobs.ts';

const POLL_MS = 50;

/** An abort sets the stop flag while `use` runs, which has to look at the signal at its end. */
export async function stoppedBy<T>(
  signal: AbortSignal | undefined,
  control: Int32Array,
  use: () => Promise<T>,
): Promise<T> {
  const stop = (): void => {
    Atomics.store(control, CONTROL_STOP, 1);
  };
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  try {
    return await use();
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Says how far a pass is while `ask` runs, and once at its end. @param tiles of the pass, which are counted as they are finished @param total pairs in them */
export async function tellingProgress<T>(
  onProgress: ((done: number, total: number) => void) | undefined,
  { control, tiles, total }: { readonly control: Int32Array; readonly tiles: number; readonly total: number },
  ask: () => Promise<T>,
): Promise<T> {
  const report = (): void => onProgress?.((Atomics.load(control, CONTROL_DONE) / tiles) * total, total);
  const poll = onProgress && setInterval(report, POLL_MS);
  try {
    const answer = await ask();
    report();
    return answer;
  } finally {
    clearInterval(poll);
  }
}
