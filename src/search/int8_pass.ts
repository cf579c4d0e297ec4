/**
 * @file Exhaustive search by small integers: rows as bytes, integer products of all pairs on ONNX Runtime, a proven bound (`bound.ts`) on what they can
 * be off by, and float64 for the pairs that the bound leaves in question.
 */

import { throwIfInterrupted } from '../errors.ts';
import { askTiles, LARGEST_WIDTH, onIntegers } from './int8_frame.ts';
import type { PassAnswer } from './int8_jobs.ts';
import { prepare } from './int8_prepare.ts';
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
      forced: options.forced?.plan,
    });
    const answers = await askTiles(job, () => workers.ask(job), options.onProgress);
    throwIfInterrupted(options.signal);
    return { ...join(answers, job.k), plan };
  });
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
