/**
 * @file The layers of a sparse autoencoder as operations of a training step, each with a backward pass of its own: fewer passes over `[batch, d_sae]`
 * than the general operations take. Both matrices are feature-major, `[d_sae, d_in]`. The decoder's bias is subtracted from the input (Bricken et
 * al. 2023).
 */

import { gemm } from '../../onnx/gradients/products.ts';
import type { Tape, Value } from '../../onnx/gradients/tape.ts';

/** The parameters of every architecture. `W_enc`, `W_dec` `[d_sae, d_in]`, `b_enc` `[d_sae]`, `b_dec` `[d_in]`. */
export interface SaeParameters {
  readonly W_enc: Value;
  readonly W_dec: Value;
  readonly b_enc: Value;
  readonly b_dec: Value;
}

export function declareParameters(tape: Tape, dSae: number, dIn: number): SaeParameters {
  return {
    W_enc: tape.parameter('W_enc', [dSae, dIn]),
    W_dec: tape.parameter('W_dec', [dSae, dIn]),
    b_enc: tape.parameter('b_enc', [dSae]),
    b_dec: tape.parameter('b_dec', [dIn]),
  };
}

export interface PreActivations {
  /** `[batch, d_sae]`. */
  readonly pre: Value;
  /** `x - b_dec`, `[batch, d_in]`. */
  readonly centred: string;
}

/** `(x - b_dec) W_encᵀ + b_enc`. The gradient by `b_dec` takes one row times `W_enc`, not a product over the batch. */
export function preActivations(tape: Tape, x: Value, { W_enc, b_enc, b_dec }: SaeParameters): PreActivations {
  const centred = tape.node('Sub', [x.name, b_dec.name]);
  const result = tape.node('Gemm', [centred, W_enc.name, b_enc.name], { attributes: { transB: { int: 1 } } });
  const shape = [x.shape[0]!, W_enc.shape[0]!];
  const pre = tape.record(result, shape, [W_enc, b_enc, b_dec], (g) => {
    const byBias = sumRows(tape, g);
    const byInput = tape.node('MatMul', [byBias, W_enc.name]);
    return [gemm(tape, g, centred, 'first'), byBias, tape.node('Neg', [byInput])];
  });
  return { pre, centred };
}

export interface Reconstruction {
  /** Squared error: mean over all `batch * d_in` elements. */
  readonly loss: Value;
  /** Reconstruction minus input, `[batch, d_in]`. */
  readonly error: string;
}

/**
 * `acts W_dec + b_dec` against `x`.
 * @param slope `[d_sae]`: what the loss grows by with each activation besides, the same for all rows; it joins the product that makes the gradient
 */
export function reconstruct(
  tape: Tape,
  { x, acts, parameters, slope }: { x: Value; acts: Value; parameters: SaeParameters; slope?: string },
): Reconstruction {
  const { W_dec, b_dec } = parameters;
  const output = tape.node('Gemm', [acts.name, W_dec.name, b_dec.name]);
  const error = tape.node('Sub', [output, x.name]);
  const count = x.shape[0]! * x.shape[1]!;
  const squares = tape.node('ReduceSumSquare', [error], { attributes: { keepdims: { int: 0 } } });
  const mean = tape.node('Mul', [squares, tape.scalar(1 / count).name]);
  const loss = tape.record(mean, [], [acts, W_dec, b_dec], (g) => {
    const factor = tape.node('Mul', [g, tape.scalar(2 / count).name]);
    const byOutput = tape.node('Mul', [error, factor]);
    const inputs = [byOutput, W_dec.name, ...(slope === undefined ? [] : [slope])];
    return [
      tape.node('Gemm', inputs, { attributes: { transB: { int: 1 } } }),
      gemm(tape, acts.name, byOutput, 'first'),
      sumRows(tape, byOutput),
    ];
  });
  return { loss, error };
}

/** `[rows, d]` -> `[d]`. */
export function sumRows(tape: Tape, name: string): string {
  return tape.node('ReduceSum', [name, tape.integers([0])], { attributes: { keepdims: { int: 0 } } });
}
