/**
 * @file From one row of logits to the next token. The order is Hugging Face's: repetition penalty (Keskar et al. 2019, arXiv 1909.05858),
 * temperature, top-k, top-p (Holtzman et al. 2020, arXiv 1904.09751), softmax, one draw. Everything is computed in float64 and ties go to
 * the lower id. Pure functions: a draw changes nothing but its own generator. Leaves out min-p, typical sampling and beams.
 */

import { AntipodeError } from '../errors.ts';
import { createRng, type Rng } from '../tensor/rng.ts';

export interface SamplingOptions {
  /** Divides the logits; 0 takes the largest logit (after the repetition penalty). */
  readonly temperature: number;
  /** Keeps the k largest logits, exactly k of them (Hugging Face keeps all that tie with the k-th). */
  readonly topK?: number;
  /** Keeps the smallest set of the most likely tokens whose probabilities reach p, in (0, 1]. */
  readonly topP?: number;
  /** Divides positive and multiplies negative logits of tokens in `seen`, once each; 0.01 to 100, 1 changes nothing. */
  readonly repetitionPenalty?: number;
}

/** What one draw chooses from: the kept tokens. Descending where top-k or top-p is set, by id otherwise. */
export interface TokenDistribution {
  readonly ids: Int32Array;
  /** Sum to 1 up to rounding. */
  readonly probabilities: Float64Array;
}

/** The generator of one row. It depends on the row's own seed only: what the row draws does not change with its neighbours. */
export function createRowRng(seed: number): Rng {
  return createRng(seed, 'next token');
}

/** @throws {AntipodeError} `usage` for values outside their ranges */
export function checkSampling({ temperature, topK, topP, repetitionPenalty }: SamplingOptions): void {
  const check = (isRight: boolean, name: string, got: number | undefined, expected: string): void => {
    if (!isRight)
      throw new AntipodeError('usage', `${name}: is out of range (got ${got}, expected ${expected})`);
  };
  check(Number.isFinite(temperature) && temperature >= 0, 'temperature', temperature, '0 or more');
  check(
    topK === undefined || (Number.isInteger(topK) && topK >= 1),
    'top-k',
    topK,
    'an integer of at least 1',
  );
  check(topP === undefined || (topP > 0 && topP <= 1), 'top-p', topP, 'more than 0 and at most 1');
  const penalty = repetitionPenalty ?? 1;
  check(penalty >= 0.01 && penalty <= 100, 'repetition penalty', penalty, '0.01 to 100');
}

/**
 * The id of the largest logit; of several, the lowest.
 * @throws {AntipodeError} `check` for an empty row and for logits that are no finite numbers
 */
export function greedy(logits: ArrayLike<number>): number {
  checkLogits(logits);
  return largestOf(logits);
}

/** Of numbers that have been looked at. */
function largestOf(logits: ArrayLike<number>): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
}

/**
 * The next token: `greedy` at temperature 0, which draws nothing, and otherwise one uniform number's worth.
 * @param seen ids of the prompt and of what was generated, for the repetition penalty; duplicates count once
 * @throws {AntipodeError} as `greedy` and `checkSampling`
 */
export function sampleToken(
  logits: Float32Array,
  options: SamplingOptions,
  rng: Rng,
  seen: Iterable<number> = [],
): number {
  if (options.temperature === 0) {
    checkSampling(options);
    checkLogits(logits);
    return largestOf(penalised(logits, options.repetitionPenalty, seen));
  }
  const { ids, probabilities } = nextTokenDistribution(logits, options, seen);
  let rest = rng.uniform();
  let chosen = 0;
  for (let i = 0; i < ids.length; i++) {
    if (probabilities[i]! === 0) continue;
    chosen = i;
    rest -= probabilities[i]!;
    if (rest < 0) break;
  }
  return ids[chosen]!;
}

/**
 * The distribution that `sampleToken` draws from. Temperature 0 puts everything on one token.
 * @throws {AntipodeError} as `greedy` and `checkSampling`
 */
export function nextTokenDistribution(
  logits: Float32Array,
  options: SamplingOptions,
  seen: Iterable<number> = [],
): TokenDistribution {
  checkSampling(options);
  checkLogits(logits);
  const { temperature, topK = logits.length, topP = 1 } = options;
  const scores = penalised(logits, options.repetitionPenalty, seen);
  if (temperature === 0) return { ids: Int32Array.of(largestOf(scores)), probabilities: Float64Array.of(1) };
  const top = scores[largestOf(scores)]!;
  // The largest is taken off before the division, so that the smallest temperatures overflow into zeros and not into NaN.
  const weights = new Float64Array(scores.length);
  for (let id = 0; id < scores.length; id++) weights[id] = Math.exp((scores[id]! - top) / temperature);
  if (topK >= logits.length && topP === 1) {
    return { ids: idsBelow(scores.length), probabilities: scaled(weights, sum(weights)) };
  }
  const kept = largest(scores, Math.min(topK, scores.length), topP, weights);
  const keptWeights = Float64Array.from(kept, (id) => weights[id]!);
  return { ids: kept, probabilities: scaled(keptWeights, sum(keptWeights)) };
}

/**
 * The natural logarithm of the token's probability at temperature 1 without any cut (log-softmax).
 * @throws {AntipodeError} `usage` for an id outside the row, `check` as `greedy`
 */
export function logProbability(logits: ArrayLike<number>, id: number): number {
  checkLogits(logits);
  const logit = Number.isInteger(id) ? logits[id] : undefined;
  if (logit === undefined) {
    throw new AntipodeError(
      'usage',
      `id ${id}: has no logit (the row has ids from 0 to ${logits.length - 1})`,
    );
  }
  const top = logits[largestOf(logits)]!;
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i]! - top);
  return logit - top - Math.log(total);
}

function checkLogits(logits: ArrayLike<number>): void {
  if (logits.length === 0) throw new AntipodeError('check', 'logits: the row is empty');
  for (let id = 0; id < logits.length; id++) {
    if (!Number.isFinite(logits[id])) {
      throw new AntipodeError('check', `logits: token ${id} has no finite logit (got ${logits[id]})`, {
        hint: 'the steering may be too strong, or the weights may hold NaN',
      });
    }
  }
}

/** In float64. Ids outside the row have no logit to change: the model may have fewer rows than the tokenizer has ids. */
function penalised(logits: ArrayLike<number>, penalty = 1, seen: Iterable<number>): Float64Array {
  const scores = new Float64Array(logits);
  if (penalty === 1) return scores;
  for (const id of new Set(seen)) {
    const score = scores[id];
    if (score !== undefined) scores[id] = score < 0 ? score * penalty : score / penalty;
  }
  return scores;
}

/**
 * The ids of the `k` largest scores, descending, cut where their share of the weight of all `k` reaches `p`: top-k comes before top-p.
 * A heap, because a vocabulary has 256,000 tokens and few are kept.
 */
function largest(scores: Float64Array, k: number, p: number, weights: Float64Array): Int32Array {
  const heap = idsBelow(scores.length);
  const isBefore = (a: number, b: number): boolean =>
    scores[a]! > scores[b]! || (scores[a]! === scores[b]! && a < b);
  let size = heap.length;
  const sink = (from: number): void => {
    const id = heap[from]!;
    let hole = from;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, id)) break;
      heap[hole] = heap[child]!;
      hole = child;
    }
    heap[hole] = id;
  };
  for (let i = (size >> 1) - 1; i >= 0; i--) sink(i);
  const all = k === scores.length ? sum(weights) : undefined;
  const kept: number[] = [];
  let reached = 0;
  // Where top-k cuts, the whole of which p is a share is known only when all k are out.
  while (kept.length < k && (all === undefined || reached < p * all)) {
    const id = heap[0]!;
    kept.push(id);
    reached += weights[id]!;
    size -= 1;
    heap[0] = heap[size]!;
    if (size > 0) sink(0);
  }
  return Int32Array.from(all === undefined && p < 1 ? nucleus(kept, p * reached, weights) : kept);
}

/** The fewest leading ids whose weights reach `target`. */
function nucleus(ids: readonly number[], target: number, weights: Float64Array): readonly number[] {
  let reached = 0;
  const end = ids.findIndex((id) => {
    reached += weights[id]!;
    return reached >= target;
  });
  return end < 0 ? ids : ids.slice(0, end + 1);
}

function idsBelow(count: number): Int32Array {
  const ids = new Int32Array(count);
  for (let id = 0; id < count; id++) ids[id] = id;
  return ids;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function scaled(weights: Float64Array, total: number): Float64Array {
  return weights.map((weight) => weight / total);
}
