/**
 * @file Exhaustive search by small integers: rows as bytes, integer products of all pairs on ONNX Runtime, a proven bound (`bound.ts`) on what they can
 * be off by, and float64 for the pairs that the bound leaves in question.
 */

import { throwIfInterrupted } from '../errors.ts';
import { type ColumnRange, rangesLeft, shardColumns, WHOLE } from './columns.ts';
import {
  createKeeper,
  type FoundPairs,
  type FoundSoFar,
  joinFound,
  NOTHING_FOUND,
  type PartOptions,
  reachedBy,
} from './found.ts';
import { askTiles, LARGEST_WIDTH, onIntegers } from './int8_frame.ts';
import { prepare } from './int8_prepare.ts';
import { CONTROL_STOP, type PassJob } from './jobs.ts';
import { checkPairRequest } from './pairs.ts';
import type { Plan } from './plan.ts';
import { type SearchableRows, shareRows } from './shared_rows.ts';
import { pairCount } from './tiles.ts';
import type { Workers } from './worker_pool.ts';

export interface Int8SearchOptions extends PartOptions {
  readonly a: SearchableRows;
  /** Absent for pairs within `a`. */
  readonly b?: SearchableRows;
  /** As in `PairRequest`. */
  readonly k: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  /** Takes this plan, or bytes of this magnitude, instead of finding out: for tests and benchmarks. */
  readonly forced?: { readonly plan?: Plan; readonly levels?: number };
}

export interface Int8SearchResult extends FoundPairs {
  /** Pairs that the integers left in question, and those decided in float64: what a plan is judged by. */
  readonly emitted: number;
  readonly verified: number;
  readonly plan?: Plan;
}

/**
 * @returns undefined where this machine or this width has no exact integer products: then floating point has to do.
 * @throws {AntipodeError} `interrupted` on abort (within one tile), `resource` when a worker dies
 */
export async function searchInt8(options: Int8SearchOptions): Promise<Int8SearchResult | undefined> {
  checkPairRequest(options);
  const { a, b, k } = options;
  const rows = shareRows(a);
  const others = b && shareRows(b);
  const table = { rows: rows.usable.length, others: others?.usable.length };
  const total = pairCount(table.rows, table.others);
  const range = shardColumns(options.shard ?? WHOLE, table);
  const from = options.from ?? NOTHING_FOUND;
  const columns = k === 0 || total === 0 ? [] : rangesLeft(range, from.done);
  if (columns.length === 0)
    return finish(options, { top: from.top, bottom: from.bottom, emitted: 0, verified: 0 }, range);
  if (a.cols > LARGEST_WIDTH) return undefined;
  return onIntegers(options, async ({ workers, control, levels }) => {
    const { job, plan } = await prepare({
      workers,
      rows,
      others,
      control,
      levels: options.forced?.levels ?? levels,
      d: a.cols,
      k: Math.min(k, total),
      pairs: total,
      columns,
      known: reachedBy(from, k),
      tellEvery: options.onFound && (options.tellEvery ?? TELL_EVERY_MS),
      forced: options.forced?.plan,
    });
    const result = await pass({ ...options, workers, control, job, from });
    throwIfInterrupted(options.signal);
    return finish(options, { ...result, plan }, range);
  });
}

/** Longer than writing takes on a slow disk, and no loss to do again. */
const TELL_EVERY_MS = 2000;

interface Pass extends Int8SearchOptions {
  readonly workers: Workers;
  readonly control: Int32Array;
  readonly job: PassJob;
  readonly from: FoundSoFar;
}

async function pass({
  k,
  onFound,
  onProgress,
  workers,
  control,
  job,
  from,
}: Pass): Promise<Int8SearchResult> {
  const onFailure = (): void => {
    Atomics.store(control, CONTROL_STOP, 1);
  };
  const keeper = onFound && createKeeper({ k, from, onFound, onFailure });
  try {
    const answers = await askTiles(job, () => workers.ask(job, undefined, keeper?.take), onProgress);
    const sum = (of: 'emitted' | 'verified'): number => answers.reduce((all, answer) => all + answer[of], 0);
    return { ...joinFound([from, ...answers], k), emitted: sum('emitted'), verified: sum('verified') };
  } finally {
    await keeper?.settle();
  }
}

async function finish(
  { onFound }: Int8SearchOptions,
  result: Int8SearchResult,
  range: ColumnRange,
): Promise<Int8SearchResult> {
  await onFound?.({ done: range.from < range.to ? [range] : [], top: result.top, bottom: result.bottom });
  return result;
}
