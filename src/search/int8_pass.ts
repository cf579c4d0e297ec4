/**
 * @file Exhaustive search by small integers: rows as bytes, integer products of all pairs on ONNX Runtime, a proven bound (`bound.ts`) on what they can
 * be off by, and float64 for the pairs that the bound leaves in question.
 */

import { throwIfInterrupted } from '../errors.ts';
import { FIGURES_PER_ROW, type PartFigures, rowBounds, scalesOf } from './bound.ts';
import {
  CONTROL_DONE,
  CONTROL_LENGTH,
  CONTROL_NEXT,
  CONTROL_STOP,
  type IntegerRows,
  type PartShape,
  type PassAnswer,
  type PassJob,
} from './int8_jobs.ts';
import { type Workers, withWorkers } from './int8_pool.ts';
import { tileCount } from './int8_tiles.ts';
import { checkPairRequest, compareBottom, compareTop, type PairRequest, type ScoredPair } from './pairs.ts';
import { sampleSeeds } from './seeds.ts';
import { shareRows } from './shared_rows.ts';
import { pairCount } from './tiles.ts';
import { TALLY_BINS } from './verify.ts';
import type { SharedRows } from './worker_protocol.ts';

export interface Int8SearchOptions extends PairRequest {
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Int8SearchResult {
  readonly top: readonly ScoredPair[];
  readonly bottom: readonly ScoredPair[];
  /** Pairs that the integers left in question, and those decided in float64: what a plan is judged by. */
  readonly emitted: number;
  readonly verified: number;
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
    levels ??= (await workers.ask({ kind: 'selfTest' }, 1))[0]!;
    if (levels === 0) return undefined;
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH));
    const stop = (): void => {
      Atomics.store(control, CONTROL_STOP, 1);
    };
    options.signal?.addEventListener('abort', stop);
    if (options.signal?.aborted) stop();
    try {
      const job = await prepare({ workers, rows, others, control, levels, d: a.cols, k: Math.min(k, total) });
      const answers = await runPass(workers, job, total, options);
      throwIfInterrupted(options.signal);
      return join(answers, job.k);
    } finally {
      options.signal?.removeEventListener('abort', stop);
    }
  });
}

interface Preparation {
  readonly workers: Workers;
  readonly rows: SharedRows;
  readonly others: SharedRows | undefined;
  readonly control: Int32Array;
  readonly levels: number;
  readonly d: number;
  readonly k: number;
}

async function prepare(preparation: Preparation): Promise<PassJob> {
  const { rows, others, control, d, k } = preparation;
  const sides = others ? [rows, others] : [rows];
  const part: PartShape = { from: 0, to: d, padded: Math.ceil(d / 16) * 16 };
  const bytes = await quantise(preparation, part, Uint8Array);
  const bounds = rowBounds({ parts: [bytes], isWhole: true, d });
  const [first, second] = sides.map((side, s): IntegerRows => {
    return {
      rows: side,
      bytes: bytes.values[s]!,
      scales: shared(scalesOf(bytes.sides[s]!)),
      bounds: shared(bounds[s]!),
      words: undefined,
    };
  });
  return {
    kind: 'pass',
    a: first!,
    b: second,
    d,
    k,
    width: part.padded,
    fine: undefined,
    tileRows: 256,
    tileColumns: 512,
    seeds: sampleSeeds(rows, others, d, k),
    tallies: { top: emptyTally(), bottom: emptyTally() },
    control,
  };
}

interface Quantised<T> extends PartFigures {
  readonly values: readonly T[];
}

/** One part of both matrices as integers. */
async function quantise<T extends Uint8Array | Int16Array>(
  { workers, rows, others, control, levels, d }: Preparation,
  part: PartShape,
  type: { new (buffer: SharedArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
): Promise<Quantised<T>> {
  const values: T[] = [];
  const sides: Float64Array[] = [];
  for (const side of others ? [rows, others] : [rows]) {
    const count = side.usable.length;
    const out = new type(new SharedArrayBuffer(count * part.padded * type.BYTES_PER_ELEMENT));
    const figures = new Float64Array(new SharedArrayBuffer(count * FIGURES_PER_ROW * 8));
    Atomics.store(control, CONTROL_NEXT, 0);
    const order = undefined;
    await workers.ask({ kind: 'quantise', rows: side, d, order, part, levels, out, figures, control });
    values.push(out);
    sides.push(figures);
  }
  return { values, sides };
}

function emptyTally(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * TALLY_BINS));
}

function shared(values: Float32Array): Float32Array {
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
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

function join(answers: readonly PassAnswer[], k: number): Int8SearchResult {
  const best = (end: 'top' | 'bottom'): ScoredPair[] =>
    answers
      .flatMap((answer) => answer[end])
      .sort(end === 'top' ? compareTop : compareBottom)
      .slice(0, k);
  const sum = (of: 'emitted' | 'verified'): number => answers.reduce((all, answer) => all + answer[of], 0);
  return { top: best('top'), bottom: best('bottom'), emitted: sum('emitted'), verified: sum('verified') };
}
