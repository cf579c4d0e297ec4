/**
 * @file The frame of every decoder: inputs, the residual stream with its hooks, the rows that get logits. A family fills in embedding, attention,
 * MLP and head. Names of inputs and outputs are the contract with `session.ts`; b rows, s columns, c slots of the past, t = c + s.
 *
 * Inputs: `tokens`, `positions` [b, s]; `logit_rows` [r], into b * s; `mask.full`, `mask.sliding` [b, 1, s, t], added to scores, those in use;
 * `rope.cos.K`, `rope.sin.K` [p, lanes / 2], the config's rotary embedding K, rows that `positions` point to; `past.k.L`, `past.v.L`
 * [b, kvHeads, c, headDim];
 * `steer.emb`, `steer.L` [1 or b, 1 or s, d_model], added to the residual; at the sites that have edits, those of `edit_lanes.ts`.
 * Outputs: `logits` [r, vocab]; `new.k.L`, `new.v.L` [b, kvHeads, s, headDim]; `resid.emb`, `resid.L` (edits and steering included),
 * `attn_out.L` and `mlp_out.L` (what is added to the residual) [b, s, d_model]; `pattern.L` [b, heads, s, t], of layers that have it.
 */

import type { ModelConfig } from '../config.ts';
import type { Site } from '../language_model.ts';
import { editedStream } from './edit_lanes.ts';
import type { GraphBuilder, Value } from './graph.ts';

/** What attention needs from the frame. */
export interface DecoderInputs {
  readonly tokens: Value;
  readonly positions: Value;
  /** Present where a layer uses it. */
  readonly fullMask: Value | undefined;
  readonly slidingMask: Value | undefined;
  /** One per rotary embedding of the config. */
  readonly ropes: readonly { readonly cos: Value; readonly sin: Value }[];
  /** int64 [2]: c and s. */
  readonly keyParts: Value;
  /** int64 [1]: t. */
  readonly keyCount: Value;
  readonly patternLayers: ReadonlySet<number>;
}

/** Inputs and outputs that cost something where nobody uses them. */
export interface GraphHooks {
  /** Sites with the inputs of edits: eight operators each. */
  readonly editSites: ReadonlySet<Site>;
  /** Layers whose `pattern.L` is an output: ONNX Runtime keeps what can be fetched until a run has ended. */
  readonly patternLayers: ReadonlySet<number>;
}

export interface Family {
  /** `[b, s, d_model]`. */
  embed(): Value;
  /** What a layer's attention adds to the residual x. */
  attention(x: Value, layer: number): Value;
  /** What its MLP adds to the residual x. */
  mlp(x: Value, layer: number): Value;
  /** The MLP reads what attention reads, the layer's input, instead of what attention leaves. */
  readonly isParallel?: boolean;
  /** From `[r, d_model]` to `[r, vocab]`. */
  head(x: Value): Value;
}

export function decoderInputs(
  graph: GraphBuilder,
  config: ModelConfig,
  { patternLayers }: GraphHooks,
): DecoderInputs {
  const tokens = graph.input('tokens', 'int64', ['b', 's']);
  const positions = graph.input('positions', 'int64', ['b', 's']);
  const mask = (name: string): Value => graph.input(name, 'float32', ['b', 1, 's', 't']);
  for (let layer = 0; layer < config.layers; layer++) {
    for (const part of ['k', 'v']) {
      graph.input(`past.${part}.${layer}`, 'float32', ['b', config.kvHeads, 'c', config.headDim]);
    }
  }
  const axis = (value: Value, at: number): Value =>
    graph.op('Shape', [value], { start: { int: at }, end: { int: at + 1 } });
  const [past, current] = [axis('past.k.0', 2), axis(tokens, 1)];
  return {
    tokens,
    positions,
    fullMask: config.windows.includes(null) ? mask('mask.full') : undefined,
    slidingMask: config.windows.some((window) => window !== null) ? mask('mask.sliding') : undefined,
    ropes: config.ropes.map(({ lanes }, kind) => {
      const table = (name: string): Value => graph.input(`rope.${name}.${kind}`, 'float32', ['p', lanes / 2]);
      return { cos: table('cos'), sin: table('sin') };
    }),
    keyParts: graph.op('Concat', [past, current], { axis: { int: 0 } }),
    keyCount: graph.op('Add', [past, current]),
    patternLayers,
  };
}

export function buildDecoder(
  graph: GraphBuilder,
  config: ModelConfig,
  family: Family,
  { editSites }: GraphHooks,
): void {
  const { dModel, layers, vocabSize } = config;
  const stream = ['b', 's', dModel];
  const hooked = (x: Value, site: Site): Value => {
    const edited = editSites.has(site) ? editedStream(graph, x, site, dModel) : x;
    const vector = graph.input(`steer.${site}`, 'float32', [`rows.${site}`, `columns.${site}`, dModel]);
    return graph.output(`resid.${site}`, graph.op('Add', [edited, vector]), stream);
  };
  const rows = graph.input('logit_rows', 'int64', ['r']);
  let x = hooked(family.embed(), 'emb');
  for (let layer = 0; layer < layers; layer++) {
    const attention = graph.output(`attn_out.${layer}`, family.attention(x, layer), stream);
    const between = graph.op('Add', [x, attention]);
    const mlp = graph.output(`mlp_out.${layer}`, family.mlp(family.isParallel ? x : between, layer), stream);
    x = hooked(graph.op('Add', [between, mlp]), layer);
  }
  const flat = graph.op('Reshape', [x, graph.integers([-1, dModel])]);
  graph.output('logits', family.head(graph.op('Gather', [flat, rows])), ['r', vocabSize]);
}
