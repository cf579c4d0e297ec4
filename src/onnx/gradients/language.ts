/** @file Differentiable operations of language models: looking up embeddings, rotary positions, and the cross entropy of next tokens. */

import { oneMinusSquare } from './elementwise.ts';
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

export interface CrossEntropyOptions {
  /** Logits become `softCap * tanh(x / softCap)` first (Gemma 2's `final_logit_softcapping`). */
  readonly softCap?: number;
  /** `[rows]`, untracked: 0 leaves a row (a pad) out, 1 counts it; all count where left out. */
  readonly weights?: Value;
}

/**
 * Mean negative log-likelihood of the targets, in nats: the sum over counted rows divided by their number (by 1 where none counts).
 * @param logits `[rows, vocab]`
 * @param targets `[rows]`, each in [0, vocab)
 */
export function crossEntropy(
  tape: Tape,
  logits: Value,
  targets: Indices,
  { softCap, weights }: CrossEntropyOptions = {},
): Value {
  const rows = logits.shape[0]!;
  if (elements(targets.shape) !== rows)
    throw new Error(`internal: ${rows} rows of logits, ${elements(targets.shape)} targets`);
  const bent =
    softCap === undefined
      ? undefined
      : tape.node('Tanh', [tape.node('Mul', [logits.name, tape.scalar(1 / softCap).name])]);
  const capped = bent === undefined ? logits.name : tape.node('Mul', [bent, tape.scalar(softCap!).name]);
  const logs = tape.node('LogSoftmax', [capped], { attributes: { axis: { int: -1 } } });
  const column = tape.node('Reshape', [targets.name, tape.integers([-1, 1])]);
  const share = shareOfRows(tape, rows, weights);
  const picked = tape.node('GatherElements', [logs, column], { attributes: { axis: { int: 1 } } });
  const weighted = tape.node('Mul', [picked, share]);
  const total = tape.node('ReduceSum', [weighted], { attributes: { keepdims: { int: 0 } } });
  return tape.record(tape.node('Neg', [total]), [], [logits], (g) => {
    const minusOnes = tape.node('Expand', [tape.scalar(-1).name, tape.integers([rows, 1])]);
    const attributes = { axis: { int: 1 }, reduction: { string: 'add' } };
    const difference = tape.node('ScatterElements', [tape.node('Exp', [logs]), column, minusOnes], {
      attributes,
    });
    const byCapped = tape.node('Mul', [difference, tape.node('Mul', [g, share])]);
    return [bent === undefined ? byCapped : tape.node('Mul', [byCapped, oneMinusSquare(tape, bent)])];
  });
}

/** What each row counts for, `[rows, 1]` or a scalar. */
function shareOfRows(tape: Tape, rows: number, weights: Value | undefined): string {
  if (weights === undefined) return tape.scalar(1 / rows).name;
  const counted = tape.node('ReduceSum', [weights.name], { attributes: { keepdims: { int: 0 } } });
  const divisor = tape.node('Max', [counted, tape.scalar(1).name]);
  return tape.node('Reshape', [tape.node('Div', [weights.name, divisor]), tape.integers([rows, 1])]);
}
