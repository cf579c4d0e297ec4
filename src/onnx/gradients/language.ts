/** @file Differentiable operations of language models: looking up embeddings, and rotary positions. */

import { elements, type Indices, type Tape, type Value } from './tape.ts';

/**
 * Rows of a table: `[vocab, d]` by ids of any shape `[...]` -> `[..., d]`.
 * Ids outside the table end the step with ONNX Runtime's message; the caller checks them.
 */
export function embedding(tape: Tape, table: Value, ids: Indices): Value {
  const [rows, width] = table.shape as [number, number];
  const shape = [...ids.shape, width];
  const result = tape.node('Gather', [table.name, ids.name], { attributes: { axis: { int: 0 } } });
  return tape.record(result, shape, [table], (g) => {
    const flat = tape.node('Reshape', [g, tape.integers([-1, width])]);
    return [sumRowsById(tape, flat, ids, [rows, width])];
  });
}

/**
 * ONNX Runtime adds with `ScatterND` from several threads at once and without locks (microsoft/onnxruntime#18048): sums of rows with one id would lose
 * terms now and then. A loop whose cost it estimates below this (bytes written here) runs on one thread.
 */
const BYTES_ON_ONE_THREAD = 100_000;

/** For every id, the sum of the gradients of the places where it stood, in their order: `[places, d]` -> `[rows, d]`. */
function sumRowsById(
  tape: Tape,
  gradient: string,
  ids: Indices,
  [rows, width]: readonly [number, number],
): string {
  const places = elements(ids.shape);
  const column = tape.node('Reshape', [ids.name, tape.integers([-1, 1])]);
  const atOnce = Math.max(1, Math.floor(BYTES_ON_ONE_THREAD / (width * (tape.float === 'float32' ? 4 : 8))));
  let sums = tape.node('Expand', [tape.scalar(0).name, tape.integers([rows, width])]);
  for (let from = 0; from < places; from += atOnce) {
    const part = (name: string): string =>
      tape.node('Slice', [name, tape.integers([from]), tape.integers([Math.min(from + atOnce, places)])]);
    const attributes = { reduction: { string: 'add' } };
    sums = tape.node('ScatterND', [sums, part(column), part(gradient)], { attributes });
  }
  return sums;
}

/**
 * Turns pairs of lanes (i, i + d/2) by an angle per position (Su et al. 2021, in Hugging Face's layout).
 * @param x `[..., positions, d]`
 * @param cosines,sines `[positions, d]`, untracked
 */
export function rotate(tape: Tape, x: Value, cosines: Value, sines: Value): Value {
  const half = x.shape.at(-1)! / 2;
  const lanes = (name: string, from: number, to: number): string =>
    tape.node('Slice', [name, tape.integers([from]), tape.integers([to]), tape.integers([-1])]);
  const swapped = (name: string, negated: 'first' | 'second'): string => {
    const [low, high] = [lanes(name, 0, half), lanes(name, half, 2 * half)];
    const parts = negated === 'first' ? [tape.node('Neg', [high]), low] : [high, tape.node('Neg', [low])];
    return tape.node('Concat', parts, { attributes: { axis: { int: -1 } } });
  };
  const direct = tape.node('Mul', [x.name, cosines.name]);
  const result = tape.node('Add', [direct, tape.node('Mul', [swapped(x.name, 'first'), sines.name])]);
  return tape.record(result, x.shape, [x], (g) => [
    tape.node('Add', [
      tape.node('Mul', [g, cosines.name]),
      swapped(tape.node('Mul', [g, sines.name]), 'second'),
    ]),
  ]);
}
