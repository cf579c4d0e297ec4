/**
 * @file Makes a sidecar file in parallel workers, going on where an earlier run was stopped or killed. The unfinished file stands beside its
 * place as `.partial` with a `.journal` of finished pieces; the last step is a rename. The caller holds the lock.
 */

import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AntipodeError } from '../../errors.ts';
import { nonFinite } from '../weights.ts';
import { cacheFailure, noRoom } from './cache_failure.ts';
import { type JournalOf, noteFinished, readJournal, startJournal } from './journal.ts';
import type { SidecarPlan } from './plan.ts';
import { CONTROL_LENGTH, CONTROL_STOP, type QuantiseJob, type WorkerAnswer } from './worker_protocol.ts';

export interface MakeOptions {
  /** Tells the state of the source files; finished pieces of an earlier run count only where it is the same. */
  readonly origin: string;
  /** Workers, all cores where left out; the bytes do not depend on it. */
  readonly threads?: number | undefined;
  /** Finished pieces are kept for the next run. */
  readonly signal?: AbortSignal | undefined;
  /** @param done weights so far, of all that the plan has */
  readonly onProgress?: (done: number) => void;
  /** Called before the file gets its name; what it throws ends the work. */
  readonly check?: () => Promise<void>;
}

export interface MadeSidecar {
  /** Pieces quantised in this run, and pieces that an earlier one had finished. */
  readonly made: number;
  readonly kept: number;
}

/**
 * @param path of the finished file, in a folder that exists
 * @throws {AntipodeError} `format` naming a matrix with NaN or infinite values; `resource` for a full disk, missing rights, a dead worker;
 * `interrupted`
 */
export async function makeSidecar(
  path: string,
  plan: SidecarPlan,
  options: MakeOptions,
): Promise<MadeSidecar> {
  const partial = `${path}.partial`;
  const journal = `${path}.journal`;
  try {
    const expected = await prepare({ partial, journal, plan, origin: options.origin });
    const made = await runWorkers(plan, { expected, partial, journal }, options);
    await options.check?.();
    // A power cut must not leave a finished name with unwritten pages behind it.
    const file = await open(partial, 'r+');
    await file.datasync().finally(() => file.close());
    await rename(partial, path);
    await rm(journal, { force: true });
    return made;
  } catch (error) {
    throw cacheFailure(dirname(path), error);
  }
}

interface Files extends JournalOf {
  readonly partial: string;
  readonly journal: string;
}

/** @returns the checksums of pieces that are said to be finished, NaN for the others */
async function prepare({ partial, journal, plan, origin }: Files): Promise<Float64Array> {
  const found = await stat(partial).catch(() => undefined);
  await requireRoom(dirname(partial), plan.byteLength - (found?.blocks ?? 0) * 512);
  const written = found?.isFile() && found.size === plan.byteLength && readJournal(journal, { plan, origin });
  const file = await open(partial, written ? 'r+' : 'w');
  try {
    // Written again when going on: it is not among the pieces, so nothing else checks it.
    await file.write(plan.header, 0, plan.header.byteLength, 0);
    await file.truncate(plan.byteLength);
  } finally {
    await file.close();
  }
  if (written) return written;
  startJournal(journal, { plan, origin });
  return new Float64Array(plan.pieces.length).fill(Number.NaN);
}

/** @throws {AntipodeError} `resource` where the disk of `folder` has no room for so many more bytes */
export async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, blocks, bsize } = await statfs(folder);
  // Some file systems do not know their size.
  if (blocks > 0 && bytes > bavail * bsize) throw noRoom(folder, bytes, bavail * bsize);
}

interface Work {
  readonly expected: Float64Array;
  readonly partial: string;
  readonly journal: string;
}

async function runWorkers(
  plan: SidecarPlan,
  { expected, partial, journal }: Work,
  options: MakeOptions,
): Promise<MadeSidecar> {
  const { bits, matrices, pieces } = plan;
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH));
  const job: QuantiseJob = { bits, matrices, pieces, target: partial, expected, control };
  const stop = (): void => {
    Atomics.store(control, CONTROL_STOP, 1);
  };
  const counts = { made: 0, kept: 0, weights: 0 };
  const onPiece = (answer: Extract<WorkerAnswer, { type: 'piece' }>): void => {
    // What a broken journal said must not stand beside what is there now: the last line of a piece counts.
    if (!answer.isKept) noteFinished(journal, answer.piece, answer.checksum);
    counts[answer.isKept ? 'kept' : 'made'] += 1;
    const { matrix, outputs } = pieces[answer.piece]!;
    counts.weights += outputs * matrices[matrix]!.inputs;
    options.onProgress?.(counts.weights);
  };
  options.signal?.addEventListener('abort', stop);
  if (options.signal?.aborted) stop();
  try {
    const threads = Math.max(1, Math.min(options.threads ?? availableParallelism(), pieces.length));
    const settled = await Promise.allSettled(
      Array.from({ length: threads }, () => runWorker(job, { onPiece, stopOthers: stop })),
    );
    const failure = settled.find((outcome) => outcome.status === 'rejected');
    if (failure) throw failure.reason;
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
  if (counts.made + counts.kept < pieces.length) {
    throw new AntipodeError('interrupted', 'interrupted while quantising the weights', {
      hint: 'run the same command again: it goes on from there',
    });
  }
  return { made: counts.made, kept: counts.kept };
}

interface Team {
  readonly onPiece: (answer: Extract<WorkerAnswer, { type: 'piece' }>) => void;
  readonly stopOthers: () => void;
}

function runWorker(job: QuantiseJob, { onPiece, stopOthers }: Team): Promise<void> {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const fail = (error: unknown): void => {
      if (isSettled) return;
      isSettled = true;
      stopOthers();
      reject(error);
    };
    const died = (reason: string): AntipodeError =>
      new AntipodeError('resource', `a quantising worker died: ${reason}`, {
        hint: 'free some memory or lower --threads, then run the same command again: it goes on from there',
      });
    // The caller's Node flags (test runners' loaders) are meant for its own code and may not fit a worker.
    const worker = new Worker(workerUrl(), { workerData: job, execArgv: [] });
    worker.on('message', (answer: WorkerAnswer) => {
      try {
        if (answer.type === 'piece') onPiece(answer);
        else if (answer.type === 'non-finite') fail(nonFiniteIn(job, answer.matrix));
        else if (answer.type === 'failed') fail(failureOf(answer));
        else {
          isSettled = true;
          resolve();
        }
      } catch (error) {
        // The journal could not be written.
        fail(error);
      }
    });
    worker.on('error', (error) => fail(died(error.message)));
    worker.on('exit', (code) => fail(died(`exit code ${code} before an answer`)));
  });
}

/** Compiled next to this file; from the sources (tests) the built copy is used, because Node 20 cannot run TypeScript in a worker. */
function workerUrl(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? '../../../dist/lm/quantised/worker.js' : './worker.js', import.meta.url);
}

function nonFiniteIn({ matrices }: QuantiseJob, matrix: number): AntipodeError {
  const { name, source } = matrices[matrix]!;
  return nonFinite(basename(source.path), name);
}

function failureOf({ code, hint, kind, message }: Extract<WorkerAnswer, { type: 'failed' }>): Error {
  if (kind) return new AntipodeError(kind, message, hint === undefined ? {} : { hint });
  return Object.assign(new Error(message), { code });
}
