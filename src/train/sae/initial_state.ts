/**
 * @file Where a training begins: the scale of activations, the centre of the cloud, and weights. Decoder rows are random directions of length 1, the
 * encoder starts as their transpose (here: the same rows), `b_dec` at the geometric median of activations (Gao et al. 2024, appendix A).
 */

import { AntipodeError } from '../../errors.ts';
import { createRng } from '../../tensor/rng.ts';
import type { ResolvedSettings } from './settings.ts';

export interface Calibration {
  /** Activations times this have a mean norm of sqrt(d_in). */
  readonly scale: number;
  /** Geometric median of scaled activations, `[d_in]`. */
  readonly centre: Float32Array;
  /** Variance of scaled activations about their mean, over all elements. */
  readonly variance: number;
}

/** Variance over mean square, of what float32 cannot tell from constants. */
const LEAST_SPREAD = 1e-12;

/** Rounds of Weiszfeld's iteration; the centre moves by less than a thousandth of the norm after a few. */
const MEDIAN_ROUNDS = 30;

/**
 * Sums in float64.
 * @param rows `[n, d_in]`, n at least 2
 * @throws {AntipodeError} `format` for rows that hold a NaN or an infinity, or are all alike
 */
export function calibrate(rows: Float32Array, dIn: number): Calibration {
  const count = rows.length / dIn;
  const mean = new Float64Array(dIn);
  let norms = 0;
  let power = 0;
  for (let row = 0; row < count; row++) {
    let squares = 0;
    for (let c = 0; c < dIn; c++) {
      const value = rows[row * dIn + c]!;
      squares += value * value;
      mean[c]! += value / count;
    }
    norms += Math.sqrt(squares);
    power += squares / rows.length;
  }
  if (!Number.isFinite(norms)) {
    throw notFinite(`the first ${count} of them hold`);
  }
  const variance = sumOfSquaresAbout(rows, mean) / rows.length;
  if (!(variance > LEAST_SPREAD * power)) {
    throw new AntipodeError(
      'format',
      `activations: the first ${count} of them are all alike, there is nothing to learn`,
      { hint: 'give texts with more different words, or name another place of the model with --hook' },
    );
  }
  const scale = (Math.sqrt(dIn) * count) / norms;
  const median = geometricMedian(rows, mean);
  return {
    scale,
    centre: Float32Array.from(median, (value) => value * scale),
    variance: variance * scale * scale,
  };
}

/** @param what `the batch of step 3 holds` */
export function notFinite(what: string): AntipodeError {
  return new AntipodeError('format', `activations: ${what} a NaN or an infinity`, {
    hint: 'look at the model: its forward pass overflows at this hook',
  });
}

/** Sum over rows of squared distances to a point `[d_in]`, float64. */
export function sumOfSquaresAbout(rows: Float32Array, point: Float64Array): number {
  const dIn = point.length;
  let sum = 0;
  for (let i = 0; i < rows.length; i += dIn) {
    for (let c = 0; c < dIn; c++) {
      const difference = rows[i + c]! - point[c]!;
      sum += difference * difference;
    }
  }
  return sum;
}

/** Weiszfeld's iteration from the mean: each row counts by the inverse of its distance. */
function geometricMedian(rows: Float32Array, mean: Float64Array): Float64Array {
  const dIn = mean.length;
  let point = mean;
  for (let round = 0; round < MEDIAN_ROUNDS; round++) {
    const next = new Float64Array(dIn);
    let weights = 0;
    for (let i = 0; i < rows.length; i += dIn) {
      let squares = 0;
      for (let c = 0; c < dIn; c++) squares += (rows[i + c]! - point[c]!) ** 2;
      const weight = 1 / Math.max(Math.sqrt(squares), Number.EPSILON);
      weights += weight;
      for (let c = 0; c < dIn; c++) next[c]! += weight * rows[i + c]!;
    }
    for (let c = 0; c < dIn; c++) next[c]! /= weights;
    point = next;
  }
  return point;
}

/** The parameters at the start by name; moments start at 0. */
export function initialParameters(
  settings: ResolvedSettings,
  dIn: number,
  { centre }: Calibration,
): ReadonlyMap<string, Float32Array> {
  const { dSae, seed } = settings;
  const rng = createRng(seed, 'sae weights');
  const W_dec = new Float32Array(dSae * dIn);
  const row = new Float64Array(dIn);
  for (let latent = 0; latent < dSae; latent++) {
    let squares = 0;
    for (let c = 0; c < dIn; c++) {
      const value = rng.normal();
      row[c] = value;
      squares += value * value;
    }
    const length = Math.sqrt(squares);
    for (let c = 0; c < dIn; c++) W_dec[latent * dIn + c] = row[c]! / length;
  }
  const parameters = new Map([
    ['W_dec', W_dec],
    ['W_enc', W_dec.slice()],
    ['b_dec', centre],
  ]);
  if (settings.architecture === 'jumprelu')
    parameters.set('log_threshold', new Float32Array(dSae).fill(Math.log(settings.initialThreshold)));
  return parameters;
}
