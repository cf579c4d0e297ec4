/** @file From what the workers of a search over float32 products found, and what was asked, to the answer. */

import { productErrorBound } from '../onnx/product.ts';
import { coarsen, FINE_BINS, HISTOGRAM_BINS, POWERS, totalBelow } from './census.ts';
import type { FloatAnswer, FloatQuestion, PlacedQuery } from './float_jobs.ts';
import { emptyAnswer, inAllRows, type NearestRows, takeOver } from './nearest_best.ts';
import {
  compareBottom,
  compareTop,
  type PairCensus,
  type PairRequest,
  type PairSearchResult,
  type ScoredPair,
} from './pairs.ts';
import type { RankQuery } from './ranks.ts';
import type { SharedRows } from './row_values.ts';
import { exactCosine } from './verify.ts';

/** What was asked, of a search. */
export interface Asked extends PairRequest {
  readonly countBelow?: readonly number[];
  readonly nearest?: boolean;
  readonly ranks?: readonly RankQuery[];
}

/** By places among the rows that have a direction; undefined for queries without a rank. */
export function placeQueries(
  queries: readonly RankQuery[],
  a: SharedRows,
  b: SharedRows | undefined,
  d: number,
): (PlacedQuery | undefined)[] {
  const second = b ?? a;
  const placesA = placesOf(a);
  const placesB = b ? placesOf(b) : placesA;
  return queries.map(({ from, to, except }) => {
    const [placeFrom, placeTo] = [placesA.get(from), placesB.get(to)];
    if (placeFrom === undefined || placeTo === undefined || (!b && from === to)) return undefined;
    const placeExcept = except === undefined ? undefined : placesB.get(except);
    return { from: placeFrom, to: placeTo, except: placeExcept, cos: exactCosine(a, from, second, to, d) };
  });
}

function placesOf({ usable }: SharedRows): Map<number, number> {
  return new Map(Array.from(usable, (row, place) => [row, place]));
}

/** Of rows that make no pair. */
export function emptyResult({ a, b, countBelow, nearest, ranks }: Asked): PairSearchResult {
  return {
    top: [],
    bottom: [],
    ...(countBelow && { census: emptyCensus(countBelow) }),
    ...(nearest && { nearest: [a, b].flatMap((matrix) => (matrix ? emptyAnswer(matrix.rows) : [])) }),
    ...(ranks && { ranks: new Float64Array(ranks.length).fill(Number.NaN) }),
  };
}

export interface Found {
  readonly options: Asked;
  readonly job: FloatQuestion;
  readonly answers: readonly FloatAnswer[];
  /** All pairs. */
  readonly total: number;
  readonly queries: readonly (PlacedQuery | undefined)[];
}

export function joinAnswers(found: Found): PairSearchResult {
  const { options, job } = found;
  return {
    top: mergeEnds(found, 'top'),
    bottom: mergeEnds(found, 'bottom'),
    ...(options.countBelow && { census: joinCensus(found, options.countBelow) }),
    ...(job.nearest && { nearest: joinNearest(found) }),
    ...(options.ranks && { ranks: joinRanks(found) }),
  };
}

function mergeEnds({ job, answers }: Found, end: 'top' | 'bottom'): ScoredPair[] {
  return answers
    .flatMap((answer) => answer[end])
    .sort(end === 'top' ? compareTop : compareBottom)
    .slice(0, job.k);
}

function joinNearest({ options, job, answers }: Found): NearestRows[] {
  const sides = [
    { rows: job.a, all: options.a.rows },
    ...(job.b && options.b ? [{ rows: job.b, all: options.b.rows }] : []),
  ];
  return sides.map(({ rows, all }, side) => {
    const best = emptyAnswer(rows.usable.length);
    for (const { nearest } of answers) takeOver(best, nearest[side]!);
    const others = job.b ? sides[1 - side]!.rows.usable : rows.usable;
    return inAllRows(best, rows.usable, all, others);
  });
}

function joinRanks({ answers, queries }: Found): Float64Array {
  let place = 0;
  return Float64Array.from(queries, (query) => {
    if (!query) return Number.NaN;
    const at = place++;
    return answers.reduce((rank, { better }) => rank + better[at]!, 1);
  });
}

function joinCensus({ job, answers, total }: Found, countBelow: readonly number[]): PairCensus {
  const { limits } = job.census!;
  const bins = new Float64Array(FINE_BINS);
  const inner = new Float64Array(limits.length + 1);
  for (const { census } of answers) {
    for (let bin = 0; bin < FINE_BINS; bin++) bins[bin]! += census!.bins[bin]!;
    for (let at = 0; at < inner.length; at++) inner[at]! += census!.inner[at]!;
  }
  const below = totalBelow(job.census!, { bins, inner });
  const belowOf = new Map(Array.from(limits, (limit, at) => [limit, below[at]!]));
  return {
    pairs: total,
    ...moments(job, total),
    histogram: coarsen(bins, HISTOGRAM_BINS),
    fineHistogram: bins,
    below: Float64Array.from(countBelow, (limit) => belowOf.get(limit)!),
    evidence: {
      slack: job.census!.slack,
      largestError: Math.max(...answers.map(({ census }) => census!.largestError)),
      decided: answers.reduce((sum, { census }) => sum + census!.decided, 0),
    },
  };
}

/** From the tiles' sums in the order of the tiles. */
function moments(job: FloatQuestion, pairs: number): Pick<PairCensus, 'mean' | 'sd' | 'skewness'> {
  const { tileSums, d } = job;
  const totals = [0, 0, 0];
  for (let at = 0; at < tileSums.length; at++) totals[at % POWERS]! += tileSums[at]!;
  const [shift, square, cube] = totals.map((total) => total / pairs) as [number, number, number];
  const sd = Math.sqrt(Math.max(0, square - shift * shift));
  const third = cube - 3 * shift * square + 2 * shift ** 3;
  return {
    // Float32 cosines of rows that are alike may stand beyond 1 by what they are rounded by.
    mean: Math.min(1, Math.max(-1, job.census!.pivot + shift)),
    sd,
    skewness: sd > productErrorBound(d) ? third / sd ** 3 : Number.NaN,
  };
}

function emptyCensus(countBelow: readonly number[]): PairCensus {
  return {
    pairs: 0,
    mean: Number.NaN,
    sd: Number.NaN,
    skewness: Number.NaN,
    histogram: new Float64Array(HISTOGRAM_BINS),
    fineHistogram: new Float64Array(FINE_BINS),
    below: new Float64Array(countBelow.length),
    evidence: { slack: 0, largestError: 0, decided: 0 },
  };
}
