/**
 * @file The auxiliary loss for dead latents (AuxK: Gao et al. 2024, arXiv 2406.04093, appendix A.2): of the latents that have not fired for long, the
 * `auxK` largest pre-activations of each row reconstruct what the others left over. The squared error is divided by the variance of the leftover
 * about its mean over the batch, which counts as a constant, as the leftover itself does. Only dead latents are computed, so the cost follows
 * their number. Unlike the authors' program, the decoder's bias gets nothing through this reconstruction.
 */

import { castToFloat } from '../../onnx/gradients/elementwise.ts';
import { gemm } from '../../onnx/gradients/products.ts';
import type { Tape, Value } from '../../onnx/gradients/tape.ts';
import { topOfRows } from './select_top.ts';
import { type PreActivations, type SaeParameters, sumRows } from './sparse_autoencoder.ts';

export interface DeadLatentsOptions {
  readonly parameters: SaeParameters;
  readonly encoded: PreActivations;
  /** Reconstruction minus input, `[batch, d_in]`. */
  readonly error: string;
  /** `[d_sae]`, 1 for dead latents, else 0; at least one is dead. */
  readonly dead: Value;
  /** Dead latents that reconstruct a row, at most. */
  readonly auxK: number;
  /** A scalar that the loss is multiplied with. */
  readonly coefficient: Value;
}

export interface DeadLatents {
  /** The loss times its coefficient; it is not recorded, its gradients are added by `addTo`. */
  readonly loss: string;
  /** Adds this loss's gradients to those of the parameters. */
  addTo(gradients: ReadonlyMap<Value, string>): ReadonlyMap<Value, string>;
}

/** A leftover that varies less, such as that of a single row, has nothing for dead latents to learn: the loss is 0 then. */
const LEAST_VARIATION = 1e-20;

export function reviveDeadLatents(tape: Tape, options: DeadLatentsOptions): DeadLatents {
  const { parameters, encoded, error, dead, auxK, coefficient } = options;
  const isDead = tape.node('Cast', [dead.name], { attributes: { to: { int: BOOL } } });
  const latents = tape.node('Reshape', [tape.node('NonZero', [isDead]), tape.integers([-1])]);
  const pick = (name: string, axis: number): string =>
    tape.node('Gather', [name, latents], { attributes: { axis: { int: axis } } });
  const pre = pick(encoded.pre.name, 1);
  const k = tape.node('Min', [tape.node('Shape', [latents]), tape.integers([auxK])]);
  const { mask } = topOfRows(tape, pre, k);
  const acts = tape.node('Mul', [pre, mask]);
  const rows = pick(parameters.W_dec.name, 0);
  const difference = tape.node('Add', [tape.node('MatMul', [acts, rows]), error]);
  const weight = shareOf(tape, coefficient.name, sumOfSquaresAboutMean(tape, error));
  const loss = tape.node('Mul', [weight, sumOfSquares(tape, difference)]);

  const addTo = (gradients: ReadonlyMap<Value, string>): ReadonlyMap<Value, string> => {
    const { W_enc, W_dec, b_enc, b_dec } = parameters;
    const twice = tape.node('Mul', [weight, tape.scalar(2).name]);
    const byOutput = tape.node('Mul', [difference, twice]);
    const byPre = tape.node('Mul', [gemm(tape, byOutput, rows, 'second'), mask]);
    const byBias = sumRows(tape, byPre);
    const byInput = tape.node('MatMul', [byBias, pick(W_enc.name, 0)]);
    const places = tape.node('Reshape', [latents, tape.integers([-1, 1])]);
    const attributes = { reduction: { string: 'add' } };
    // Each latent stands there once, so threads never add to the same row.
    const scatter = (into: string, more: string): string =>
      tape.node('ScatterND', [into, places, more], { attributes });
    const changed = new Map(gradients);
    const change = (value: Value, to: (before: string) => string): void => {
      const before = gradients.get(value);
      if (before === undefined) throw new Error(`internal: ${value.name} has no gradient`);
      changed.set(value, to(before));
    };
    change(W_dec, (before) => scatter(before, gemm(tape, acts, byOutput, 'first')));
    change(W_enc, (before) => scatter(before, gemm(tape, byPre, encoded.centred, 'first')));
    change(b_enc, (before) => scatter(before, byBias));
    change(b_dec, (before) => tape.node('Sub', [before, byInput]));
    return changed;
  };
  return { loss, addTo };
}

/** TensorProto.DataType. */
const BOOL = 9;

function sumOfSquares(tape: Tape, name: string): string {
  return tape.node('ReduceSumSquare', [name], { attributes: { keepdims: { int: 0 } } });
}

/** `[n, d]` -> a scalar. */
function sumOfSquaresAboutMean(tape: Tape, name: string): string {
  const mean = tape.node('ReduceMean', [name, tape.integers([0])], { attributes: { keepdims: { int: 1 } } });
  return sumOfSquares(tape, tape.node('Sub', [name, mean]));
}

/** `coefficient / variation`, or 0 where there is too little of it. */
function shareOf(tape: Tape, coefficient: string, variation: string): string {
  const least = tape.scalar(LEAST_VARIATION).name;
  const isEnough = castToFloat(tape, tape.node('Greater', [variation, least]));
  return tape.node('Div', [tape.node('Mul', [coefficient, isEnough]), tape.node('Max', [variation, least])]);
}
