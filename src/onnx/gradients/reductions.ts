/** @file Differentiable sums and means, and what is made of them: softmax and root-mean-square norms. */

import { sumTo } from './broadcast.ts';
import { scale } from './elementwise.ts';
import { elements, type Tape, type Value } from './tape.ts';

export interface ReductionOptions {
  /** All axes where left out. */
  readonly axes?: readonly number[];
  /** Whether summed axes stay, with length 1. Default false. */
  readonly keepsAxes?: boolean;
}

export function sum(
  tape: Tape,
  a: Value,
  { axes = a.shape.map((_, i) => i), keepsAxes = false }: ReductionOptions = {},
): Value {
  const kept = a.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const shape = keepsAxes ? kept : a.shape.filter((_, axis) => !axes.includes(axis));
  const attributes = { keepdims: { int: keepsAxes ? 1 : 0 } };
  const result = tape.node('ReduceSum', [a.name, tape.integers(axes)], { attributes });
  return tape.record(result, shape, [a], (g) => {
    const column = keepsAxes ? g : tape.node('Reshape', [g, tape.integers(kept)]);
    return [tape.node('Expand', [column, tape.integers(a.shape)])];
  });
}

export function mean(tape: Tape, a: Value, options: ReductionOptions = {}): Value {
  const total = sum(tape, a, options);
  return scale(tape, total, elements(total.shape) / elements(a.shape));
}

/** Over the last axis. */
export function softmax(tape: Tape, a: Value): Value {
  const result = tape.node('Softmax', [a.name], { attributes: { axis: { int: -1 } } });
  return tape.record(result, a.shape, [a], (g) => {
    const weighted = tape.node('Mul', [g, result]);
    return [tape.node('Sub', [weighted, tape.node('Mul', [result, lastAxis(tape, 'ReduceSum', weighted)])])];
  });
}

export interface RmsNormOptions {
  readonly epsilon: number;
  /** `plain`: times the weight (Llama). `offset`: times one plus the weight (Gemma). */
  readonly weightForm: 'plain' | 'offset';
}

/**
 * `x / sqrt(mean(x^2) + epsilon)` over the last axis, times the weight (Zhang and Sennrich 2019).
 * @param weight `[d]`, d being the last axis of x
 */
export function rmsNorm(tape: Tape, x: Value, weight: Value, { epsilon, weightForm }: RmsNormOptions): Value {
  const power = lastAxis(tape, 'ReduceMean', tape.node('Mul', [x.name, x.name]));
  const size = tape.node('Sqrt', [tape.node('Add', [power, tape.scalar(epsilon).name])]);
  const inverse = tape.node('Reciprocal', [size]);
  const unit = tape.node('Mul', [x.name, inverse]);
  const gain = weightForm === 'plain' ? weight.name : tape.node('Add', [weight.name, tape.scalar(1).name]);
  return tape.record(tape.node('Mul', [unit, gain]), x.shape, [x, weight], (g) => {
    const byUnit = tape.node('Mul', [g, gain]);
    const along = lastAxis(tape, 'ReduceMean', tape.node('Mul', [byUnit, unit]));
    const across = tape.node('Sub', [byUnit, tape.node('Mul', [unit, along])]);
    return [
      x.isTracked ? tape.node('Mul', [inverse, across]) : undefined,
      weight.isTracked ? sumTo(tape, tape.node('Mul', [g, unit]), x.shape, weight.shape) : undefined,
    ];
  });
}

function lastAxis(tape: Tape, op: 'ReduceSum' | 'ReduceMean', name: string): string {
  return tape.node(op, [name, tape.integers([-1])], { attributes: { keepdims: { int: 1 } } });
}
