/**
 * @file Thresholds before the search: at least k pairs are known to reach them, because their float64 cosines were computed. The closer they are to the
 * k-th best, the fewer pairs the search leaves in question; wrong they cannot be.
 */

import { CONTROL_NEXT, type MatchAnswer, type SketchedRows } from './jobs.ts';
import type { SharedRows } from './row_values.ts';
import type { CoordinateOrder } from './seeds_order.ts';
import { exactCosine } from './verify.ts';
import type { Workers } from './worker_pool.ts';

/** sign * cosine that at least k different pairs reach, per end; -Infinity where too few pairs were looked at. */
export interface Seeds {
  readonly top: number;
  readonly bottom: number;
}

export interface SeedOptions {
  readonly workers: Workers;
  readonly rows: SharedRows;
  readonly others: SharedRows | undefined;
  readonly d: number;
  readonly k: number;
  readonly order: CoordinateOrder;
  readonly control: Int32Array;
}

/** Groups of 16 bits per sketch at most; 8 of them fill a vector register. */
const MOST_GROUPS = 32;
const GROUPS_AT_LEAST = 8;
/** Rows on both sides from which guessing is cheaper than searching. */
const WORTH_GUESSING = 1024;
/**
 * A second round, with bits fewer to agree in, costs eight times as much and finds pairs down to cosines of 0.6: worth it where the first has found half of what is
 * wanted, and not all of it at cosines that let most coordinates be left out.
 */
const FEWER_BITS = 3;
const PROMISING = 2;
const STRONG = 0.75;
/** Multiplications spent on a plain sample. */
const SAMPLE_WORK = 1e6;

/** The better of guesses by sketches and a plain sample; the two may hold the same pair and are not joined. */
export async function findSeeds(options: SeedOptions): Promise<Seeds> {
  const { rows, others, d, k } = options;
  const sampled = sampleSeeds(rows, others, d, k);
  const groups = Math.min(MOST_GROUPS, Math.floor(d / (16 * GROUPS_AT_LEAST)) * GROUPS_AT_LEAST);
  if (groups === 0 || Math.min(rows.usable.length, (others ?? rows).usable.length) < WORTH_GUESSING)
    return sampled;
  const guessed = await guessSeeds(options, groups);
  return {
    top: Math.max(sampled.top, guessed.top),
    bottom: Math.max(sampled.bottom, guessed.bottom),
  };
}

async function guessSeeds(options: SeedOptions, groups: number): Promise<Seeds> {
  const { workers, rows, others, d, k, order, control } = options;
  const means = order.means.slice(0, groups * 16);
  const sketch = async (side: SharedRows): Promise<SketchedRows> => {
    const out = new Uint8Array(new SharedArrayBuffer(side.usable.length * groups * 2));
    Atomics.store(control, CONTROL_NEXT, 0);
    await workers.ask({ kind: 'sketch', rows: side, d, order: order.order, groups, means, out, control });
    return { rows: side, sketches: out };
  };
  const a = await sketch(rows);
  const b = others && (await sketch(others));
  // As many buckets as rows: a pair at a cosine of 0.8 meets in one of 32 groups four times out of five.
  const bits = Math.max(8, Math.min(16, Math.round(Math.log2((others ?? rows).usable.length))));
  // Rows at a cosine of 0.4 differ in 0.369 of their bits on average.
  const cut = Math.floor(0.369 * groups * 16);
  const guess = async (agreeing: number): Promise<Guesses> => {
    Atomics.store(control, CONTROL_NEXT, 0);
    const job = { kind: 'match', a, b, d, groups, bits: agreeing, cut, keep: 2 * k + 64, control } as const;
    const answers = await workers.ask(job);
    return { top: kth(answers, 'top', k), bottom: kth(answers, 'bottom', k) };
  };
  const first = await guess(bits);
  const ends = [first.top, first.bottom];
  const isPromising = ends.every(({ count }) => count * PROMISING >= k);
  const isWeak = ends.some(({ cosine }) => cosine < STRONG);
  const best = isPromising && isWeak ? await guess(bits - FEWER_BITS) : first;
  return { top: best.top.cosine, bottom: best.bottom.cosine };
}

/** Per end: how many guesses, and sign * cosine of the k-th best. */
type Guesses = Readonly<Record<keyof MatchAnswer, { readonly count: number; readonly cosine: number }>>;

function kth(answers: readonly MatchAnswer[], end: keyof MatchAnswer, k: number): Guesses['top'] {
  const sign = end === 'top' ? 1 : -1;
  const values = Float64Array.from(answers.flatMap((answer) => Array.from(answer[end], (cos) => sign * cos)));
  values.sort();
  const { length } = values;
  return { count: length, cosine: length < k ? Number.NEGATIVE_INFINITY : values[length - k]! };
}

/** From all pairs among rows spread evenly over the matrix, or of both. */
export function sampleSeeds(a: SharedRows, b: SharedRows | undefined, d: number, k: number): Seeds {
  const most = Math.max(2, Math.floor(Math.sqrt((b ? 1 : 2) * (SAMPLE_WORK / d))));
  const rows = spread(a.usable, most);
  const others = b ? spread(b.usable, most) : rows;
  const cosines: number[] = [];
  rows.forEach((i, at) => {
    for (const j of b ? others : others.slice(at + 1)) cosines.push(exactCosine(a, i, b ?? a, j, d));
  });
  const sorted = Float64Array.from(cosines).sort();
  if (sorted.length < k) return { top: Number.NEGATIVE_INFINITY, bottom: Number.NEGATIVE_INFINITY };
  return { top: sorted[sorted.length - k]!, bottom: -sorted[k - 1]! };
}

function spread(rows: Int32Array, most: number): number[] {
  const count = Math.min(rows.length, most);
  return Array.from({ length: count }, (_, r) => rows[Math.floor((r * rows.length) / count)]!);
}
