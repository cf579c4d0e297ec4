/**
 * @file What a training of a sparse autoencoder gives: weights for activations as the model has them. The scale of training is folded into the
 * biases and thresholds, so that decoder rows keep their length of 1 and activations are in units of the residual stream.
 */

import type { SaeArchitecture } from './step_graph.ts';
import type { LastStep } from './training_checkpoint.ts';

export interface TrainedSae {
  readonly architecture: SaeArchitecture;
  readonly dIn: number;
  readonly dSae: number;
  /** Active latents per activation, for `topk` and (on average) `batchtopk`. */
  readonly k?: number;
  /** `[d_sae, d_in]`. */
  readonly W_enc: Float32Array;
  /** `[d_sae, d_in]`, rows of length 1. */
  readonly W_dec: Float32Array;
  /** `[d_sae]`; pre-activations are `W_enc (x - b_dec) + b_enc`. */
  readonly b_enc: Float32Array;
  /** `[d_in]`. */
  readonly b_dec: Float32Array;
  /** `[d_sae]`, for `jumprelu` and `batchtopk`: a latent is active above it. */
  readonly threshold?: Float32Array;
  /** Share of activations on which each latent fired towards the end of the training, `[d_sae]` in [0, 1]. */
  readonly densities: Float32Array;
  /** What activations were multiplied with in training; folded in here. */
  readonly scale: number;
  readonly steps: number;
  /** Activations trained on. */
  readonly activations: number;
  /** Of the last step's batch, with the batch's own selection of latents. */
  readonly last: LastStep;
}

export interface RawSae {
  readonly architecture: SaeArchitecture;
  readonly dIn: number;
  readonly scale: number;
  /** In training's units, by name. */
  read(name: string): Float32Array;
  /** For `batchtopk`: the running mean of the smallest kept pre-activation, in training's units. */
  readonly threshold: number;
}

/**
 * With activations x and scale s, training computes `pre = W_enc (s x - b) + b_enc` and `s x' = acts W_dec + b`. Divided by s, the same latents are
 * active and the reconstruction is the same. Rows of `W_dec` that are free (`relu`) are brought to length 1 by giving their length to `W_enc` and
 * `b_enc`; a row of zeros stays.
 */
export function foldScale(
  raw: RawSae,
): Pick<TrainedSae, 'W_enc' | 'W_dec' | 'b_enc' | 'b_dec' | 'threshold'> {
  const { architecture, dIn, scale } = raw;
  const W_enc = raw.read('W_enc').slice();
  const W_dec = raw.read('W_dec').slice();
  const divided = (values: Float32Array): Float32Array => values.map((value) => value / scale);
  const b_enc = divided(raw.read('b_enc'));
  const b_dec = divided(raw.read('b_dec'));
  if (architecture === 'relu') foldLengths({ W_enc, W_dec, b_enc }, dIn);
  const folded = { W_enc, W_dec, b_enc, b_dec };
  if (architecture === 'batchtopk') {
    return { ...folded, threshold: new Float32Array(b_enc.length).fill(raw.threshold / scale) };
  }
  if (architecture === 'jumprelu') {
    return { ...folded, threshold: raw.read('log_threshold').map((value) => Math.exp(value) / scale) };
  }
  return folded;
}

function foldLengths(
  { W_enc, W_dec, b_enc }: { W_enc: Float32Array; W_dec: Float32Array; b_enc: Float32Array },
  dIn: number,
): void {
  for (let latent = 0; latent < b_enc.length; latent++) {
    const from = latent * dIn;
    let squares = 0;
    for (let i = from; i < from + dIn; i++) squares += W_dec[i]! ** 2;
    const length = Math.sqrt(squares);
    if (length === 0) continue;
    for (let i = from; i < from + dIn; i++) {
      W_dec[i] = W_dec[i]! / length;
      W_enc[i] = W_enc[i]! * length;
    }
    b_enc[latent] = b_enc[latent]! * length;
  }
}
