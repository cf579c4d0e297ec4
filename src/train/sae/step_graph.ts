/**
 * @file One training step of a sparse autoencoder as one graph: forward, backward, Adam, decoder rows back to length 1. Architectures: BatchTopK
 * (Bussmann et al. 2024), TopK (Gao et al. 2024), JumpReLU (Rajamanoharan et al. 2024), and ReLU with an L1 penalty weighted by the
 * lengths of decoder rows, which are free there (Conerly et al. 2024).
 *
 * The loss is the mean squared error over `batch * d_in` elements, plus `sparsity` times the mean L0 or L1 of a row, plus `auxiliary` times the
 * auxiliary loss. Published coefficients stand beside a sum over d_in: divided by d_in they are the same here.
 */

import { add, multiply, positive } from '../../onnx/gradients/elementwise.ts';
import { type FloatType, Tape, type Value } from '../../onnx/gradients/tape.ts';
import { type AdamSettings, emitAdam, type StateSpec } from '../step/optimiser.ts';
import { reviveDeadLatents } from './dead_latents.ts';
import { jumpRelu } from './jump_relu.ts';
import { keep, topOfBatch, topOfRows } from './select_top.ts';
import {
  declareParameters,
  preActivations,
  reconstruct,
  type SaeParameters,
  sumRows,
} from './sparse_autoencoder.ts';
import { acrossRows, rowLengths, writeUnitRows } from './unit_decoder.ts';

export type SaeArchitecture = 'batchtopk' | 'topk' | 'jumprelu' | 'relu';

export interface StepGraphOptions {
  readonly architecture: SaeArchitecture;
  readonly dIn: number;
  readonly dSae: number;
  readonly batch: number;
  /** Active latents per row, for `topk` and (on average) `batchtopk`. */
  readonly k: number;
  /** For `jumprelu`. */
  readonly bandwidth: number;
  /** Dead latents per row in the auxiliary loss. */
  readonly auxK: number;
  /** Whether the graph has the auxiliary loss; it then takes `dead` and `auxiliary` and wants at least one dead latent. */
  readonly revives: boolean;
  readonly adam: AdamSettings;
  readonly float?: FloatType;
}

/**
 * A graph and the tensors it replaces. Inputs besides the state: `x` `[batch, d_in]`, and the scalars `input_scale`, `learning_rate`, where the
 * architecture has them `candidate_floor` (see `topOfBatch`) and `sparsity`, and where it revives `dead` `[d_sae]` and `auxiliary`. Results besides
 * the state: `loss`, `reconstruction` (the mean squared error), `fired` `[d_sae]` (rows in which each latent is active), for `batchtopk`
 * `smallest` (the smallest kept pre-activation), `gradient_norm` where gradients are clipped.
 */
export interface StepGraph {
  readonly tape: Tape;
  readonly state: readonly StateSpec[];
  readonly gradients: ReadonlyMap<Value, string>;
}

export function buildStepGraph(options: StepGraphOptions): StepGraph {
  const { architecture, batch, dIn, dSae, adam, revives } = options;
  const tape = new Tape(options.float);
  const parameters = declareParameters(tape, dSae, dIn);
  const raw = tape.input('x', [batch, dIn]);
  const x = multiply(tape, raw, tape.input('input_scale', []));
  const encoded = preActivations(tape, x, parameters);
  const active = ENCODERS[architecture](tape, encoded.pre, parameters, options);
  const { acts, fired, penalty, slope } = active;
  const { loss: squares, error } = reconstruct(tape, { x, acts, parameters, ...(slope && { slope }) });
  tape.expose('reconstruction', squares);
  tape.expose('fired', { name: fired, shape: [dSae], isTracked: false });
  const loss = penalty === undefined ? squares : add(tape, squares, penalty);
  let gradients = tape.gradients(loss);
  let total = loss;
  if (revives) {
    const dead = tape.input('dead', [dSae]);
    const coefficient = tape.input('auxiliary', []);
    const { auxK } = options;
    const revived = reviveDeadLatents(tape, { parameters, encoded, error, dead, auxK, coefficient });
    gradients = revived.addTo(gradients);
    total = { ...loss, name: tape.node('Add', [loss.name, revived.loss]) };
  }
  tape.expose('loss', total);
  if (architecture === 'relu') return { tape, gradients, state: emitAdam(tape, gradients, adam) };
  gradients = withUnitRows(tape, gradients, parameters);
  const finish = (parameter: Value, updated: () => string, as: string): boolean => {
    if (parameter !== parameters.W_dec) return false;
    writeUnitRows(tape, updated(), as);
    return true;
  };
  return { tape, gradients, state: emitAdam(tape, gradients, { ...adam, finish }) };
}

function withUnitRows(
  tape: Tape,
  gradients: ReadonlyMap<Value, string>,
  { W_dec }: SaeParameters,
): ReadonlyMap<Value, string> {
  const before = gradients.get(W_dec);
  if (before === undefined) throw new Error('internal: W_dec has no gradient');
  return new Map(gradients).set(W_dec, acrossRows(tape, before, W_dec));
}

interface Encoded {
  /** `[batch, d_sae]`. */
  readonly acts: Value;
  /** Rows in which each latent is active, `[d_sae]`. */
  readonly fired: string;
  /** The sparsity term, coefficient included, as far as it is differentiated apart from `slope`. */
  readonly penalty?: Value;
  /** `[d_sae]`: what the sparsity term grows by with each activation. */
  readonly slope?: string;
}

type Encoder = (tape: Tape, pre: Value, parameters: SaeParameters, options: StepGraphOptions) => Encoded;

const ENCODERS: Record<SaeArchitecture, Encoder> = {
  batchtopk(tape, pre, _, { k }) {
    const { mask, smallest } = topOfBatch(tape, pre, k, tape.input('candidate_floor', []));
    tape.expose('smallest', { name: smallest, shape: [], isTracked: false });
    return { acts: keep(tape, pre, mask), fired: sumRows(tape, mask) };
  },
  topk(tape, pre, _, { k }) {
    const { mask } = topOfRows(tape, pre.name, tape.integers([k]));
    return { acts: keep(tape, pre, mask), fired: sumRows(tape, mask) };
  },
  jumprelu(tape, pre, _, { bandwidth, dSae }) {
    const logThreshold = tape.parameter('log_threshold', [dSae]);
    const { acts, fired, l0 } = jumpRelu(tape, pre, logThreshold, bandwidth);
    return { acts, fired, penalty: multiply(tape, l0, tape.input('sparsity', [])) };
  },
  relu(tape, pre, { W_dec }, { batch }) {
    const mask = positive(tape, pre.name);
    const acts = keep(tape, pre, mask);
    const lengths = rowLengths(tape, W_dec);
    const share = tape.node('Mul', [tape.input('sparsity', []).name, tape.scalar(1 / batch).name]);
    const sums = tape.node('Mul', [sumRows(tape, acts.name), share]);
    const weighted = tape.node('Mul', [sums, lengths]);
    const l1 = tape.node('ReduceSum', [weighted], { attributes: { keepdims: { int: 0 } } });
    const penalty = tape.record(l1, [], [W_dec], (g) => {
      const factor = tape.node('Mul', [tape.node('Div', [sums, lengths]), g]);
      return [tape.node('Mul', [W_dec.name, tape.node('Reshape', [factor, tape.integers([-1, 1])])])];
    });
    return { acts, fired: sumRows(tape, mask), penalty, slope: tape.node('Mul', [lengths, share]) };
  },
};
