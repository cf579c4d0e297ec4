/**
 * @file Cross entropy of next tokens from hidden states and a table of output embeddings. Products with the table, soft cap and softmax are one operation
 * here, so that their gradients need few passes over the logits, which are the largest arrays of a step; and they go piece by piece over the rows, so
 * that a piece stays in the processor's cache.
 */

import { oneMinusSquare } from './elementwise.ts';
import { gemm } from './products.ts';
import { elements, type Indices, type Tape, type Value } from './tape.ts';

export interface NextTokens {
  /** `[rows, d]`. */
  readonly hidden: Value;
  /** `[vocab, d]`: a logit is the product of a row here and one there. */
  readonly table: Value;
  /** `[rows]`, each in [0, vocab). */
  readonly targets: Indices;
}

export interface NextTokenLossOptions {
  /** Logits become `softCap * tanh(x / softCap)` first (Gemma 2's `final_logit_softcapping`). */
  readonly softCap?: number;
  /** `[rows]`, untracked: 0 leaves a row (a pad) out, 1 counts it; all count where left out. */
  readonly weights?: Value;
  /** Rows of a piece. Default: as many as have a megabyte of logits in float32, but at least 128. */
  readonly rowsAtOnce?: number;
}

const LOGITS_AT_ONCE = 2 ** 18;

/** Fewer rows would not keep a matrix product busy. */
const LEAST_ROWS_AT_ONCE = 128;

/** One piece of the rows, on its way from logits to gradients. */
interface Piece {
  readonly from: number;
  readonly to: number;
  /** tanh(x / softCap). */
  readonly bent: string | undefined;
  /** Logarithms of probabilities, `[rows of the piece, vocab]`. */
  readonly logs: string;
  /** `[rows of the piece, 1]`. */
  readonly targets: string;
}

/** Mean negative log-likelihood of the targets, in nats: the sum over counted rows divided by their number (by 1 where none counts). */
export function nextTokenLoss(tape: Tape, tokens: NextTokens, options: NextTokenLossOptions = {}): Value {
  const { hidden, table, targets } = tokens;
  const rows = hidden.shape[0]!;
  if (elements(targets.shape) !== rows || hidden.shape[1] !== table.shape[1]) {
    throw new Error(
      `internal: hidden states [${hidden.shape.join(', ')}], table [${table.shape.join(', ')}], ${elements(targets.shape)} targets`,
    );
  }
  const pieces = writePieces(tape, tokens, options);
  const column = { attributes: { axis: { int: 1 } } };
  const picked = pieces.map(({ logs, targets: ids }) => tape.node('GatherElements', [logs, ids], column));
  const share = shareOfRows(tape, rows, options.weights);
  const weighted = tape.node('Mul', [joined(tape, picked), share]);
  const total = tape.node('ReduceSum', [weighted], { attributes: { keepdims: { int: 0 } } });
  return tape.record(tape.node('Neg', [total]), [], [hidden, table], (g) => {
    const factors = tape.node('Mul', [g, share]);
    const weighed = tape.node('Mul', [hidden.name, factors]);
    const byHidden: string[] = [];
    let byTable: string | undefined;
    for (const piece of pieces) {
      const byLogits = logitGradient(tape, piece);
      byHidden.push(tape.node('MatMul', [byLogits, table.name]));
      const before = byTable === undefined ? [] : [byTable];
      const inputs = [byLogits, rowsOf(tape, weighed, piece), ...before];
      byTable = tape.node('Gemm', inputs, { attributes: { transA: { int: 1 } } });
    }
    return [tape.node('Mul', [joined(tape, byHidden), factors]), byTable];
  });
}

function writePieces(
  tape: Tape,
  { hidden, table, targets }: NextTokens,
  { rowsAtOnce, softCap }: NextTokenLossOptions,
): Piece[] {
  const rows = hidden.shape[0]!;
  const atOnce = rowsAtOnce ?? Math.max(LEAST_ROWS_AT_ONCE, Math.floor(LOGITS_AT_ONCE / table.shape[0]!));
  const column = tape.node('Reshape', [targets.name, tape.integers([rows, 1])]);
  const scaled =
    softCap === undefined ? hidden.name : tape.node('Mul', [hidden.name, tape.scalar(1 / softCap).name]);
  const pieces: Piece[] = [];
  for (let from = 0; from < rows; from += atOnce) {
    const place = { from, to: Math.min(from + atOnce, rows) };
    const logits = gemm(tape, rowsOf(tape, scaled, place), table.name, 'second');
    const bent = softCap === undefined ? undefined : tape.node('Tanh', [logits]);
    const capped = bent === undefined ? logits : tape.node('Mul', [bent, tape.scalar(softCap!).name]);
    const logs = tape.node('LogSoftmax', [capped], { attributes: { axis: { int: -1 } } });
    pieces.push({ ...place, bent, logs, targets: rowsOf(tape, column, place) });
  }
  return pieces;
}

/** Of a row's own negative log-likelihood by its logits before the cap: probabilities less 1 at the target, times the slope of the cap. */
function logitGradient(tape: Tape, { bent, from, logs, targets, to }: Piece): string {
  const minusOnes = tape.node('Expand', [tape.scalar(-1).name, tape.integers([to - from, 1])]);
  const attributes = { axis: { int: 1 }, reduction: { string: 'add' } };
  const difference = tape.node('ScatterElements', [tape.node('Exp', [logs]), targets, minusOnes], {
    attributes,
  });
  return bent === undefined ? difference : tape.node('Mul', [difference, oneMinusSquare(tape, bent)]);
}

function rowsOf(
  tape: Tape,
  name: string,
  { from, to }: { readonly from: number; readonly to: number },
): string {
  return tape.node('Slice', [name, tape.integers([from]), tape.integers([to])]);
}

function joined(tape: Tape, parts: readonly string[]): string {
  return tape.node('Concat', parts, { attributes: { axis: { int: 0 } } });
}

/** What each row counts for, `[rows, 1]`. */
function shareOfRows(tape: Tape, rows: number, weights: Value | undefined): string {
  if (weights === undefined)
    return tape.node('Expand', [tape.scalar(1 / rows).name, tape.integers([rows, 1])]);
  const counted = tape.node('ReduceSum', [weights.name], { attributes: { keepdims: { int: 0 } } });
  const divisor = tape.node('Max', [counted, tape.scalar(1).name]);
  return tape.node('Reshape', [tape.node('Div', [weights.name, divisor]), tape.integers([rows, 1])]);
}
