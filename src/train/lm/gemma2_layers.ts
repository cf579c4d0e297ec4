/**
 * @file Gemma 2 (arXiv 2408.00118; transformers' Gemma2ForCausalLM) as recorded operations, for training: whole rows at once, no past. Positions count from 0
 * in every row, and pads stand on the right, where causal attention does not see them. Leaves out dropout, which published configs set to 0.
 */

import type { GemmaConfig } from '../../lm/config/model_config.ts';
import { ropeFrequencies, ropeTables } from '../../lm/rope_tables.ts';
import { add, geluTanh, multiply, scale, tanh } from '../../onnx/gradients/elementwise.ts';
import { embedding, rotate } from '../../onnx/gradients/language.ts';
import { matMul, matMulTransposed, reshape, transpose } from '../../onnx/gradients/products.ts';
import { rmsNorm, softmax } from '../../onnx/gradients/reductions.ts';
import type { Indices, Shape, Tape, Value } from '../../onnx/gradients/tape.ts';
import { EMBEDDING, FINAL_NORM, layerParameter, parameterSpecs } from './parameters.ts';

/** What a masked score becomes: exp of it is 0 in float32 and float64, and it stays finite. */
const MASKED = -1e9;

export interface BatchShape {
  /** Rows. */
  readonly rows: number;
  /** Positions per row. */
  readonly columns: number;
}

export interface HiddenStates {
  /** Behind the last norm, `[rows * columns, d]`. */
  readonly hidden: Value;
  /** The embedding, which is the matrix of the logits as well, `[vocab, d]`. */
  readonly table: Value;
}

/**
 * Declares all parameters and writes the layers.
 * @param ids `[rows, columns]`
 */
export function gemma2HiddenStates(
  tape: Tape,
  config: GemmaConfig,
  ids: Indices,
  { columns, rows }: BatchShape,
): HiddenStates {
  const { dModel, layers, normEpsilon } = config;
  const places = rows * columns;
  const parameters = new Map(
    parameterSpecs(config).map(({ name, shape }) => [name, tape.parameter(name, shape)]),
  );
  const parameter = (name: string): Value => parameters.get(name)!;
  const norm = (x: Value, name: string): Value =>
    rmsNorm(tape, x, parameter(name), { epsilon: normEpsilon, weightForm: 'offset' });
  const table = parameter(EMBEDDING);
  const embedded = reshape(tape, embedding(tape, table, ids), [places, dModel]);
  let x = scale(tape, embedded, Math.sqrt(dModel));
  const mixer = createMixer(tape, config, { rows, columns });
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string): string => layerParameter(layer, part);
    const project = (input: Value, part: string): Value =>
      matMulTransposed(tape, input, parameter(name(part)));
    const attended = norm(x, name('input_layernorm'));
    const [q, k, v] = (['q', 'k', 'v'] as const).map((part) => project(attended, `self_attn.${part}_proj`));
    const mixed = project(mixer(layer, { q: q!, k: k!, v: v! }), 'self_attn.o_proj');
    x = add(tape, x, norm(mixed, name('post_attention_layernorm')));
    const read = norm(x, name('pre_feedforward_layernorm'));
    const gate = geluTanh(tape, project(read, 'mlp.gate_proj'));
    const wide = multiply(tape, gate, project(read, 'mlp.up_proj'));
    x = add(tape, x, norm(project(wide, 'mlp.down_proj'), name('post_feedforward_layernorm')));
  }
  return { hidden: norm(x, FINAL_NORM), table };
}

/** Queries `[places, heads * headDim]`, keys and values `[places, kvHeads * headDim]`. */
interface Projections {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
}

/** Attention between projections: to `[places, heads * headDim]`. Query heads that share keys are rows of one product, so keys are not repeated. */
function createMixer(
  tape: Tape,
  config: GemmaConfig,
  { columns, rows }: BatchShape,
): (layer: number, projections: Projections) => Value {
  const { attentionSoftcap, headDim, heads, kvHeads, queryScalar, windows } = config;
  const places = rows * columns;
  const shared = heads / kvHeads;
  const turn = createTurner(tape, config, columns);
  const masks = new Map(
    windows.map((window) => [window, tape.constant([columns, columns], mask(columns, window))]),
  );
  const asHeads = (x: Value, count: number): Value =>
    transpose(tape, reshape(tape, x, [rows, columns, count, headDim]), [0, 2, 1, 3]);
  const capped = (scores: Value): Value => {
    const factor = queryScalar ** -0.5;
    if (attentionSoftcap === null) return scale(tape, scores, factor);
    return scale(tape, tanh(tape, scale(tape, scores, factor / attentionSoftcap)), attentionSoftcap);
  };
  return (layer, { k, q, v }) => {
    const grouped: Shape = [rows, kvHeads, shared * columns, headDim];
    const queries = reshape(tape, turn(layer, asHeads(q, heads)), grouped);
    const keys = transpose(tape, turn(layer, asHeads(k, kvHeads)), [0, 1, 3, 2]);
    const scores = capped(matMul(tape, queries, keys));
    const split = reshape(tape, scores, [rows, kvHeads, shared, columns, columns]);
    const pattern = softmax(tape, add(tape, split, masks.get(windows[layer]!)!));
    const joined = reshape(tape, pattern, [rows, kvHeads, shared * columns, columns]);
    const mixed = reshape(tape, matMul(tape, joined, asHeads(v, kvHeads)), [rows, heads, columns, headDim]);
    return reshape(tape, transpose(tape, mixed, [0, 2, 1, 3]), [places, heads * headDim]);
  };
}

function mask(columns: number, window: number | null): Float32Array {
  const values = new Float32Array(columns * columns);
  for (let from = 0; from < columns; from++) {
    for (let to = 0; to < columns; to++) {
      const isSeen = to <= from && (window === null || from - to < window);
      values[from * columns + to] = isSeen ? 0 : MASKED;
    }
  }
  return values;
}

/** Rotary positions for `[rows, heads, columns, headDim]`. */
function createTurner(
  tape: Tape,
  { headDim, ropeOfLayer, ropes }: GemmaConfig,
  columns: number,
): (layer: number, x: Value) => Value {
  const tables = ropes.map((rope) => {
    const { cos, sin } = ropeTables(ropeFrequencies(rope), 0, columns);
    return { cos: bothHalves(cos, headDim / 2), sin: bothHalves(sin, headDim / 2) };
  });
  const constants = tables.map(({ cos, sin }) => [
    tape.constant([columns, headDim], cos),
    tape.constant([columns, headDim], sin),
  ]);
  return (layer, x) => {
    const [cos, sin] = constants[ropeOfLayer[layer]!]!;
    return rotate(tape, x, cos!, sin!);
  };
}

/** `[rows, half]` to `[rows, 2 * half]`: lane i and lane i + half turn by one angle. */
function bothHalves(table: Float32Array, half: number): Float32Array {
  return Float32Array.from({ length: 2 * table.length }, (_, i) => {
    const row = Math.trunc(i / (2 * half));
    return table[row * half + (i % half)]!;
  });
}
