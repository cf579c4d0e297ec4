/**
 * @file How long activations are, and the scale that brings them to the length that hyperparameters are stated for: sqrt(d_in) on average
 * (Bricken et al. 2023; SAELens's `normalize_activations: expected_average_only_in`).
 */

import { AntipodeError } from '../../errors.ts';
import { type Matrix, squaredNorm } from '../../tensor/matrix.ts';

export interface ActivationStatistics {
  readonly rows: number;
  /** Mean Euclidean norm, float64. */
  readonly meanNorm: number;
  /** Mean activation, `[d_in]`, accumulated in float64. */
  readonly mean: Float32Array;
}

/** @throws {AntipodeError} `format` where all activations are zeros */
export function statisticsOf({ cols, data, rows }: Matrix): ActivationStatistics {
  let norms = 0;
  const sums = new Float64Array(cols);
  for (let row = 0; row < rows; row++) {
    norms += Math.sqrt(squaredNorm(data, row * cols, cols));
    for (let col = 0; col < cols; col++) sums[col] = sums[col]! + data[row * cols + col]!;
  }
  if (!(norms > 0)) throw new AntipodeError('format', 'activations: all of them are zero');
  return { rows, meanNorm: norms / rows, mean: Float32Array.from(sums, (sum) => sum / rows) };
}

/** What to multiply activations by, for a mean norm of sqrt(d_in). */
export function activationScale({ mean, meanNorm }: ActivationStatistics): number {
  return Math.sqrt(mean.length) / meanNorm;
}
