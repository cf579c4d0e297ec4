/**
 * @file Encoding activations into features and decoding them back, by each architecture's published definition, in plain float64 loops.
 * Sources: SAELens (standard, topk, jumprelu), Rajamanoharan et al. 2024 (gated, arXiv 2404.16014; jumprelu, 2407.14435), Gao et al. 2024
 * (topk, 2406.04093). Leaves out skip connections of transcoders, and speed: `encoder_session.ts` is for many tokens.
 */

import { AntipodeError } from '../errors.ts';
import type { Matrix } from '../tensor/matrix.ts';
import { normalizeInput, restoreOutput } from './input_scale.ts';
import type { Sae } from './sae.ts';

/** Rows between two turns of the event loop, so that Ctrl-C is heard. */
const ROWS_PER_TURN = 4;

/**
 * Feature activations.
 * Per row: scale the input, subtract `b_dec` where the SAE does, pre = W_enc x + b_enc in float64, then
 * - `standard`: max(0, pre); - `jumprelu`: max(0, pre) where pre > threshold, else 0;
 * - `topk`: max(0, ·) of the k largest, ties to the lower index, 0 elsewhere;
 * - `gated`: max(0, exp(r_mag) W_enc x + b_mag) where W_enc x + b_gate > 0, else 0.
 * Rounded to float32 at the end. A row of `x` that holds a NaN or an infinity gives a row of NaN.
 * @param x `[n, d_in]`
 * @returns `[n, d_sae]`
 * @throws {AntipodeError} `usage` when the width of `x` is not d_in
 */
export async function encode(sae: Sae, x: Matrix): Promise<Matrix> {
  checkEncoding(sae, x);
  const out = new Float32Array(x.rows * sae.dSae);
  const pre = new Float64Array(sae.dSae);
  for (let row = 0; row < x.rows; row++) {
    const input = normalizeInput(sae, x, row).values;
    const acts = out.subarray(row * sae.dSae, (row + 1) * sae.dSae);
    if (input.every(Number.isFinite)) {
      if (sae.applyBDecToInput) for (let k = 0; k < sae.dIn; k++) input[k]! -= sae.b_dec[k]!;
      project(sae, input, pre);
      activate(sae, pre, acts);
    } else acts.fill(Number.NaN);
    if (row % ROWS_PER_TURN === ROWS_PER_TURN - 1) await new Promise(setImmediate);
  }
  return { data: out, rows: x.rows, cols: sae.dSae };
}

export interface DecodeOptions {
  /** `[n, d_in]`, the rows that were encoded: needed where each row was normalised by its own statistics, to undo that. */
  readonly input?: Matrix;
}

/**
 * Reconstructions: sum of activation times decoder row, plus `b_dec`, scaling undone; float64 sums in the order of features, zero
 * activations skipped.
 * @param acts `[n, d_sae]`
 * @returns `[n, d_in]`
 * @throws {AntipodeError} `usage` when a width does not fit, or `input` is missing for `layer_norm` and `constant_norm`
 */
export async function decode(sae: Sae, acts: Matrix, options: DecodeOptions = {}): Promise<Matrix> {
  const { input } = options;
  checkDecoding(sae, acts, input);
  const out = new Float32Array(acts.rows * sae.dIn);
  for (let row = 0; row < acts.rows; row++) {
    const sum = Float64Array.from(sae.b_dec);
    for (let feature = 0; feature < sae.dSae; feature++) {
      const act = acts.data[row * sae.dSae + feature]!;
      if (act === 0) continue;
      const weight = sae.rescaleActsByDecoderNorm ? act / sae.W_dec.norms[feature]! : act;
      const from = feature * sae.dIn;
      for (let k = 0; k < sae.dIn; k++) sum[k]! += weight * sae.W_dec.data[from + k]!;
    }
    restoreOutput(sae, sum, input, row);
    out.set(sum, row * sae.dIn);
    if (row % ROWS_PER_TURN === ROWS_PER_TURN - 1) await new Promise(setImmediate);
  }
  return { data: out, rows: acts.rows, cols: sae.dIn };
}

/** @throws {AntipodeError} `usage` when the width of `x` is not d_in */
export function checkEncoding({ dIn }: Sae, x: Matrix): void {
  checkWidth('encode', x, dIn, 'd_in');
}

/** @throws {AntipodeError} `usage` when a width or the number of input rows does not fit */
export function checkDecoding({ dIn, dSae }: Sae, acts: Matrix, input: Matrix | undefined): void {
  checkWidth('decode', acts, dSae, 'd_sae');
  if (!input) return;
  checkWidth('decode', input, dIn, 'd_in');
  if (input.rows === acts.rows) return;
  throw new AntipodeError('usage', `decode: the input has ${input.rows} rows, expected ${acts.rows}`);
}

function checkWidth(what: string, matrix: Matrix, width: number, name: string): void {
  if (matrix.cols === width) return;
  throw new AntipodeError('usage', `${what}: rows have ${matrix.cols} values, expected ${width} (${name})`);
}

/** `pre[i] = W_enc[i] . input`, without any bias. */
function project(sae: Sae, input: Float64Array, pre: Float64Array): void {
  const { data } = sae.W_enc;
  for (let feature = 0; feature < sae.dSae; feature++) {
    const from = feature * sae.dIn;
    let sum = 0;
    for (let k = 0; k < sae.dIn; k++) sum += data[from + k]! * input[k]!;
    pre[feature] = sum;
  }
}

function activate(sae: Sae, pre: Float64Array, acts: Float32Array): void {
  const { b_enc, threshold, b_gate, r_mag, architecture, W_dec, rescaleActsByDecoderNorm } = sae;
  const norm = (i: number): number => (rescaleActsByDecoderNorm ? W_dec.norms[i]! : 1);
  switch (architecture) {
    case 'standard':
      for (let i = 0; i < pre.length; i++) acts[i] = Math.max(0, pre[i]! + b_enc[i]!) * norm(i);
      return;
    case 'jumprelu': {
      if (!threshold) throw new Error('internal: a jumprelu SAE without threshold');
      for (let i = 0; i < pre.length; i++) {
        const value = pre[i]! + b_enc[i]!;
        acts[i] = value > threshold[i]! ? Math.max(0, value) * norm(i) : 0;
      }
      return;
    }
    case 'gated': {
      if (!b_gate || !r_mag) throw new Error('internal: a gated SAE without its gate');
      for (let i = 0; i < pre.length; i++) {
        const isOpen = pre[i]! + b_gate[i]! > 0;
        acts[i] = isOpen ? Math.max(0, Math.exp(r_mag[i]!) * pre[i]! + b_enc[i]!) * norm(i) : 0;
      }
      return;
    }
    case 'topk':
      for (let i = 0; i < pre.length; i++) pre[i] = (pre[i]! + b_enc[i]!) * norm(i);
      for (const i of largest(pre, sae.k ?? pre.length)) acts[i] = Math.max(0, pre[i]!);
      return;
  }
}

/** Indices of the k largest values, ties to the lower index; NaN counts as the smallest. */
function largest(values: Float64Array, k: number): Uint32Array {
  const key = (i: number): number => (Number.isNaN(values[i]!) ? Number.NEGATIVE_INFINITY : values[i]!);
  const order = Uint32Array.from(values, (_, i) => i);
  order.sort((a, b) => (key(a) === key(b) ? a - b : key(a) < key(b) ? 1 : -1));
  return order.subarray(0, k);
}
