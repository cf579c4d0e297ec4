/**
 * @file Everything that is asked of all pairs of directions, in one pass over float32 products: the k most aligned and the k most opposed pairs with float64 cosines, a census,
 * each row's nearest and most opposed other row, ranks of given pairs. Kernels look the products through; float64 decides what is too close to call.
 * Memory beyond the matrices: about 30 MB per worker at d = 2304.
 */

import { throwIfInterrupted } from '../errors.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { POWERS } from './census.ts';
import type { FloatAnswer, FloatQuestion } from './float_jobs.ts';
import { CONTROL_LENGTH, CONTROL_WIDEN } from './jobs.ts';
import { checkPairRequest, type PairSearchResult } from './pairs.ts';
import type { RankQuery } from './ranks.ts';
import type { SharedRows } from './row_values.ts';
import { emptyResult, joinAnswers, placeQueries } from './search_answer.ts';
import { shareRows } from './shared_rows.ts';
import { pairCount, tilesFor } from './tiles.ts';
import { stoppedBy, tellingProgress } from './watch.ts';
import { withWorkers } from './worker_pool.ts';

export interface SearchPairsOptions {
  /** Directions; rows with a defect are left out. */
  readonly a: FeatureMatrix;
  /** A second set of directions of the same width: pairs are then (row of a, row of b). */
  readonly b?: FeatureMatrix;
  /** Pairs wanted at each end, >= 0. */
  readonly k: number;
  /** Also count all pairs, and for each of these cosines the pairs below it. An empty list counts all pairs alone. */
  readonly countBelow?: readonly number[];
  /** Also each row's nearest and most opposed other row: see `PairSearchResult.nearest`. */
  readonly nearest?: boolean;
  /** Also the places of these pairs: see `PairSearchResult.ranks`. */
  readonly ranks?: readonly RankQuery[];
  /** Default: all cores. The result does not depend on it. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** @param done pairs visited so far */
  readonly onProgress?: (done: number, total: number) => void;
}

/** First try, in the units of `census.ts`, for rows of this width or more. The largest errors met there come to an eighth of it; shorter sums have larger ones. */
const INITIAL_SLACK = 1.5e-6;
const WIDE_ROWS = 1024;
/** Rows that tell roughly where the cosines lie. */
const GUESSED_FROM = 64;

/**
 * @throws {AntipodeError} `usage` as `checkPairRequest`, `interrupted` on abort (within one tile), `resource` when a worker dies
 */
export async function searchPairs(options: SearchPairsOptions): Promise<PairSearchResult> {
  const { a, b, k } = options;
  checkPairRequest(options);
  const rows = shareRows(a);
  const others = b && shareRows(b);
  const counts = [rows.usable.length, others?.usable.length] as const;
  const total = pairCount(...counts);
  const limits = options.countBelow && Float64Array.from(new Set(options.countBelow)).sort();
  const queries = placeQueries(options.ranks ?? [], rows, others, a.cols);
  if (total === 0) return emptyResult(options);
  const pivot = limits ? Math.fround(guessMean(rows, others, a.cols)) : 0;
  const first = INITIAL_SLACK * Math.sqrt(Math.max(1, WIDE_ROWS / a.cols));
  for (let slack = first; ; slack *= 8) {
    const question: FloatQuestion = {
      a: rows,
      b: others,
      d: a.cols,
      k: Math.min(k, total),
      census: limits && { limits, slack, pivot },
      nearest: options.nearest === true,
      ranks: queries.flatMap((query) => query ?? []),
      control: new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH)),
      tileSums: new Float64Array(new SharedArrayBuffer(8 * POWERS * tilesFor(...counts).length)),
    };
    const answers = await ask(question, total, options);
    if (Atomics.load(question.control, CONTROL_WIDEN) !== 0) continue;
    return joinAnswers({ options, job: question, answers, total, queries });
  }
}

/** One question, shared by the workers. @throws {AntipodeError} `interrupted`, `resource` */
async function ask(
  question: FloatQuestion,
  total: number,
  { threads, signal, onProgress }: SearchPairsOptions,
): Promise<FloatAnswer[]> {
  const { control } = question;
  const tiles = question.tileSums.length / POWERS;
  return withWorkers(threads, async (workers) => {
    const count = Math.min(workers.count, tiles);
    const answers = await stoppedBy(signal, control, () =>
      tellingProgress(onProgress, { control, tiles, total }, () =>
        workers.ask({ kind: 'floats', ...question, workers: count }, count),
      ),
    );
    throwIfInterrupted(signal);
    return answers;
  });
}

/** Mean cosine among a few rows: near enough to take it off before powers are summed. */
function guessMean(a: SharedRows, b: SharedRows | undefined, d: number): number {
  const first = sumOfUnits(a, d);
  const second = b ? sumOfUnits(b, d) : first;
  let dot = 0;
  for (let c = 0; c < d; c++) dot += first.sum[c]! * second.sum[c]!;
  return b ? dot / (first.count * second.count) : (dot - first.count) / (first.count * (first.count - 1));
}

function sumOfUnits(
  { data, norms, usable }: SharedRows,
  d: number,
): { readonly sum: Float64Array; readonly count: number } {
  const sum = new Float64Array(d);
  const count = Math.min(GUESSED_FROM, usable.length);
  for (let at = 0; at < count; at++) {
    const row = usable[Math.floor((at * usable.length) / count)]!;
    for (let c = 0; c < d; c++) sum[c]! += data[row * d + c]! / norms[row]!;
  }
  return { sum, count };
}
