/**
 * @file Exhaustive search by small integers: rows as bytes, integer products of all pairs on ONNX Runtime, a proven bound (`bound.ts`) on what they can
 * be off by, and float64 for the pairs that the bound leaves in question.
 */

import { throwIfInterrupted } from '../errors.ts';
import {
  CONTROL_DONE,
  CONTROL_LENGTH,
  CONTROL_NEXT,
  CONTROL_STOP,
  type PassAnswer,
  type PassJob,
} from './int8_jobs.ts';
import { type Workers, withWorkers } from './int8_pool.ts';
import { prepare } from './int8_prepare.ts';
import { tileCount } from './int8_tiles.ts';
import { checkPairRequest, compareBottom, compareTop, type PairRequest, type ScoredPair } from './pairs.ts';
import type { Plan } from './plan.ts';
import { shareRows } from './shared_rows.ts';
import { pairCount } from './tiles.ts';

export interface Int8SearchOptions extends PairRequest {
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  /** Takes this plan, or bytes of this magnitude, instead of finding out: for tests and benchmarks. */
  readonly forced?: { readonly plan?: Plan; readonly levels?: number };
}

export interface Int8SearchResult {
  readonly top: readonly ScoredPair[];
  readonly bottom: readonly ScoredPair[];
  /** Pairs that the integers left in question, and those decided in float64: what a plan is judged by. */
  readonly emitted: number;
  readonly verified: number;
  readonly plan?: Plan;
}

/** Sums of this many products of two bytes stay within 32 bits. */
const LARGEST_WIDTH = 65536;
const POLL_MS = 50;

/** Largest magnitude that this machine multiplies exactly; found once. */
let levels: number | undefined;

/**
 * @returns undefined where this machine or this width has no exact integer products: then floating point has to do.
 * @throws {AntipodeError} `interrupted` on abort (within one tile), `resource` when a worker dies
 */
export async function searchInt8(options: Int8SearchOptions): Promise<Int8SearchResult | undefined> {
  checkPairRequest(options);
  const { a, b, k } = options;
  const rows = shareRows(a);
  const others = b && shareRows(b);
  const total = pairCount(rows.usable.length, others?.usable.length);
  if (total === 0 || k === 0) return { top: [], bottom: [], emitted: 0, verified: 0 };
  if (a.cols > LARGEST_WIDTH) return undefined;
  return withWorkers(options.threads, async (workers) => {
    const { forced } = options;
    const exact = forced?.levels ?? (await exactLevels(workers));
    if (exact === 0) return undefined;
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH));
    const stop = (): void => {
      Atomics.store(control, CONTROL_STOP, 1);
    };
    options.signal?.addEventListener('abort', stop);
    if (options.signal?.aborted) stop();
    try {
      const size = { d: a.cols, k: Math.min(k, total), pairs: total };
      const { job, plan } = await prepare({
        workers,
        rows,
        others,
        control,
        levels: exact,
        ...size,
        forced: forced?.plan,
      });
      const answers = await runPass(workers, job, total, options);
      throwIfInterrupted(options.signal);
      return { ...join(answers, job.k), plan };
    } finally {
      options.signal?.removeEventListener('abort', stop);
    }
  });
}

async function exactLevels(workers: Workers): Promise<number> {
  levels ??= (await workers.ask({ kind: 'selfTest' }, 1))[0]!;
  return levels;
}

async function runPass(
  workers: Workers,
  job: PassJob,
  total: number,
  { onProgress }: Int8SearchOptions,
): Promise<PassAnswer[]> {
  const tiles = tileCount(job, job.a.rows.usable.length, job.b?.rows.usable.length);
  const report = (): void => onProgress?.((Atomics.load(job.control, CONTROL_DONE) / tiles) * total, total);
  Atomics.store(job.control, CONTROL_NEXT, 0);
  const poll = onProgress && setInterval(report, POLL_MS);
  try {
    const answers = await workers.ask(job);
    report();
    return answers;
  } finally {
    clearInterval(poll);
  }
}

function join(answers: readonly PassAnswer[], k: number): Omit<Int8SearchResult, 'plan'> {
  const best = (end: 'top' | 'bottom'): ScoredPair[] =>
    answers
      .flatMap((answer) => answer[end])
      .sort(end === 'top' ? compareTop : compareBottom)
      .slice(0, k);
  const sum = (of: 'emitted' | 'verified'): number => answers.reduce((all, answer) => all + answer[of], 0);
  return { top: best('top'), bottom: best('bottom'), emitted: sum('emitted'), verified: sum('verified') };
}
