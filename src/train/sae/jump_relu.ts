/**
 * @file JumpReLU with the straight-through estimator of Rajamanoharan et al. 2024 (arXiv 2407.14435, equations 11 and 12): values above a threshold of
 * their latent pass unchanged. The step's derivative by the threshold is taken as that of a rectangle of width `bandwidth` around it. Thresholds are
 * kept as logarithms, so that they stay positive.
 */

import { castToFloat } from '../../onnx/gradients/elementwise.ts';
import type { Tape, Value } from '../../onnx/gradients/tape.ts';
import { sumRows } from './sparse_autoencoder.ts';

export interface JumpRelu {
  /** `pre` where it is above the threshold, 0 elsewhere. */
  readonly acts: Value;
  /** Rows in which each latent is active, `[d_sae]`. */
  readonly fired: string;
  /** Mean number of active latents per row, a scalar whose gradient flows to the thresholds alone. */
  readonly l0: Value;
}

/**
 * @param pre `[batch, d_sae]`
 * @param logThreshold `[d_sae]`
 * @param bandwidth epsilon of the paper, in units of `pre`
 */
export function jumpRelu(tape: Tape, pre: Value, logThreshold: Value, bandwidth: number): JumpRelu {
  const threshold = tape.node('Exp', [logThreshold.name]);
  const above = tape.node('Sub', [pre.name, threshold]);
  const mask = castToFloat(tape, tape.node('Greater', [above, tape.scalar(0).name]));
  const near = onDemand(() => {
    const distance = tape.node('Abs', [above]);
    return castToFloat(tape, tape.node('Less', [distance, tape.scalar(bandwidth / 2).name]));
  });
  /** `-threshold / epsilon`: the height of the rectangle times the derivative of the exponential. */
  const height = onDemand(() => tape.node('Mul', [threshold, tape.scalar(-1 / bandwidth).name]));

  const kept = tape.node('Mul', [pre.name, mask]);
  const acts = tape.record(kept, pre.shape, [pre, logThreshold], (g) => {
    const flowing = sumRows(tape, tape.node('Mul', [g, near()]));
    return [
      tape.node('Mul', [g, mask]),
      tape.node('Mul', [flowing, tape.node('Mul', [threshold, height()])]),
    ];
  });
  const rows = tape.scalar(1 / pre.shape[0]!).name;
  const fired = sumRows(tape, mask);
  const active = tape.node('ReduceSum', [fired], { attributes: { keepdims: { int: 0 } } });
  const l0 = tape.record(tape.node('Mul', [active, rows]), [], [logThreshold], (g) => {
    const share = tape.node('Mul', [sumRows(tape, near()), tape.node('Mul', [g, rows])]);
    return [tape.node('Mul', [share, height()])];
  });
  return { acts, fired, l0 };
}

/** Writes its nodes once, where they are first needed: only graphs with a backward pass have them. */
function onDemand(make: () => string): () => string {
  let name: string | undefined;
  return () => {
    name ??= make();
    return name;
  };
}
