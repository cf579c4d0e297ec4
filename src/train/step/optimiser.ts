/**
 * @file AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) as nodes of a training step, with clipping by the global norm of all gradients.
 * Bias correction is part of the learning rate that the host feeds, so that schedules need no node of their own. That makes two differences from
 * `torch.optim.AdamW`, which corrects the means themselves: `epsilon` is added to the root of the uncorrected second mean (the order of operations at
 * the end of section 2 of Kingma and Ba 2015, arXiv 1412.6980), and weights decay by the corrected rate (see `weightDecay`).
 */

import { elements, type Shape, type Tape, type Value } from '../../onnx/gradients/tape.ts';

export interface AdamSettings {
  /** Decay of the running mean of gradients, in [0, 1). */
  readonly beta1: number;
  /** Decay of the running mean of squared gradients, in [0, 1). */
  readonly beta2: number;
  /** Added to the root of the second mean. */
  readonly epsilon: number;
  /**
   * Share of each matrix that is taken off per step, times the learning rate as it is fed, so with `biasCorrection` in it; vectors do not decay.
   * torch's AdamW takes off `rate * weightDecay` at every step t, this one `rate * weightDecay * c` with c = sqrt(1 - beta2^t) / (1 - beta1^t). For
   * betas of 0.9 and 0.99, c is 1 at the first step, 0.47 at the 13th, where it is smallest, 0.80 at the 100th and 0.997 at the 500th: early steps decay
   * less, later ones the same. It stays so because the embedded default was trained this way, with a decay of 0.05, and its seeds have to make the same again.
   */
  readonly weightDecay?: number;
  /** Gradients are scaled down together when their joint Euclidean norm is above it. No clipping where left out. */
  readonly maxGradientNorm?: number;
}

export interface StateSpec {
  readonly name: string;
  readonly shape: Shape;
}

export interface AdamOptions extends AdamSettings {
  /**
   * What becomes of a parameter after its update, such as rows scaled to length 1. Gets the name of the updated value; has to write the final
   * one under the name `as` and return true, or return false and leave it.
   */
  readonly finish?: (parameter: Value, updated: () => string, as: string) => boolean;
}

/** Name of the result that replaces a state tensor. */
export function nextName(name: string): string {
  return `next.${name}`;
}

/**
 * Writes the update of every parameter that has a gradient. Inputs: `learning_rate`, and per parameter X `adam_m.X` and `adam_v.X`; results:
 * `next.X`, `next.adam_m.X`, `next.adam_v.X`, and `gradient_norm` where gradients are clipped.
 * @returns the tensors that a step reads and replaces
 */
export function emitAdam(
  tape: Tape,
  gradients: ReadonlyMap<Value, string>,
  options: AdamOptions,
): StateSpec[] {
  const rate = tape.input('learning_rate', []).name;
  const { beta1, beta2 } = options;
  const { first, second } = gradientFactors(tape, gradients, options);
  const state: StateSpec[] = [];
  for (const [parameter, gradient] of gradients) {
    const { name, shape } = parameter;
    const result = (of: string): string => {
      tape.output(nextName(of), shape);
      state.push({ name: of, shape });
      return nextName(of);
    };
    const mixed = (of: string, decay: number, share: string, what: string): string => {
      const before = tape.node('Mul', [tape.input(of, shape).name, tape.scalar(decay).name]);
      return tape.node('Add', [before, tape.node('Mul', [what, share])], { as: result(of) });
    };
    const m = mixed(`adam_m.${name}`, beta1, first, gradient);
    const v = mixed(`adam_v.${name}`, beta2, second, tape.node('Mul', [gradient, gradient]));
    const root = tape.node('Add', [tape.node('Sqrt', [v]), tape.scalar(options.epsilon).name]);
    const move = tape.node('Mul', [tape.node('Div', [m, root]), rate]);
    const before = decayed(tape, parameter, rate, options.weightDecay ?? 0);
    const as = result(name);
    const updated = (): string => tape.node('Sub', [before, move]);
    if (!options.finish?.(parameter, updated, as)) tape.node('Sub', [before, move], { as });
  }
  return state;
}

/** What a gradient, and its square, are multiplied with. */
function gradientFactors(
  tape: Tape,
  gradients: ReadonlyMap<Value, string>,
  { beta1, beta2, maxGradientNorm }: AdamOptions,
): { readonly first: string; readonly second: string } {
  const [mean, square] = [tape.scalar(1 - beta1).name, tape.scalar(1 - beta2).name];
  if (maxGradientNorm === undefined) return { first: mean, second: square };
  const attributes = { keepdims: { int: 0 } };
  const squares = [...gradients.values()].map((name) => tape.node('ReduceSumSquare', [name], { attributes }));
  const norm = tape.node('Sqrt', [tape.node('Sum', squares)], { as: 'gradient_norm' });
  tape.output('gradient_norm', []);
  const clipped = tape.node('Div', [
    tape.scalar(maxGradientNorm).name,
    tape.node('Max', [norm, tape.scalar(maxGradientNorm).name]),
  ]);
  return {
    first: tape.node('Mul', [clipped, mean]),
    second: tape.node('Mul', [tape.node('Mul', [clipped, clipped]), square]),
  };
}

function decayed(tape: Tape, { name, shape }: Value, rate: string, weightDecay: number): string {
  if (weightDecay === 0 || shape.length < 2 || elements(shape) === 0) return name;
  const kept = tape.node('Sub', [
    tape.scalar(1).name,
    tape.node('Mul', [rate, tape.scalar(weightDecay).name]),
  ]);
  return tape.node('Mul', [name, kept]);
}

/**
 * The factor by which Adam's step has to be multiplied because its means start at zero (Kingma and Ba 2015, end of section 2). Fed as part of the rate,
 * it multiplies the weight decay too.
 * @param step counts from 1
 */
export function biasCorrection(step: number, { beta1, beta2 }: AdamSettings): number {
  return Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step);
}
