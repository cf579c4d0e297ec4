/**
 * @file The loss of a training step of a sparse autoencoder in plain float64 loops, written from the papers: what the graph is compared with by central
 * differences. Everything that the step holds constant (the residual of the auxiliary loss) can be held here.
 */

import type { SaeArchitecture } from '../../src/train/sae/step_graph.ts';

export interface PlainProblem {
  readonly architecture: SaeArchitecture;
  readonly batch: number;
  readonly dIn: number;
  readonly dSae: number;
  readonly k: number;
  readonly bandwidth: number;
  /** Beside the loss per element. */
  readonly sparsity: number;
  /** Scaled, `[batch, d_in]`. */
  readonly x: Float64Array;
  readonly dead: readonly number[];
  readonly auxK: number;
  /** 0: without the auxiliary loss. */
  readonly auxiliary: number;
}

export type PlainParameters = Readonly<Record<string, Float64Array>>;

export interface PlainForward {
  readonly loss: number;
  readonly reconstruction: number;
  /** `[batch, d_sae]`. */
  readonly pre: Float64Array;
  readonly acts: Float64Array;
  /** Input minus reconstruction, `[batch, d_in]`. */
  readonly residual: Float64Array;
}

/** @param held the residual that the auxiliary loss takes for a constant; this pass's own where left out */
export function plainForward(problem: PlainProblem, p: PlainParameters, held?: Float64Array): PlainForward {
  const { architecture, batch, dIn, dSae, sparsity, x } = problem;
  const [W_enc, W_dec, b_enc, b_dec] = [p['W_enc']!, p['W_dec']!, p['b_enc']!, p['b_dec']!];
  const pre = new Float64Array(batch * dSae);
  for (let row = 0; row < batch; row++) {
    for (let i = 0; i < dSae; i++) {
      let sum = b_enc[i]!;
      for (let c = 0; c < dIn; c++) sum += W_enc[i * dIn + c]! * (x[row * dIn + c]! - b_dec[c]!);
      pre[row * dSae + i] = sum;
    }
  }
  const acts = activate(problem, p, pre);
  const residual = x.slice();
  let squares = 0;
  for (let row = 0; row < batch; row++) {
    for (let c = 0; c < dIn; c++) {
      let sum = b_dec[c]!;
      for (let i = 0; i < dSae; i++) sum += acts[row * dSae + i]! * W_dec[i * dIn + c]!;
      residual[row * dIn + c]! -= sum;
      squares += residual[row * dIn + c]! ** 2;
    }
  }
  const reconstruction = squares / (batch * dIn);
  const penalty = sparsity === 0 ? 0 : sparsity * sparsityOf(problem, W_dec, acts);
  const auxiliary = auxiliaryLoss(problem, W_dec, pre, held ?? residual);
  const hasPenalty = architecture === 'jumprelu' || architecture === 'relu';
  return {
    loss: reconstruction + (hasPenalty ? penalty : 0) + auxiliary,
    reconstruction,
    pre,
    acts,
    residual,
  };
}

function activate(problem: PlainProblem, p: PlainParameters, pre: Float64Array): Float64Array {
  const { architecture, batch, dSae, k } = problem;
  switch (architecture) {
    case 'batchtopk':
      return keepLargest(pre, k * batch);
    case 'topk': {
      const acts = new Float64Array(pre.length);
      for (let from = 0; from < pre.length; from += dSae)
        acts.set(keepLargest(pre.slice(from, from + dSae), k), from);
      return acts;
    }
    case 'jumprelu':
      return pre.map((value, i) => (value > Math.exp(p['log_threshold']![i % dSae]!) ? value : 0));
    case 'relu':
      return pre.map((value) => Math.max(0, value));
  }
}

function keepLargest(values: Float64Array, count: number): Float64Array {
  const smallest = values.toSorted().at(-count)!;
  return values.map((value) => (value >= smallest && value > 0 ? value : 0));
}

/** Mean L0 of a row (`jumprelu`), or mean L1 with activations times the lengths of decoder rows (`relu`). */
function sparsityOf(
  { architecture, batch, dIn, dSae }: PlainProblem,
  W_dec: Float64Array,
  acts: Float64Array,
): number {
  let sum = 0;
  for (const [at, value] of acts.entries()) {
    const i = at % dSae;
    const weight =
      architecture === 'relu' ? value * Math.hypot(...W_dec.subarray(i * dIn, (i + 1) * dIn)) : 1;
    if (value > 0) sum += weight;
  }
  return sum / batch;
}

function auxiliaryLoss(
  problem: PlainProblem,
  W_dec: Float64Array,
  pre: Float64Array,
  residual: Float64Array,
): number {
  const { auxiliary, auxK, batch, dIn, dSae, dead } = problem;
  if (auxiliary === 0) return 0;
  const mean = new Float64Array(dIn);
  for (const [i, value] of residual.entries()) mean[i % dIn]! += value / batch;
  let variance = 0;
  let squares = 0;
  for (let row = 0; row < batch; row++) {
    const values = Float64Array.from(dead, (i) => pre[row * dSae + i]!);
    const acts = keepLargest(values, Math.min(auxK, dead.length));
    for (let c = 0; c < dIn; c++) {
      let sum = 0;
      for (const [n, i] of dead.entries()) sum += acts[n]! * W_dec[i * dIn + c]!;
      squares += (sum - residual[row * dIn + c]!) ** 2;
      variance += (residual[row * dIn + c]! - mean[c]!) ** 2;
    }
  }
  return (auxiliary * squares) / variance;
}

/**
 * The straight-through gradient by `log_threshold`, from equations 11 and 12 of arXiv 2407.14435 and the chain rule over the exponential.
 * @param byActs gradient of the loss by each activation, `[batch, d_sae]`
 */
export function straightThrough(
  { bandwidth, batch, dSae, sparsity }: PlainProblem,
  logThreshold: Float64Array,
  { pre, byActs }: { readonly pre: Float64Array; readonly byActs: Float64Array },
): Float64Array {
  const gradient = new Float64Array(dSae);
  for (const [at, value] of pre.entries()) {
    const i = at % dSae;
    const threshold = Math.exp(logThreshold[i]!);
    const u = (value - threshold) / bandwidth;
    const kernel = u > -0.5 && u < 0.5 ? 1 : 0;
    const byThreshold =
      -(threshold / bandwidth) * kernel * byActs[at]! - (sparsity / batch / bandwidth) * kernel;
    gradient[i]! += threshold * byThreshold;
  }
  return gradient;
}
