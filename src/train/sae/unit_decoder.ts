/**
 * @file Decoder rows of length 1: the part of their gradient along themselves is taken out before Adam, and each row is scaled back to length 1 after
 * it (Bricken et al. 2023; Gao et al. 2024, appendix A).
 */

import type { Tape, Value } from '../../onnx/gradients/tape.ts';

const OVER_ROW = { attributes: { keepdims: { int: 1 } } };

/** Rows shorter than this stay short instead of becoming infinite. */
const LEAST_LENGTH = 1e-20;

/** The gradient `[d_sae, d_in]` without its part along the rows of `W_dec`, which have length 1. */
export function acrossRows(tape: Tape, gradient: string, W_dec: Value): string {
  const product = tape.node('Mul', [gradient, W_dec.name]);
  const along = tape.node('ReduceSum', [product, tape.integers([1])], OVER_ROW);
  return tape.node('Sub', [gradient, tape.node('Mul', [W_dec.name, along])]);
}

/** @param as name of the result */
export function writeUnitRows(tape: Tape, rows: string, as: string): void {
  const squares = tape.node('ReduceSumSquare', [rows, tape.integers([1])], OVER_ROW);
  const length = tape.node('Max', [tape.node('Sqrt', [squares]), tape.scalar(LEAST_LENGTH).name]);
  tape.node('Div', [rows, length], { as });
}

/** Lengths of the rows, `[d_sae]`, at least tiny: they are divided by. */
export function rowLengths(tape: Tape, W_dec: Value): string {
  const attributes = { keepdims: { int: 0 } };
  const squares = tape.node('ReduceSumSquare', [W_dec.name, tape.integers([1])], { attributes });
  return tape.node('Max', [tape.node('Sqrt', [squares]), tape.scalar(LEAST_LENGTH).name]);
}
