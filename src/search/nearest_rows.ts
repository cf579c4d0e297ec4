/**
 * @file The nearest and the most opposed other row of every row, exactly: n(n-1)/2 integer products decide nearly all, float64 the rest.
 * Memory beyond the matrix: 3 bytes per value, and about 60 MB per worker.
 */

import { throwIfInterrupted } from '../errors.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { askTiles, LARGEST_WIDTH, onIntegers } from './int8_frame.ts';
import type { NearestJob } from './int8_jobs.ts';
import { prepareTiles } from './int8_prepare.ts';
import { nearestByFloats } from './nearest_floats.ts';
import { type Best, emptyAnswer, enter, KNOWN_STEPS, NOTHING_KNOWN } from './nearest_pass.ts';
import { shareRows } from './shared_rows.ts';
import type { SharedRows } from './worker_protocol.ts';

export interface NearestRowsOptions {
  /** Default: all cores. The result does not depend on it. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** @param done pairs visited so far */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Per row of the matrix; -1 and NaN for rows without a direction, and where no other row has one. */
export interface NearestRows {
  /** The row with the largest cosine; the smallest index of equals. */
  readonly nearest: Int32Array;
  /** Its float64 cosine. */
  readonly nearestCos: Float64Array;
  /** The row with the smallest cosine; the smallest index of equals. */
  readonly opposed: Int32Array;
  readonly opposedCos: Float64Array;
}

/** @throws {AntipodeError} `interrupted` on abort (within one tile), `resource` when a worker dies */
export async function nearestRows(
  matrix: FeatureMatrix,
  options: NearestRowsOptions = {},
): Promise<NearestRows> {
  const rows = shareRows(matrix);
  const d = matrix.cols;
  if (rows.usable.length < 2) return emptyAnswer(matrix.rows);
  const byIntegers =
    d <= LARGEST_WIDTH ? await onIntegers(options, (frame) => search(rows, d, frame, options)) : undefined;
  throwIfInterrupted(options.signal);
  return inAllRows(byIntegers ?? (await nearestByFloats(rows, d, options)), rows.usable, matrix.rows);
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
  for (const { nearest, nearestCos, opposed, opposedCos } of answers) {
    for (let row = 0; row < count; row++) {
      if (nearest[row] !== -1) enter(best, row, nearest[row]!, nearestCos[row]!);
      if (opposed[row] !== -1) enter(best, row, opposed[row]!, opposedCos[row]!);
    }
  }
  return best;
}

/** From places among the rows with a direction to rows of the matrix. */
function inAllRows(best: Best, usable: Int32Array, rows: number): NearestRows {
  const all = emptyAnswer(rows);
  usable.forEach((row, place) => {
    if (best.nearest[place] === -1) return;
    all.nearest[row] = usable[best.nearest[place]!]!;
    all.nearestCos[row] = best.nearestCos[place]!;
    all.opposed[row] = usable[best.opposed[place]!]!;
    all.opposedCos[row] = best.opposedCos[place]!;
  });
  return all;
}
