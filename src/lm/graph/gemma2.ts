/**
 * @file Gemma 2 (arXiv 2408.00118; reference: google/gemma_pytorch and transformers' Gemma2Model): norms with 1 + w before and after both
 * sublayers, soft caps on scores and logits, every other layer with a window, embeddings times sqrt(d_model) in float32.
 */

import type { Gemma2Config } from '../config/model_config.ts';
import { attend, softcapped } from './attention.ts';
import { gatedMlp, prefixOf, project, rmsNorm, rotate, unembed } from './blocks.ts';
import type { DecoderInputs, Family } from './decoder.ts';
import type { GraphBuilder, Value } from './graph.ts';

export function gemma2(graph: GraphBuilder, config: Gemma2Config, inputs: DecoderInputs): Family {
  const { dModel, heads, kvHeads, headDim, vocabSize } = config;
  const root = prefixOf(graph, ['model.', ''], 'embed_tokens.weight');
  const embedding = `${root}embed_tokens.weight`;
  const norm = (x: Value, name: string): Value => rmsNorm(graph, config, x, `${name}.weight`, 1);
  return {
    embed() {
      const rows = graph.products.lookUp(inputs.tokens, embedding, [vocabSize, dModel]);
      return graph.op('Mul', [rows, graph.scalar(Math.sqrt(dModel))]);
    },
    attention(x, layer) {
      const prefix = `${root}layers.${layer}`;
      const normed = norm(x, `${prefix}.input_layernorm`);
      const part = (name: string, count: number): Value => {
        const matrix = { name: `${prefix}.self_attn.${name}_proj`, outputs: count * headDim, inputs: dModel };
        return project(graph, normed, matrix, false);
      };
      const mixed = attend(graph, config, inputs, {
        layer,
        q: rotate(graph, inputs, part('q', heads), heads),
        k: rotate(graph, inputs, part('k', kvHeads), kvHeads),
        v: part('v', kvHeads),
        scale: config.queryScalar ** -0.5,
        softcap: config.attentionSoftcap,
      });
      const out = { name: `${prefix}.self_attn.o_proj`, outputs: dModel, inputs: heads * headDim };
      return norm(project(graph, mixed, out, false), `${prefix}.post_attention_layernorm`);
    },
    mlp(x, layer) {
      const prefix = `${root}layers.${layer}`;
      const wide = gatedMlp(graph, config, norm(x, `${prefix}.pre_feedforward_layernorm`), {
        prefix: `${prefix}.mlp`,
        hasBias: false,
        activation: (gate) => graph.op('Gelu', [gate], { approximate: { string: 'tanh' } }),
      });
      return norm(wide, `${prefix}.post_feedforward_layernorm`);
    },
    head(x) {
      const logits = unembed(graph, config, norm(x, `${root}norm`), embedding);
      return softcapped(graph, logits, config.logitSoftcap);
    },
  };
}
