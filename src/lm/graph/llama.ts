/**
 * @file Llama and what is built like it, Mistral and Qwen2/2.5 (transformers' LlamaModel, MistralModel, Qwen2Model): RMS norms before the
 * sublayers, rotary embedding, grouped heads, gated SiLU. Windows and biases come from the config.
 */

import type { LlamaConfig } from '../config/model_config.ts';
import { attend } from './attention.ts';
import { gatedMlp, prefixOf, project, rmsNorm, rotate, unembed } from './blocks.ts';
import type { DecoderInputs, Family } from './decoder.ts';
import type { GraphBuilder, Value } from './graph.ts';

export function llama(graph: GraphBuilder, config: LlamaConfig, inputs: DecoderInputs): Family {
  const { dModel, heads, kvHeads, headDim, vocabSize } = config;
  const root = prefixOf(graph, ['model.', ''], 'embed_tokens.weight');
  const embedding = `${root}embed_tokens.weight`;
  const norm = (x: Value, name: string): Value => rmsNorm(graph, config, x, `${name}.weight`);
  return {
    embed: () => graph.products.lookUp(inputs.tokens, embedding, [vocabSize, dModel]),
    attention(x, layer) {
      const prefix = `${root}layers.${layer}`;
      const normed = norm(x, `${prefix}.input_layernorm`);
      const part = (name: string, count: number): Value => {
        const matrix = { name: `${prefix}.self_attn.${name}_proj`, outputs: count * headDim, inputs: dModel };
        return project(graph, normed, matrix, config.hasQkvBias);
      };
      const mixed = attend(graph, config, inputs, {
        layer,
        q: rotate(graph, config, inputs, { x: part('q', heads), heads, layer }),
        k: rotate(graph, config, inputs, { x: part('k', kvHeads), heads: kvHeads, layer }),
        v: part('v', kvHeads),
        scale: headDim ** -0.5,
        softcap: null,
      });
      const out = { name: `${prefix}.self_attn.o_proj`, outputs: dModel, inputs: heads * headDim };
      return project(graph, mixed, out, config.hasOutBias);
    },
    mlp(x, layer) {
      const prefix = `${root}layers.${layer}`;
      return gatedMlp(graph, config, norm(x, `${prefix}.post_attention_layernorm`), {
        prefix: `${prefix}.mlp`,
        hasBias: config.hasMlpBias,
        activation: (gate) => graph.op('Mul', [gate, graph.op('Sigmoid', [gate])]),
      });
    },
    head: (x) => unembed(graph, config, norm(x, `${root}norm`), { embedding }),
  };
}
