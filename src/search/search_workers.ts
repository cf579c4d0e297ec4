/** @file The workers of one search over float32 products: started for it, and stopped by a flag. */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AntipodeError } from '../errors.ts';
import { refuseTelemetry } from '../onnx/runtime.ts';
import { POWERS } from './census.ts';
import {
  CONTROL_DONE,
  CONTROL_STOP,
  type SearchJob,
  type SearchQuestion,
  type WorkerAnswer,
} from './worker_protocol.ts';

export type Finished = Extract<WorkerAnswer, { type: 'finished' }>;

export interface RunOptions {
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** @param done pairs visited so far */
  readonly onProgress?: (done: number, total: number) => void;
}

const POLL_MS = 50;

/** Compiled next to this file; from the sources (tests) the built copy is used, because Node 20 cannot run TypeScript in a worker. */
function workerUrl(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? '../../dist/search/worker.js' : './worker.js', import.meta.url);
}

/**
 * One job, shared by workers of its own. What they answer is worth nothing where `CONTROL_WIDEN` is set.
 * @throws {AntipodeError} `interrupted`, `resource`
 */
export async function runWorkers(
  question: SearchQuestion,
  total: number,
  options: RunOptions,
): Promise<Finished[]> {
  const tileCount = question.tileSums.length / POWERS;
  const threads = Math.max(1, Math.min(options.threads ?? availableParallelism(), tileCount));
  const job = { ...question, workers: threads };
  const stop = (): void => {
    Atomics.store(job.control, CONTROL_STOP, 1);
  };
  refuseTelemetry();
  options.signal?.addEventListener('abort', stop);
  if (options.signal?.aborted) stop();
  const poll = setInterval(() => {
    options.onProgress?.((Atomics.load(job.control, CONTROL_DONE) / tileCount) * total, total);
  }, POLL_MS);
  try {
    const settled = await Promise.allSettled(Array.from({ length: threads }, () => runWorker(job, stop)));
    const failure = settled.find((outcome) => outcome.status === 'rejected');
    if (failure) throw failure.reason;
    if (options.signal?.aborted)
      throw new AntipodeError('interrupted', 'interrupted during the search over all pairs');
    return settled.map((outcome) => (outcome as PromiseFulfilledResult<Finished>).value);
  } finally {
    clearInterval(poll);
    options.signal?.removeEventListener('abort', stop);
  }
}

function runWorker(job: SearchJob, stopOthers: () => void): Promise<Finished> {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const fail = (reason: string): void => {
      // Workers also exit after a good answer; the others must then go on with the tiles they hold.
      if (isSettled) return;
      isSettled = true;
      stopOthers();
      const hint = 'free some memory or lower --threads, then run the same command again';
      reject(new AntipodeError('resource', `a search worker died: ${reason}`, { hint }));
    };
    // The caller's Node flags (`--input-type`, test runners' loaders) are meant for its own code and may not fit a worker.
    const worker = new Worker(workerUrl(), { workerData: job, execArgv: [] });
    worker.on('message', (answer: WorkerAnswer) => {
      if (answer.type === 'failed') return fail(answer.message);
      isSettled = true;
      resolve(answer);
    });
    worker.on('error', (error) => fail(error.message));
    worker.on('exit', (code) => fail(`exit code ${code} before an answer`));
  });
}
