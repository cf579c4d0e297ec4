/**
 * @file GPT-NeoX (arXiv 2204.06745; transformers' GPTNeoXModel), Pythia among others: layer norms with biases, one matrix for queries, keys and
 * values whose outputs lie head by head, rotary embedding of a head's first lanes, attention and MLP side by side or one after the other. The
 * stored masks and angles (`attention.bias`, `attention.masked_bias`, `rotary_emb.inv_freq`) are not read.
 */

import type { GptNeoXConfig } from '../config/model_config.ts';
import { attend } from './attention.ts';
import { gelu, layerNorm, prefixOf, project, rotate, unembed } from './blocks.ts';
import type { DecoderInputs, Family } from './decoder.ts';
import type { GraphBuilder, Value } from './graph.ts';

export function gptNeoX(graph: GraphBuilder, config: GptNeoXConfig, inputs: DecoderInputs): Family {
  const { dModel, dMlp, heads, headDim, vocabSize, hasAttentionBias } = config;
  const root = prefixOf(graph, ['gpt_neox.', ''], 'embed_in.weight');
  const embedding = `${root}embed_in.weight`;
  // transformers 5 calls it lm_head.
  const head = ['embed_out.weight', 'lm_head.weight'].find(graph.weights.has) ?? 'embed_out.weight';
  const norm = (x: Value, name: string): Value => layerNorm(graph, config, x, name);
  return {
    isParallel: config.isParallel,
    embed: () => graph.products.lookUp(inputs.tokens, embedding, [vocabSize, dModel]),
    attention(x, layer) {
      const prefix = `${root}layers.${layer}`;
      const fused = { name: `${prefix}.attention.query_key_value`, outputs: 3 * dModel, inputs: dModel };
      const joined = project(graph, norm(x, `${prefix}.input_layernorm`), fused, hasAttentionBias);
      const byHead = graph.op('Reshape', [joined, graph.integers([0, 0, heads, 3 * headDim])]);
      const [q, k, v] = graph
        .split('Split', [byHead], 3, { axis: { int: -1 }, num_outputs: { int: 3 } })
        .map((part) => graph.op('Reshape', [part, graph.integers([0, 0, dModel])]));
      const mixed = attend(graph, config, inputs, {
        layer,
        q: rotate(graph, config, inputs, { x: q!, heads, layer }),
        k: rotate(graph, config, inputs, { x: k!, heads, layer }),
        v: v!,
        scale: headDim ** -0.5,
        softcap: null,
      });
      const out = { name: `${prefix}.attention.dense`, outputs: dModel, inputs: dModel };
      return project(graph, mixed, out, hasAttentionBias);
    },
    mlp(x, layer) {
      const prefix = `${root}layers.${layer}`;
      const up = { name: `${prefix}.mlp.dense_h_to_4h`, outputs: dMlp, inputs: dModel };
      const down = { name: `${prefix}.mlp.dense_4h_to_h`, outputs: dModel, inputs: dMlp };
      const wide = project(graph, norm(x, `${prefix}.post_attention_layernorm`), up, true);
      return project(graph, gelu(graph, wide, config.activation), down, true);
    },
    head: (x) => unembed(graph, config, norm(x, `${root}final_layer_norm`), { embedding, head }),
  };
}
