/** @file Differentiable operations that work on each element alone. Operands broadcast as in ONNX; results are in the tape's float type. */

import { broadcastShape, sumTo } from './broadcast.ts';
import type { Tape, Value } from './tape.ts';

export function add(tape: Tape, a: Value, b: Value): Value {
  const shape = broadcastShape(a.shape, b.shape);
  return tape.record(tape.node('Add', [a.name, b.name]), shape, [a, b], (g) => [
    a.isTracked ? sumTo(tape, g, shape, a.shape) : undefined,
    b.isTracked ? sumTo(tape, g, shape, b.shape) : undefined,
  ]);
}

export function subtract(tape: Tape, a: Value, b: Value): Value {
  const shape = broadcastShape(a.shape, b.shape);
  return tape.record(tape.node('Sub', [a.name, b.name]), shape, [a, b], (g) => [
    a.isTracked ? sumTo(tape, g, shape, a.shape) : undefined,
    b.isTracked ? tape.node('Neg', [sumTo(tape, g, shape, b.shape)]) : undefined,
  ]);
}

export function multiply(tape: Tape, a: Value, b: Value): Value {
  const shape = broadcastShape(a.shape, b.shape);
  const times = (g: string, other: Value): string => tape.node('Mul', [g, other.name]);
  return tape.record(tape.node('Mul', [a.name, b.name]), shape, [a, b], (g) => [
    a.isTracked ? sumTo(tape, times(g, b), shape, a.shape) : undefined,
    b.isTracked ? sumTo(tape, times(g, a), shape, b.shape) : undefined,
  ]);
}

/** a / b. */
export function divide(tape: Tape, a: Value, b: Value): Value {
  const shape = broadcastShape(a.shape, b.shape);
  const quotient = tape.node('Div', [a.name, b.name]);
  return tape.record(quotient, shape, [a, b], (g) => {
    const byA = tape.node('Div', [g, b.name]);
    return [
      a.isTracked ? sumTo(tape, byA, shape, a.shape) : undefined,
      b.isTracked
        ? sumTo(tape, tape.node('Neg', [tape.node('Mul', [byA, quotient])]), shape, b.shape)
        : undefined,
    ];
  });
}

export function scale(tape: Tape, a: Value, factor: number): Value {
  return multiply(tape, a, tape.scalar(factor));
}

/** The derivative at 0 is 0. */
export function relu(tape: Tape, a: Value): Value {
  const result = tape.node('Relu', [a.name]);
  return tape.record(result, a.shape, [a], (g) => [tape.node('Mul', [g, positive(tape, result)])]);
}

/** 1 where the value is greater than 0, else 0, in the tape's float type. */
export function positive(tape: Tape, name: string): string {
  return castToFloat(tape, tape.node('Greater', [name, tape.scalar(0).name]));
}

/** Truth values as 0 and 1 in the tape's float type. */
export function castToFloat(tape: Tape, name: string): string {
  return tape.node('Cast', [name], { attributes: { to: { int: tape.float === 'float32' ? 1 : 11 } } });
}

export function tanh(tape: Tape, a: Value): Value {
  const result = tape.node('Tanh', [a.name]);
  return tape.record(result, a.shape, [a], (g) => [tape.node('Mul', [g, oneMinusSquare(tape, result)])]);
}

export function sigmoid(tape: Tape, a: Value): Value {
  const result = tape.node('Sigmoid', [a.name]);
  return tape.record(result, a.shape, [a], (g) => {
    const slope = tape.node('Mul', [result, tape.node('Sub', [tape.scalar(1).name, result])]);
    return [tape.node('Mul', [g, slope])];
  });
}

export function exp(tape: Tape, a: Value): Value {
  const result = tape.node('Exp', [a.name]);
  return tape.record(result, a.shape, [a], (g) => [tape.node('Mul', [g, result])]);
}

/** Natural logarithm. */
export function log(tape: Tape, a: Value): Value {
  return tape.record(tape.node('Log', [a.name]), a.shape, [a], (g) => [tape.node('Div', [g, a.name])]);
}

/** The derivative at 0 is infinite: add an epsilon to what may be 0. */
export function squareRoot(tape: Tape, a: Value): Value {
  const result = tape.node('Sqrt', [a.name]);
  return tape.record(result, a.shape, [a], (g) => [
    tape.node('Div', [tape.node('Mul', [g, tape.scalar(0.5).name]), result]),
  ]);
}

export function square(tape: Tape, a: Value): Value {
  return tape.record(tape.node('Mul', [a.name, a.name]), a.shape, [a], (g) => [
    tape.node('Mul', [tape.node('Mul', [g, tape.scalar(2).name]), a.name]),
  ]);
}

/** `x * sigmoid(x)`, the gate of Llama-style MLPs (Elfwing et al. 2018). */
export function silu(tape: Tape, a: Value): Value {
  const gate = tape.node('Sigmoid', [a.name]);
  const result = tape.node('Mul', [a.name, gate]);
  return tape.record(result, a.shape, [a], (g) => {
    const slope = tape.node('Add', [
      gate,
      tape.node('Mul', [result, tape.node('Sub', [tape.scalar(1).name, gate])]),
    ]);
    return [tape.node('Mul', [g, slope])];
  });
}

/** Its cubic coefficient (Hendrycks and Gimpel 2016). */
const GELU_CUBIC = 0.044715;

/**
 * GELU with the tanh approximation (`gelu_pytorch_tanh`), as `x * sigmoid(2u)` with `u = k * (x + cubic * x^3)`: (1 + tanh u) / 2 is sigmoid(2u), and takes
 * fewer passes over the array.
 */
export function geluTanh(tape: Tape, a: Value): Value {
  const k = 2 * Math.sqrt(2 / Math.PI);
  const x = a.name;
  const squared = tape.node('Mul', [x, x]);
  const polynomial = tape.node('Add', [
    tape.node('Mul', [squared, tape.scalar(GELU_CUBIC * k).name]),
    tape.scalar(k).name,
  ]);
  const share = tape.node('Sigmoid', [tape.node('Mul', [x, polynomial])]);
  const result = tape.node('Mul', [x, share]);
  return tape.record(result, a.shape, [a], (g) => {
    const slope = tape.node('Add', [
      tape.node('Mul', [squared, tape.scalar(3 * GELU_CUBIC * k).name]),
      tape.scalar(k).name,
    ]);
    const rest = tape.node('Sub', [result, tape.node('Mul', [result, share])]);
    return [tape.node('Mul', [g, tape.node('Add', [share, tape.node('Mul', [rest, slope])])])];
  });
}

/** The derivative of tanh from its result. */
export function oneMinusSquare(tape: Tape, result: string): string {
  return tape.node('Sub', [tape.scalar(1).name, tape.node('Mul', [result, result])]);
}
