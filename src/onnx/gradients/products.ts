/** @file Differentiable matrix products, and moving elements about: transposition and new shapes. */

import { broadcastShape, sumTo } from './broadcast.ts';
import { elements, type Shape, type Tape, type Value } from './tape.ts';

/**
 * As numpy's `matmul`, for operands of at least two axes; leading axes broadcast.
 * The gradient by a matrix that many rows share is one product over all of them, not a sum of many.
 */
export function matMul(tape: Tape, a: Value, b: Value): Value {
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const inner = a.shape.at(-1)!;
  const columns = b.shape.at(-1)!;
  if (inner !== b.shape.at(-2)) {
    throw new Error(`internal: [${a.shape.join(', ')}] times [${b.shape.join(', ')}] is not a product`);
  }
  const shape = [...batch, a.shape.at(-2)!, columns];
  const isShared = b.shape.length === 2;
  const byA = (g: string): string =>
    isShared && a.shape.length === 2
      ? gemm(tape, g, b.name, 'second')
      : sumTo(tape, tape.node('MatMul', [g, swapLast(tape, b)]), [...batch, ...a.shape.slice(-2)], a.shape);
  const byB = (g: string): string =>
    isShared
      ? gemm(tape, asRows(tape, a.name, inner), asRows(tape, g, columns), 'first')
      : sumTo(tape, tape.node('MatMul', [swapLast(tape, a), g]), [...batch, ...b.shape.slice(-2)], b.shape);
  return tape.record(tape.node('MatMul', [a.name, b.name]), shape, [a, b], (g) => [
    a.isTracked ? byA(g) : undefined,
    b.isTracked ? byB(g) : undefined,
  ]);
}

/** `a` times the transpose of `b`, both matrices: `[m, k]`, `[n, k]` -> `[m, n]`. */
export function matMulTransposed(tape: Tape, a: Value, b: Value): Value {
  if (a.shape.length !== 2 || b.shape.length !== 2 || a.shape[1] !== b.shape[1]) {
    throw new Error(
      `internal: [${a.shape.join(', ')}] times the transpose of [${b.shape.join(', ')}] is not a product`,
    );
  }
  const shape = [a.shape[0]!, b.shape[0]!];
  return tape.record(gemm(tape, a.name, b.name, 'second'), shape, [a, b], (g) => [
    a.isTracked ? tape.node('MatMul', [g, b.name]) : undefined,
    b.isTracked ? gemm(tape, g, a.name, 'first') : undefined,
  ]);
}

/** A product of two matrices of which one is transposed. */
export function gemm(tape: Tape, a: string, b: string, transposed: 'first' | 'second'): string {
  const attributes = { [transposed === 'first' ? 'transA' : 'transB']: { int: 1 } };
  return tape.node('Gemm', [a, b], { attributes });
}

export function transpose(tape: Tape, a: Value, order: readonly number[]): Value {
  const inverse = order.map((_, axis) => order.indexOf(axis));
  const permuted = (name: string, perm: readonly number[]): string =>
    tape.node('Transpose', [name], { attributes: { perm: { ints: perm } } });
  const shape = order.map((axis) => a.shape[axis]!);
  return tape.record(permuted(a.name, order), shape, [a], (g) => [permuted(g, inverse)]);
}

export function reshape(tape: Tape, a: Value, shape: Shape): Value {
  if (elements(shape) !== elements(a.shape)) {
    throw new Error(`internal: [${a.shape.join(', ')}] cannot take the shape [${shape.join(', ')}]`);
  }
  return tape.record(tape.node('Reshape', [a.name, tape.integers(shape)]), shape, [a], (g) => [
    tape.node('Reshape', [g, tape.integers(a.shape)]),
  ]);
}

function asRows(tape: Tape, name: string, width: number): string {
  return tape.node('Reshape', [name, tape.integers([-1, width])]);
}

function swapLast(tape: Tape, { name, shape }: Value): string {
  const order = shape.map((_, axis) => axis);
  order.push(order.splice(-2, 1)[0]!);
  return tape.node('Transpose', [name], { attributes: { perm: { ints: order } } });
}
