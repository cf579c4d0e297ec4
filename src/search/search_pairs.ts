/**
 * @file Exhaustive search over all pairs of directions, exactly: the k most aligned and the k most opposed pairs with float64 cosines, and
 * on request a census of all pairs in the same pass. Float32 products on ONNX Runtime find the candidates, float64 decides.
 * Memory beyond the matrices: about 25 MB per worker at d = 2304.
 */

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AntipodeError } from '../errors.ts';
import { productErrorBound } from '../onnx/product.ts';
import { refuseTelemetry } from '../onnx/runtime.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { coarsen, FINE_BINS, totalBelow } from './census.ts';
import {
  checkPairRequest,
  compareBottom,
  compareTop,
  type PairCensus,
  type PairSearchResult,
  type ScoredPair,
} from './pairs.ts';
import { shareRows } from './shared_rows.ts';
import { pairCount, tilesFor } from './tiles.ts';
import {
  CONTROL_DONE,
  CONTROL_LENGTH,
  CONTROL_STOP,
  type SearchJob,
  SUMS_PER_TILE,
  type WorkerAnswer,
} from './worker_protocol.ts';

export interface SearchPairsOptions {
  /** Directions; rows with a defect are left out. */
  readonly a: FeatureMatrix;
  /** A second set of directions of the same width: pairs are then (row of a, row of b). */
  readonly b?: FeatureMatrix;
  /** Pairs wanted at each end, >= 0. */
  readonly k: number;
  /** Also count all pairs, and for each of these cosines the pairs below it. An empty list counts all pairs alone. */
  readonly countBelow?: readonly number[];
  /** Default: all cores. The result does not depend on it. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** @param done pairs visited so far */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Bins of the histogram that a census returns: width 1/512. */
export const HISTOGRAM_BINS = 1024;

/** First try; see `census.ts`. Errors of float32 products at d = 2304 stay below a fifth of it. */
const INITIAL_SLACK = 1e-6;
const POLL_MS = 50;

/**
 * @throws {AntipodeError} `usage` where the widths differ, `interrupted` on abort (within one tile), `resource` when a worker dies
 */
export async function searchPairs(options: SearchPairsOptions): Promise<PairSearchResult> {
  const { a, b, k } = options;
  checkPairRequest(options);
  const rows = shareRows(a);
  const others = b && shareRows(b);
  const total = pairCount(rows.usable.length, others?.usable.length);
  if (total === 0)
    return { top: [], bottom: [], ...(options.countBelow && { census: emptyCensus(options.countBelow) }) };

  const thresholds = options.countBelow && Float64Array.from(options.countBelow);
  for (let slack = INITIAL_SLACK; ; slack *= 8) {
    const job: SearchJob = {
      a: rows,
      b: others,
      d: a.cols,
      k: Math.min(k, total),
      census: thresholds && { thresholds, slack },
      control: new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH)),
      tileSums: new Float64Array(
        new SharedArrayBuffer(8 * SUMS_PER_TILE * tilesFor(rows.usable.length, others?.usable.length).length),
      ),
    };
    const answers = await runWorkers(job, total, options);
    const largestError = Math.max(0, ...answers.map((answer) => answer.census?.largestError ?? 0));
    if (largestError > slack / 4) continue;
    return {
      top: merge(answers, 'top', job.k),
      bottom: merge(answers, 'bottom', job.k),
      ...(job.census && { census: joinCensus(job, answers, total) }),
    };
  }
}

type Finished = Extract<WorkerAnswer, { type: 'finished' }>;

function merge(answers: readonly Finished[], end: 'top' | 'bottom', k: number): ScoredPair[] {
  const compare = end === 'top' ? compareTop : compareBottom;
  return answers
    .flatMap((answer) => answer[end])
    .sort(compare)
    .slice(0, k);
}

function joinCensus(job: SearchJob, answers: readonly Finished[], pairs: number): PairCensus {
  const { thresholds, slack } = job.census!;
  const counts = new Float64Array(FINE_BINS);
  const belowInMarked = new Float64Array(thresholds.length);
  for (const { census } of answers) {
    census!.counts.forEach((count, bin) => {
      counts[bin]! += count;
    });
    census!.belowInMarked.forEach((count, index) => {
      belowInMarked[index]! += count;
    });
  }
  return {
    pairs,
    ...moments(job, pairs),
    histogram: coarsen(counts, HISTOGRAM_BINS),
    fineHistogram: counts,
    below: totalBelow(thresholds, slack, counts, belowInMarked),
  };
}

/** From the tiles' sums in the order of the tiles. */
function moments({ tileSums, d }: SearchJob, pairs: number): Pick<PairCensus, 'mean' | 'sd' | 'skewness'> {
  const totals = [0, 0, 0];
  for (let at = 0; at < tileSums.length; at++) totals[at % SUMS_PER_TILE]! += tileSums[at]!;
  const [mean, square, cube] = totals.map((total) => total / pairs) as [number, number, number];
  const sd = Math.sqrt(Math.max(0, square - mean * mean));
  const third = cube - 3 * mean * square + 2 * mean ** 3;
  return { mean, sd, skewness: sd > productErrorBound(d) ? third / sd ** 3 : Number.NaN };
}

function emptyCensus(countBelow: readonly number[]): PairCensus {
  return {
    pairs: 0,
    mean: Number.NaN,
    sd: Number.NaN,
    skewness: Number.NaN,
    fineHistogram: new Float64Array(FINE_BINS),
    histogram: new Float64Array(HISTOGRAM_BINS),
    below: new Float64Array(countBelow.length),
  };
}

/** Compiled next to this file; from the sources (tests) the built copy is used, because Node 20 cannot run TypeScript in a worker. */
function workerUrl(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? '../../dist/search/worker.js' : './worker.js', import.meta.url);
}

async function runWorkers(job: SearchJob, total: number, options: SearchPairsOptions): Promise<Finished[]> {
  const tileCount = job.tileSums.length / SUMS_PER_TILE;
  const threads = Math.max(1, Math.min(options.threads ?? availableParallelism(), tileCount));
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
