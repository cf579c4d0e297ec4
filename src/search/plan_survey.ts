/**
 * @file How many pairs a bound by leading coordinates leaves in question, estimated from a sample, for all widths in one sweep. On one worker; float32, because a plan
 * may be wrong without harm.
 */

import { createProductEngine } from '../onnx/product.ts';
import { CONTROL_NEXT, type SurveyAnswer, type SurveyJob } from './jobs.ts';
import type { SharedRows } from './row_values.ts';
import { rowData, rowStart } from './row_values.ts';

/** Rows on each side of the sample of one worker. */
const SAMPLE_ROWS = 96;
/** Expected loss of rounding to bytes, per squared length of the leading part; doubled by the two rows of a pair. */
export const BYTE_LOSS = 0.018;

/** Standard deviations beyond which a sample has nothing to say any more: of all pairs of a million rows, none is expected there. */
const FAR = 7;

interface SampleSide {
  readonly rows: SharedRows;
  readonly picked: readonly number[];
  /** Squared lengths of what follows the leading coordinates. */
  readonly tails: Float64Array;
  readonly part: Float32Array;
}

/** Takes two shares of the rows by the shared counter: within one matrix they are different rows. */
function sampleSide(job: SurveyJob, rows: SharedRows, share: number): SampleSide {
  const n = rows.usable.length;
  const count = Math.min(SAMPLE_ROWS, Math.ceil(n / 2));
  // A multiplicative hash walks over the rows without favouring neighbours.
  const picked = Array.from({ length: count }, (_, r) => {
    const at = Math.imul(share * SAMPLE_ROWS + r + 1, 0x9e3779b1) >>> 0;
    return rows.usable[Math.floor((at / 2 ** 32) * n)]!;
  });
  return { rows, picked, tails: new Float64Array(count).fill(1), part: new Float32Array(count * job.step) };
}

function gather(side: SampleSide, { d, order, step }: SurveyJob, from: number): void {
  const { rows, part, picked, tails } = side;
  picked.forEach((row, r) => {
    const scale = 1 / rows.norms[row]!;
    const data = rowData(rows, row, d, 0);
    const start = rowStart(rows, row, d);
    let squares = 0;
    for (let c = 0; c < step; c++) {
      const coordinate = order ? order[from + c]! : from + c;
      const value = data[start + coordinate]! * scale;
      part[r * step + c] = value;
      squares += value * value;
    }
    tails[r] = Math.max(0, tails[r]! - squares);
  });
}

export async function survey(job: SurveyJob): Promise<SurveyAnswer> {
  const share = Atomics.add(job.control, CONTROL_NEXT, 2);
  const left = sampleSide(job, job.a, share);
  const right = sampleSide(job, job.b ?? job.a, share + 1);
  const [m, n] = [left.picked.length, right.picked.length];
  const pairs = m * n;
  const sums = new Float32Array(pairs);
  const out = new Float32Array(pairs);
  const perStep = (): Float64Array => new Float64Array(job.steps);
  const answer = {
    pairs,
    survivors: perStep(),
    upper: { mean: perStep(), variance: perStep() },
    lower: { mean: perStep(), variance: perStep() },
  };
  const engine = await createProductEngine();
  try {
    for (let s = 0; s < job.steps; s++) {
      gather(left, job, s * job.step);
      gather(right, job, s * job.step);
      const products = await engine.multiply(left.part, right.part, { m, n, d: job.step }, out);
      addTo(sums, products);
      if (judge(job.seeds, sums, left.tails, right.tails, answer, s)) continue;
      repeatFrom(answer, s);
      break;
    }
  } finally {
    await engine.close();
  }
  return answer;
}

/** What is true at width `s` holds for all wider ones. */
function repeatFrom({ survivors, upper, lower }: SurveyAnswer, s: number): void {
  for (const values of [survivors, upper.mean, upper.variance, lower.mean, lower.variance])
    values.fill(values[s]!, s);
}

function addTo(sums: Float32Array, values: Float32Array): void {
  for (let p = 0; p < sums.length; p++) sums[p]! += values[p]!;
}

/** By itself, because a function that is called for each row is compiled after a few of them. */
function judgeRow(
  sums: Float32Array,
  tailOfRow: number,
  tails: Float64Array,
  { over, under }: { readonly over: number; readonly under: number },
  sum: Record<'count' | 'up' | 'upSquares' | 'down' | 'downSquares', number>,
): void {
  let [count, ups, upSquares, downs, downSquares] = [0, 0, 0, 0, 0];
  for (let c = 0; c < tails.length; c++) {
    const tail = (tailOfRow + tails[c]!) / 2;
    const up = tail + sums[c]!;
    const down = tail - sums[c]!;
    if (up >= over || down >= under) count++;
    ups += up;
    upSquares += up * up;
    downs += down;
    downSquares += down * down;
  }
  sum.count += count;
  sum.up += ups;
  sum.upSquares += upSquares;
  sum.down += downs;
  sum.downSquares += downSquares;
}

/** @returns false where nothing in the sample comes near a threshold any more, so that wider heads need no look */
function judge(
  seeds: SurveyJob['seeds'],
  sums: Float32Array,
  left: Float64Array,
  right: Float64Array,
  answer: SurveyAnswer,
  s: number,
): boolean {
  const meanTail = left.reduce((sum, t) => sum + t, 0) / left.length;
  const loss = BYTE_LOSS * (1 - meanTail);
  const over = seeds.top - loss;
  const under = seeds.bottom - loss;
  const { pairs, survivors, upper, lower } = answer;
  survivors[s] = pairs;
  // Tails alone reach a threshold: every pair is in question.
  if (meanTail >= Math.min(over, under)) return true;
  const sum = { count: 0, up: 0, upSquares: 0, down: 0, downSquares: 0 };
  for (let r = 0; r < left.length; r++) {
    const row = sums.subarray(r * right.length, (r + 1) * right.length);
    judgeRow(row, left[r]!, right, { over, under }, sum);
  }
  const { count } = sum;
  survivors[s] = count;
  upper.mean[s] = sum.up / pairs;
  upper.variance[s] = sum.upSquares / pairs - upper.mean[s]! ** 2;
  lower.mean[s] = sum.down / pairs;
  lower.variance[s] = sum.downSquares / pairs - lower.mean[s]! ** 2;
  const isFar = (end: 'upper' | 'lower', limit: number): boolean =>
    limit - answer[end].mean[s]! > FAR * Math.sqrt(answer[end].variance[s]!);
  return count > 0 || !isFar('upper', over) || !isFar('lower', under);
}
