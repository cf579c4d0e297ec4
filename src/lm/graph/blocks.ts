/** @file Pieces that several families share: norms, rotary embedding, GELU, the gated MLP, the output matrix. Names are Hugging Face's. */

import type { Gelu } from '../config/model_config.ts';
import type { ModelConfig } from '../config.ts';
import type { DecoderInputs } from './decoder.ts';
import type { GraphBuilder, Value } from './graph.ts';
import type { Matrix } from './products.ts';

/** x / sqrt(mean(x²) + epsilon) * (w + plus), in float32. */
export function rmsNorm(graph: GraphBuilder, config: ModelConfig, x: Value, name: string, plus = 0): Value {
  return rmsNormBy(graph, config, x, graph.vector(name, config.dModel, plus));
}

/** The same within each head, all heads by one vector of headDim; x `[b, s, heads * headDim]`. */
export function headNorm(graph: GraphBuilder, config: ModelConfig, x: Value, name: string, plus = 0): Value {
  const byHead = graph.op('Reshape', [x, graph.integers([0, 0, -1, config.headDim])]);
  const normed = rmsNormBy(graph, config, byHead, graph.vector(name, config.headDim, plus));
  return graph.op('Reshape', [normed, graph.integers([0, 0, -1])]);
}

function rmsNormBy(graph: GraphBuilder, config: ModelConfig, x: Value, scale: Value): Value {
  return graph.op('SimplifiedLayerNormalization', [x, scale], {
    axis: { int: -1 },
    epsilon: { float: config.normEpsilon },
    stash_type: { int: 1 },
  });
}

/** (x - mean) / sqrt(variance + epsilon) * weight + bias. @param name without `.weight` */
export function layerNorm(graph: GraphBuilder, config: ModelConfig, x: Value, name: string): Value {
  const vector = (part: string): Value => graph.vector(`${name}.${part}`, config.dModel);
  return graph.op('LayerNormalization', [x, vector('weight'), vector('bias')], {
    axis: { int: -1 },
    epsilon: { float: config.normEpsilon },
  });
}

export function gelu(graph: GraphBuilder, x: Value, kind: Gelu): Value {
  return graph.op('Gelu', [x], { approximate: { string: kind === 'gelu_tanh' ? 'tanh' : 'none' } });
}

/** Queries or keys of a layer, `[b, s, heads * headDim]`, turned by the layer's rotary embedding. */
export function rotate(
  graph: GraphBuilder,
  config: ModelConfig,
  inputs: DecoderInputs,
  { x, heads, layer }: { readonly x: Value; readonly heads: number; readonly layer: number },
): Value {
  const kind = config.ropeOfLayer[layer];
  if (kind === undefined) throw new Error(`internal: layer ${layer} has no rotary embedding`);
  const { cos, sin } = inputs.ropes[kind]!;
  const { lanes } = config.ropes[kind]!;
  return graph.microsoft('RotaryEmbedding', [x, inputs.positions, cos, sin], {
    num_heads: { int: heads },
    // 0, the operator's own value, stands for whole heads.
    ...(lanes < config.headDim && { rotary_embedding_dim: { int: lanes } }),
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

/** The output matrix: the token embedding where tied, else `head`. */
export function unembed(
  graph: GraphBuilder,
  config: ModelConfig,
  x: Value,
  { embedding, head = 'lm_head.weight' }: { readonly embedding: string; readonly head?: string },
): Value {
  const name = config.isHeadTied ? embedding : head;
  return graph.products.linear(x, {
    name,
    outputs: config.vocabSize,
    inputs: config.dModel,
    isOptional: true,
  });
}

/** The first prefix under which the weights have `name`; the first of all where none has, so that the error names the usual one. */
export function prefixOf(graph: GraphBuilder, prefixes: readonly string[], name: string): string {
  return prefixes.find((prefix) => graph.weights.has(prefix + name)) ?? prefixes[0] ?? '';
}
