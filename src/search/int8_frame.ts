/** @file What every search by integers needs around it: workers, the self-test of this machine, the flag that stops everyone, and progress. */

import { pairsIn } from './columns.ts';
import { tileCount } from './int8_workspace.ts';
import { CONTROL_LENGTH, CONTROL_NEXT, type TileJob } from './jobs.ts';
import { stoppedBy, tellingProgress } from './watch.ts';
import { type Workers, withWorkers } from './worker_pool.ts';

export interface Frame {
  readonly workers: Workers;
  readonly control: Int32Array;
  /** Largest magnitude of bytes that this machine multiplies exactly. */
  readonly levels: number;
}

/** Sums of this many products of two bytes stay within 32 bits. */
export const LARGEST_WIDTH = 65536;

/** Found once. */
let levels: number | undefined;

/** Runs `use` in its turn; undefined where this machine has no exact integer products. An abort sets the stop flag: `use` has to look at the signal at its end. */
export function onIntegers<T>(
  { threads, signal }: { readonly threads?: number; readonly signal?: AbortSignal },
  use: (frame: Frame) => Promise<T>,
): Promise<T | undefined> {
  return withWorkers(threads, async (workers) => {
    levels ??= (await workers.ask({ kind: 'selfTest' }, 1))[0]!;
    if (levels === 0) return undefined;
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH));
    const frame = { workers, control, levels };
    return stoppedBy(signal, control, () => use(frame));
  });
}

/** Starts a pass from its first block and says how far it is. */
export async function askTiles<T>(
  job: TileJob,
  ask: () => Promise<T>,
  onProgress: ((done: number, total: number) => void) | undefined,
): Promise<T> {
  const table = { rows: job.a.rows.usable.length, others: job.b?.rows.usable.length };
  const tiles = tileCount(job);
  let total = 0;
  for (let at = 0; at < job.blocks.length; at += 2)
    total += pairsIn({ from: job.blocks[at]!, to: job.blocks[at]! + job.blocks[at + 1]! }, table);
  Atomics.store(job.control, CONTROL_NEXT, 0);
  return tellingProgress(onProgress, { control: job.control, tiles, total }, ask);
}
