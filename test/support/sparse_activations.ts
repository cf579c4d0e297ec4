/** @file Activations made of few directions out of many, about a centre: an `ActivationSource` without a model, whose truth is known. */

import { createRng } from '../../src/tensor/rng.ts';
import type { ActivationSource } from '../../src/train/harvest/activation_source.ts';

export interface SparseActivationsOptions {
  readonly dIn: number;
  /** Directions that activations are made of. */
  readonly directions: number;
  /** How many of them make one activation. */
  readonly active: number;
  /** Standard deviation of what is added to each element. Default 0.02. */
  readonly noise?: number;
  readonly seed?: number;
}

export interface SparseActivations extends ActivationSource {
  /** Unit rows, `[directions, d_in]`. */
  readonly truth: Float32Array;
}

/** Batches are numbered; a position is a number. */
export function sparseActivations(options: SparseActivationsOptions): SparseActivations {
  const { active, dIn, directions, noise = 0.02, seed = 1 } = options;
  const rng = createRng(seed, 'truth');
  const truth = new Float32Array(directions * dIn);
  for (let from = 0; from < truth.length; from += dIn) {
    const row = Float64Array.from({ length: dIn }, () => rng.normal());
    const length = Math.hypot(...row);
    for (let c = 0; c < dIn; c++) truth[from + c] = row[c]! / length;
  }
  const centre = Float64Array.from({ length: dIn }, () => 0.3 * rng.normal());
  let batch = 0;
  return {
    dIn,
    truth,
    async next(rows) {
      const draws = createRng(seed, `batch ${batch++}`);
      const x = new Float32Array(rows * dIn);
      for (let from = 0; from < x.length; from += dIn) {
        for (let c = 0; c < dIn; c++) x[from + c] = centre[c]! + noise * draws.normal();
        for (let i = 0; i < active; i++) {
          const direction = draws.integer(directions) * dIn;
          const size = 1 + draws.uniform();
          for (let c = 0; c < dIn; c++) x[from + c]! += size * truth[direction + c]!;
        }
      }
      return x;
    },
    position: () => batch,
    async seek(position) {
      batch = Number(position);
    },
    async close() {},
  };
}
