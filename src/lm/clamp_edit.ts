/**
 * @file Features of an SAE set or scaled inside the model, with the SAE's error kept: x becomes decode(changed acts) + (x - decode(acts)), which is
 * x plus the change of each feature's activation times its decoder row. Definitions of activations: `sae/encode.ts`. Sources: Templeton et al.
 * 2024 (Scaling Monosemanticity: clamping, error term added back). Leaves out what is not the sum of one feature at a time.
 */

import { AntipodeError } from '../errors.ts';
import type { Sae } from '../sae/sae.ts';
import { dotRange, rowOf } from '../tensor/matrix.ts';
import type { Edit, Site } from './language_model.ts';

/** `to` sets the activation, at positions where the feature is not active too; `times` multiplies it, so there it stays 0. */
export type FeatureClamp =
  | { readonly feature: number; readonly to: number }
  | { readonly feature: number; readonly times: number };

/**
 * The edit that gives these features other activations, in the SAE's own units, at every position. All are computed from the same x; the edit does
 * not look at the result, so encoding it again gives the value asked for only as far as the feature's encoder and decoder rows agree.
 * Folded in float64, rounded to float32 once.
 * @param sae its input is the stream at this site: for layer L, `blocks.L.hook_resid_post`
 * @throws {AntipodeError} `usage` for no features, one that is not there, given twice or without finite weights, a value that is none, and SAEs
 * whose features cannot be computed one by one (topk, inputs normalised per token)
 */
export function clampEdit(at: Site, sae: Sae, clamps: readonly FeatureClamp[]): Edit {
  checkKind(sae);
  if (clamps.length === 0) throw new AntipodeError('usage', 'clamp: no features were given');
  const lanes = clamps.length;
  const edit = {
    at,
    lanes,
    read: new Float32Array(lanes * sae.dIn),
    write: new Float32Array(lanes * sae.dIn),
    offset: new Float32Array(lanes),
    threshold: new Float32Array(lanes),
    keep: new Float32Array(lanes),
    target: new Float32Array(lanes),
  };
  const seen = new Set<number>();
  clamps.forEach((clamp, lane) => {
    const { feature } = clamp;
    checkFeature(sae, feature);
    const value = 'to' in clamp ? clamp.to : clamp.times;
    if (!Number.isFinite(value)) throw refusal(feature, `cannot be set to ${value}`);
    if (seen.has(feature)) throw refusal(feature, 'was given twice');
    seen.add(feature);
    const { read, write, offset, threshold } = laneOf(sae, feature);
    edit.read.set(read, lane * sae.dIn);
    edit.write.set(write, lane * sae.dIn);
    edit.offset[lane] = offset;
    edit.threshold[lane] = threshold;
    edit.keep[lane] = 'times' in clamp ? clamp.times : 0;
    edit.target[lane] = 'to' in clamp ? clamp.to : 0;
  });
  return edit;
}

function checkKind({ architecture, inputNormalisation, identity, k }: Sae): void {
  if (architecture === 'topk') {
    throw new AntipodeError(
      'usage',
      `${identity.label}: cannot be clamped, because which ${k ?? 'k'} features are active depends on all of them (topk)`,
      { hint: 'steer along the decoder rows, or project them out, instead' },
    );
  }
  if (inputNormalisation === 'layer_norm' || inputNormalisation === 'constant_norm') {
    throw new AntipodeError(
      'usage',
      `${identity.label}: cannot be clamped, because it scales every token by the token's own statistics (${inputNormalisation})`,
      { hint: 'steer along the decoder rows, or project them out, instead' },
    );
  }
}

function checkFeature({ W_dec, W_enc, dSae, rescaleActsByDecoderNorm }: Sae, feature: number): void {
  if (!(Number.isInteger(feature) && feature >= 0 && feature < dSae)) {
    throw refusal(feature, `is not in this SAE (it has features 0 to ${dSae - 1})`);
  }
  if (Number.isNaN(W_enc.norms[feature]!) || Number.isNaN(W_dec.norms[feature]!)) {
    throw refusal(feature, 'has weights that are NaN or infinite');
  }
  if (rescaleActsByDecoderNorm && W_dec.norms[feature] === 0) {
    throw refusal(feature, 'has a decoder row of zeros, in whose length its activation is counted');
  }
}

function refusal(feature: number, problem: string): AntipodeError {
  return new AntipodeError('usage', `clamp: feature ${feature} ${problem}`);
}

interface Lane {
  readonly read: Float64Array;
  readonly write: Float64Array;
  readonly offset: number;
  readonly threshold: number;
}

/** The feature's activation as v = x . read + offset where v > threshold, else 0; a change of it by 1 as `write`. */
function laneOf(sae: Sae, feature: number): Lane {
  const { inputScale, W_dec, W_enc, b_dec, b_enc } = sae;
  const unit = sae.rescaleActsByDecoderNorm ? W_dec.norms[feature]! : 1;
  // Gated: the gate pre + b_gate > 0 is the same as exp(r_mag) pre + b_mag > b_mag - exp(r_mag) b_gate, and both have to hold.
  const magnitude = Math.exp(sae.r_mag?.[feature] ?? 0);
  const bias = b_enc[feature]!;
  const gate = sae.b_gate ? bias - magnitude * sae.b_gate[feature]! : (sae.threshold?.[feature] ?? 0);
  const centre = sae.applyBDecToInput ? dotRange(W_enc.data, feature * sae.dIn, b_dec, 0, sae.dIn) : 0;
  const fold = (row: Float32Array, factor: number): Float64Array =>
    Float64Array.from(row, (value) => value * factor);
  return {
    read: fold(rowOf(W_enc, feature), magnitude * unit * inputScale),
    write: fold(rowOf(W_dec, feature), 1 / (unit * inputScale)),
    offset: (bias - magnitude * centre) * unit,
    threshold: Math.max(0, gate) * unit,
  };
}
