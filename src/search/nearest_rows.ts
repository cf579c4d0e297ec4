/**
 * @file The nearest and the most opposed other row of every row, exactly: n(n-1)/2 integer products decide nearly all, float64 the rest.
 * Memory beyond the matrix: 3 bytes per value, and about 60 MB per worker.
 */

import { throwIfInterrupted } from '../errors.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { askTiles, LARGEST_WIDTH, onIntegers } from './int8_frame.ts';
import { prepareTiles } from './int8_prepare.ts';
import type { NearestJob } from './jobs.ts';
import { type Best, emptyAnswer, inAllRows, type NearestRows, takeOver } from './nearest_best.ts';
import { KNOWN_STEPS, NOTHING_KNOWN } from './nearest_pass.ts';
import { checkThreads } from './pairs.ts';
import type { SharedRows } from './row_values.ts';
import { searchPairs } from './search_pairs.ts';
import { shareRows } from './shared_rows.ts';

export interface NearestRowsOptions {
  /** Default: all cores. The result does not depend on it. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** @param done pairs visited so far */
  readonly onProgress?: (done: number, total: number) => void;
}

/** @throws {AntipodeError} `usage` for a number of threads that is none, `interrupted` on abort (within one tile), `resource` when a worker dies */
export async function nearestRows(
  matrix: FeatureMatrix,
  options: NearestRowsOptions = {},
): Promise<NearestRows> {
  checkThreads(options.threads);
  const rows = shareRows(matrix);
  const d = matrix.cols;
  if (rows.usable.length < 2) return emptyAnswer(matrix.rows);
  const byIntegers =
    d <= LARGEST_WIDTH ? await onIntegers(options, (frame) => search(rows, d, frame, options)) : undefined;
  throwIfInterrupted(options.signal);
  if (byIntegers) return inAllRows(byIntegers, rows.usable, matrix.rows);
  return (await searchPairs({ ...options, a: matrix, k: 0, nearest: true })).nearest![0]!;
}

async function search(
  rows: SharedRows,
  d: number,
  frame: Parameters<Parameters<typeof onIntegers>[1]>[0],
  { onProgress }: NearestRowsOptions,
): Promise<Best> {
  const tiles = await prepareTiles({ ...frame, rows, others: undefined, d }, { head: d, fine: d }, undefined);
  const count = rows.usable.length;
  const nothing = (): Int32Array =>
    new Int32Array(new SharedArrayBuffer(4 * count)).fill(NOTHING_KNOWN * KNOWN_STEPS);
  const job: NearestJob = { kind: 'nearest', ...tiles, known: { high: nothing(), low: nothing() } };
  const answers = await askTiles(job, () => frame.workers.ask(job), onProgress);
  const best = emptyAnswer(count);
  for (const answer of answers) takeOver(best, answer);
  return best;
}
