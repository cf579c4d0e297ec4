/**
 * @file What a loader returns after reading headers only: which stored arrays are the two matrices and the small vectors, which axis
 * counts features, and how the numbers are meant. One loader per published format writes it; `open_layout.ts` alone reads weights by it.
 */

import type { StoredTensor } from '../formats/tensor_file.ts';
import type { Sae, SaeHeader } from './sae.ts';

/** One stored matrix. */
export interface MatrixLayout {
  readonly tensor: StoredTensor;
  /** The axis of `tensor.shape` that counts features: 0 where features are rows, 1 where they are columns. */
  readonly featureAxis: 0 | 1;
  /** Every value is multiplied by it on reading: one number, or one per feature. */
  readonly scale?: number | VectorLayout;
}

/** One small vector: stored, or the same number everywhere. */
export type VectorLayout = StoredVector | ConstantVector;

export interface StoredVector {
  readonly tensor: StoredTensor;
  /** `exp` for log thresholds, `exp10` for log10 firing rates. */
  readonly transform?: 'exp' | 'exp10';
}

export interface ConstantVector {
  readonly constant: number;
  readonly length: number;
  /** Each element is divided by the norm of that feature's decoder row (Llama Scope's threshold in units of the reconstruction). */
  readonly isOverDecoderNorm?: boolean;
}

export interface SaeLayout {
  readonly header: SaeHeader;
  readonly W_enc: MatrixLayout;
  readonly W_dec: MatrixLayout;
  readonly vectors: {
    readonly b_enc: VectorLayout;
    readonly b_dec: VectorLayout;
    readonly threshold?: VectorLayout;
    readonly b_gate?: VectorLayout;
    readonly r_mag?: VectorLayout;
    readonly densities?: VectorLayout;
  };
  readonly encoding: EncodingRules;
}

/** The part of a `Sae` that says how numbers are used, not what they are. */
export type EncodingRules = Pick<
  Sae,
  'applyBDecToInput' | 'inputNormalisation' | 'inputScale' | 'rescaleActsByDecoderNorm'
>;
