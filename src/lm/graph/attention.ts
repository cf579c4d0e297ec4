/**
 * @file Causal attention out of plain operators: masks are inputs, so padding, windows and reuse of a past need no other graph. Keys and values of
 * the past are never copied: scores of past and new keys are computed apart and joined after the product.
 */

import type { ModelConfig } from '../config.ts';
import type { DecoderInputs } from './decoder.ts';
import type { GraphBuilder, Value } from './graph.ts';

export interface AttentionParts {
  readonly layer: number;
  /** `[b, s, heads * headDim]`, rotated. */
  readonly q: Value;
  /** `[b, s, kvHeads * headDim]`, rotated. */
  readonly k: Value;
  readonly v: Value;
  /** Scores are multiplied with it. */
  readonly scale: number;
  /** Scores s become cap * tanh(s / cap) before the mask; null leaves them. */
  readonly softcap: number | null;
}

/** @returns `[b, s, heads * headDim]`, before the output projection */
export function attend(
  graph: GraphBuilder,
  config: ModelConfig,
  inputs: DecoderInputs,
  parts: AttentionParts,
): Value {
  const { heads, kvHeads, headDim } = config;
  const { layer } = parts;
  const toHeads = (x: Value, count: number): Value =>
    graph.op('Transpose', [graph.op('Reshape', [x, graph.integers([0, 0, count, headDim])])], {
      perm: { ints: [0, 2, 1, 3] },
    });
  const rowDims = ['b', kvHeads, 's', headDim];
  const k = graph.output(`new.k.${layer}`, toHeads(parts.k, kvHeads), rowDims);
  const v = graph.output(`new.v.${layer}`, toHeads(parts.v, kvHeads), rowDims);
  // Query heads that share a key head become extra query rows of it.
  const grouped = graph.op('Reshape', [
    toHeads(graph.op('Mul', [parts.q, graph.scalar(parts.scale)]), heads),
    graph.integers([0, kvHeads, -1, headDim]),
  ]);
  const scoresOf = (keys: Value): Value => graph.products.timesTransposed(grouped, keys, 4);
  const joined = graph.op('Concat', [scoresOf(`past.k.${layer}`), scoresOf(k)], { axis: { int: -1 } });
  const withKeyCount = (sizes: readonly number[]): Value =>
    graph.op('Concat', [graph.integers(sizes), inputs.keyCount], { axis: { int: 0 } });
  const scores = softcapped(
    graph,
    graph.op('Reshape', [joined, withKeyCount([0, heads, -1])]),
    parts.softcap,
  );
  const mask = config.windows[layer] === null ? inputs.fullMask : inputs.slidingMask;
  const softmax = graph.op('Softmax', [graph.op('Add', [scores, mask!])], { axis: { int: -1 } });
  const probabilities = inputs.patternLayers.has(layer)
    ? graph.output(`pattern.${layer}`, softmax, ['b', heads, 's', 't'])
    : softmax;
  const regrouped = graph.op('Reshape', [probabilities, withKeyCount([0, kvHeads, -1])]);
  const [ofPast, ofNew] = graph.split('Split', [regrouped, inputs.keyParts], 2, { axis: { int: -1 } });
  const mixed = graph.op('Add', [
    graph.op('MatMul', [ofPast!, `past.v.${layer}`]),
    graph.op('MatMul', [ofNew!, v]),
  ]);
  const byHead = graph.op('Reshape', [mixed, graph.integers([0, heads, -1, headDim])]);
  const byToken = graph.op('Transpose', [byHead], { perm: { ints: [0, 2, 1, 3] } });
  return graph.op('Reshape', [byToken, graph.integers([0, 0, heads * headDim])]);
}

/** cap * tanh(x / cap), or x where cap is null. */
export function softcapped(graph: GraphBuilder, x: Value, cap: number | null): Value {
  if (cap === null) return x;
  const squashed = graph.op('Tanh', [graph.op('Mul', [x, graph.scalar(1 / cap)])]);
  return graph.op('Mul', [squashed, graph.scalar(cap)]);
}
