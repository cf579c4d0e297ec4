/**
 * @file Chooses how many leading coordinates the search multiplies. With unit rows cut into a head of m coordinates and a tail, |cos - <heads>| is at most
 * |tail_i| |tail_j| (Cauchy-Schwarz), so a pair whose heads say little cannot be extreme where the thresholds are above what tails can add: at best
 * 1 - m/d. Fewer coordinates mean fewer multiplications and more pairs in question. A plan decides about time only, never about results.
 */

import type { SurveyAnswer } from './jobs.ts';
import { BYTE_LOSS } from './plan_survey.ts';

export interface Plan {
  /** Coordinates in bytes, for all pairs. */
  readonly head: number;
  /** Coordinates behind them in 16 bits, for pairs in question; 0 where head is d: such pairs are few, and float64 decides them. */
  readonly fine: number;
  /** Expected pairs in question; -1 where nobody looked. */
  readonly expected: number;
}

export interface PlanInputs {
  readonly d: number;
  readonly pairs: number;
  readonly step: number;
  readonly surveys: readonly SurveyAnswer[];
  readonly seeds: { readonly top: number; readonly bottom: number };
}

/**
 * Nanoseconds of one core, measured with AVX-512 and VNNI; only their ratios matter. Per pair: fixed and per coordinate of the product; per pair in question: a
 * second look, a float64 cosine per 1,000 coordinates.
 */
const COST = { pair: 0.7, coordinate: 0.0047, look: 150, cosine: 1500 } as const;

/** Steps of the survey: widths are multiples of d / 72, rounded to what kernels like. */
export function surveyStep(d: number): number {
  return Math.max(32, Math.round(d / 72 / 32) * 32);
}

/** Pruning needs tails shorter than the thresholds, which below this takes most of the row. */
const WEAKEST_THRESHOLD = 0.4;
/** Widths above this share of the row save too little. */
const LARGEST_HEAD = 0.6;
/** Steps of a second look. */
const FINE_STEPS = 8;
/** How many steps a survey has to cover; 0 where no plan but the whole row can come of it. */
export function surveySteps(d: number, seeds: PlanInputs['seeds']): number {
  return Math.min(seeds.top, seeds.bottom) < WEAKEST_THRESHOLD ? 0 : stepsToSurvey(d);
}

/** Heads and what is looked at again behind them; 0 where the row is too short for both. */
function stepsToSurvey(d: number): number {
  const steps = Math.floor((LARGEST_HEAD * d) / surveyStep(d)) + FINE_STEPS;
  return steps * surveyStep(d) > d ? 0 : steps;
}

export function wholeRows(d: number): Plan {
  return { head: d, fine: 0, expected: -1 };
}

/** Bytes per row that a plan for this width can take: its integers, of whichever kind. */
export function mostIntegerBytes(d: number): number {
  const steps = stepsToSurvey(d);
  return steps === 0 ? d : Math.max(d, (steps + FINE_STEPS) * surveyStep(d));
}

export function choosePlan({ d, pairs, step, surveys, seeds }: PlanInputs): Plan {
  let best = wholeRows(d);
  if (surveys.length === 0) return best;
  let bestCost = COST.pair + COST.coordinate * d;
  const steps = surveys[0]!.survivors.length;
  for (let s = 0; s + FINE_STEPS < steps; s++) {
    const head = (s + 1) * step;
    const share = shareInQuestion(surveys, s, seeds, (BYTE_LOSS * head) / d);
    // What a second look leaves is judged by finer integers: their loss does not count.
    const verified = shareInQuestion(surveys, s + FINE_STEPS, seeds, (BYTE_LOSS * head) / d);
    const cost = COST.pair + COST.coordinate * head + share * COST.look + (verified * COST.cosine * d) / 1000;
    if (cost >= bestCost) continue;
    bestCost = cost;
    best = { head, fine: FINE_STEPS * step, expected: share * pairs };
  }
  return best;
}

/** Counted where enough were met in the sample; otherwise by the tails of two normal distributions. */
function shareInQuestion(
  surveys: readonly SurveyAnswer[],
  s: number,
  seeds: PlanInputs['seeds'],
  loss: number,
): number {
  const pairs = surveys.reduce((sum, survey) => sum + survey.pairs, 0);
  const counted = surveys.reduce((sum, survey) => sum + survey.survivors[s]!, 0) / pairs;
  const tail = (end: 'upper' | 'lower', threshold: number): number => {
    const mean = surveys.reduce((sum, survey) => sum + survey[end].mean[s]!, 0) / surveys.length;
    const variance = surveys.reduce((sum, survey) => sum + survey[end].variance[s]!, 0) / surveys.length;
    return upperTail((threshold - loss - mean) / Math.sqrt(Math.max(variance, 1e-12)));
  };
  return Math.max(counted, tail('upper', seeds.top) + tail('lower', seeds.bottom));
}

/** P(Z > z) of a standard normal Z, within a factor of 1.3 where it matters. */
function upperTail(z: number): number {
  return z <= 0 ? 0.5 : 0.5 * Math.exp(-0.717 * z - 0.416 * z * z);
}
