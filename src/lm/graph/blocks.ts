/** @file Pieces that several families share: RMS normalisation, rotary embedding, the gated MLP, the output matrix. Names are Hugging Face's. */

import type { ModelConfig } from '../config.ts';
import type { DecoderInputs } from './decoder.ts';
import type { GraphBuilder, Value } from './graph.ts';
import type { Matrix } from './products.ts';

/** x / sqrt(mean(x²) + epsilon) * (w + plus), in float32. */
export function rmsNorm(graph: GraphBuilder, config: ModelConfig, x: Value, name: string, plus = 0): Value {
  return graph.op('SimplifiedLayerNormalization', [x, graph.vector(name, config.dModel, plus)], {
    axis: { int: -1 },
    epsilon: { float: config.normEpsilon },
    stash_type: { int: 1 },
  });
}

/** Rotates pairs (i, i + headDim / 2) of every head; x `[b, s, heads * headDim]`. */
export function rotate(graph: GraphBuilder, inputs: DecoderInputs, x: Value, heads: number): Value {
  if (!inputs.rope) throw new Error('internal: rotary embedding without its tables');
  return graph.microsoft('RotaryEmbedding', [x, inputs.positions, inputs.rope.cos, inputs.rope.sin], {
    num_heads: { int: heads },
  });
}

/** `linear`, and the bias that torch's Linear keeps beside its weight. @param name without `.weight` */
export function project(graph: GraphBuilder, x: Value, { name, ...sizes }: Matrix, hasBias: boolean): Value {
  const y = graph.products.linear(x, { name: `${name}.weight`, ...sizes });
  return hasBias ? graph.op('Add', [y, graph.vector(`${name}.bias`, sizes.outputs)]) : y;
}

export interface GatedMlp {
  /** e.g. `model.layers.3.mlp`. */
  readonly prefix: string;
  readonly hasBias: boolean;
  activation(x: Value): Value;
}

/** down(activation(gate(x)) * up(x)). */
export function gatedMlp(graph: GraphBuilder, config: ModelConfig, x: Value, mlp: GatedMlp): Value {
  const { dModel, dMlp } = config;
  const wide = (part: string): Value =>
    project(graph, x, { name: `${mlp.prefix}.${part}`, outputs: dMlp, inputs: dModel }, mlp.hasBias);
  const product = graph.op('Mul', [mlp.activation(wide('gate_proj')), wide('up_proj')]);
  const down = { name: `${mlp.prefix}.down_proj`, outputs: dModel, inputs: dMlp };
  return project(graph, product, down, mlp.hasBias);
}

/** The output matrix: the token embedding where tied, else `lm_head.weight`. */
export function unembed(graph: GraphBuilder, config: ModelConfig, x: Value, embedding: string): Value {
  const name = config.isHeadTied ? embedding : 'lm_head.weight';
  return graph.products.linear(x, { name, outputs: config.vocabSize, inputs: config.dModel });
}

/** The first prefix under which the weights have `name`; the first of all where none has, so that the error names the usual one. */
export function prefixOf(graph: GraphBuilder, prefixes: readonly string[], name: string): string {
  return prefixes.find((prefix) => graph.weights.has(prefix + name)) ?? prefixes[0] ?? '';
}
