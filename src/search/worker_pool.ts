/**
 * @file The workers of every search. They stay between searches, idle and without keeping the process alive, because starting one and loading
 * ONNX Runtime in it takes as long as searching a small dictionary. Searches take turns.
 */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AntipodeError } from '../errors.ts';
import { refuseTelemetry } from '../onnx/runtime.ts';
import { collectGarbage } from './collect_garbage.ts';
import type { WorkerNews } from './found.ts';
import { type Answers, CONTROL_STOP, type Job, type WorkerReply } from './jobs.ts';

export interface Workers {
  readonly count: number;
  /** The same job to the first `limit` workers (default: all); they share it among themselves. @throws {AntipodeError} `resource` when one fails */
  ask<K extends Job['kind']>(
    job: Extract<Job, { kind: K }>,
    limit?: number,
    onNews?: (worker: number, news: WorkerNews) => void,
  ): Promise<Answers[K][]>;
}

interface Seat {
  readonly worker: Worker;
  ask(job: Job, onNews?: (news: WorkerNews) => void): Promise<unknown>;
}

/** Below this, to collect garbage costs more than the memory is worth: its time grows with all that the process holds. */
const WORTH_FREEING_BYTES = 32 * 2 ** 20;

const seats: Seat[] = [];
/** Of the largest job since memory was freed. */
let heldBytes = 0;
let turn: Promise<unknown> = Promise.resolve();

/** Compiled next to this file; from the sources (tests) the built copy is used, because Node 20 cannot run TypeScript in a worker. */
function workerUrl(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? '../../dist/search/worker.js' : './worker.js', import.meta.url);
}

/** Runs `use` with `threads` workers (default: one per core) once earlier searches are done. */
export function withWorkers<T>(
  threads: number | undefined,
  use: (workers: Workers) => Promise<T>,
): Promise<T> {
  const count = Math.max(1, threads ?? availableParallelism());
  const result = turn.then(async () => {
    while (seats.length < count) seats.push(createSeat());
    const taken = seats.slice(0, count);
    for (const { worker } of taken) worker.ref();
    try {
      return await use({
        count,
        async ask(job, limit = count, onNews) {
          heldBytes = Math.max(heldBytes, sharedBytes(job));
          // All have to come to an end, also when one fails: the others still hold the job's memory.
          const answers = taken
            .slice(0, limit)
            .map((seat, worker) => seat.ask(job, onNews && ((news) => onNews(worker, news))));
          for (const answer of answers) answer.catch(() => stop(job));
          const settled = await Promise.allSettled(answers);
          for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
          return settled.map((outcome) => (outcome as PromiseFulfilledResult<never>).value);
        },
      });
    } finally {
      for (const { worker } of taken) worker.unref();
    }
  });
  turn = result.catch(() => undefined);
  return result;
}

/** Frees the memory of finished searches, in the workers that stand ready and in this thread, where they held much. */
export function letGo(): Promise<void> {
  const result = turn.then(async () => {
    if (seats.length === 0 || heldBytes < WORTH_FREEING_BYTES) return;
    heldBytes = 0;
    for (const { worker } of seats) worker.ref();
    // A worker that dies now is missed by the next search, which says so.
    await Promise.allSettled(seats.map((seat) => seat.ask({ kind: 'letGo' })));
    for (const { worker } of seats) worker.unref();
    collectGarbage();
  });
  turn = result;
  return result;
}

/** What a job refers to, however deep; memory that it refers to twice counts twice. */
function sharedBytes(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.buffer instanceof SharedArrayBuffer ? value.byteLength : 0;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, inner) => sum + sharedBytes(inner), 0);
}

/** What the others still do is of no use once one has failed. */
function stop(job: Job): void {
  if ('control' in job) Atomics.store(job.control, CONTROL_STOP, 1);
}

function createSeat(): Seat {
  refuseTelemetry();
  // The caller's Node flags (`--input-type`, test runners' loaders) are meant for its own code and may not fit a worker.
  const worker = new Worker(workerUrl(), { execArgv: [] });
  let asked:
    | {
        resolve: (answer: unknown) => void;
        reject: (error: Error) => void;
        onNews: ((news: WorkerNews) => void) | undefined;
      }
    | undefined;
  let lastId = 0;
  const settle = (): typeof asked => {
    const pending = asked;
    asked = undefined;
    return pending;
  };
  const fail = (reason: string): void => {
    const hint = 'free some memory or lower --threads, then run the same command again';
    settle()?.reject(new AntipodeError('resource', `a search worker died: ${reason}`, { hint }));
  };
  const leave = (reason: string): void => {
    const index = seats.findIndex((seat) => seat.worker === worker);
    if (index >= 0) seats.splice(index, 1);
    fail(reason);
  };
  worker.on('message', (reply: WorkerReply) => {
    if (reply.id !== lastId) return;
    if ('news' in reply) asked?.onNews?.(reply.news);
    else if ('failure' in reply) fail(reply.failure);
    else settle()?.resolve(reply.answer);
  });
  worker.on('error', (error) => leave(error.message));
  worker.on('exit', (code) => leave(`exit code ${code} before an answer`));
  return {
    worker,
    ask: (job, onNews) =>
      new Promise((resolve, reject) => {
        asked = { resolve, reject, onNews };
        worker.postMessage({ id: ++lastId, job });
      }),
  };
}
