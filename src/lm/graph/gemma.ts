/**
 * @file Gemma 2 (arXiv 2408.00118; reference: google/gemma_pytorch and transformers' Gemma2Model) and the text part of Gemma 3 (arXiv 2503.19786;
 * transformers' Gemma3TextModel): norms with 1 + w before and after both sublayers, layers with a window among those without, embeddings times
 * sqrt(d_model) in float32. Gemma 2 has soft caps on scores and logits; Gemma 3 norms within the heads instead, and rotates layers with a window
 * by an angle of their own. Vision tensors are not read.
 */

import type { GemmaConfig } from '../config/model_config.ts';
import { attend, softcapped } from './attention.ts';
import { gatedMlp, gelu, headNorm, prefixOf, project, rmsNorm, rotate, unembed } from './blocks.ts';
import type { DecoderInputs, Family } from './decoder.ts';
import type { GraphBuilder, Value } from './graph.ts';

/** Of a model for text, and of the text part of one for images, before and since transformers 4.52. */
const ROOTS = ['model.', '', 'language_model.model.', 'model.language_model.', 'language_model.'];

export function gemma(graph: GraphBuilder, config: GemmaConfig, inputs: DecoderInputs): Family {
  const { dModel, heads, kvHeads, headDim, vocabSize } = config;
  const root = prefixOf(graph, ROOTS, 'embed_tokens.weight');
  const embedding = `${root}embed_tokens.weight`;
  const head = `${prefixOf(graph, ['', 'language_model.'], 'lm_head.weight')}lm_head.weight`;
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
      const turned = (name: string, count: number): Value => {
        const wide = part(name, count);
        const scale = `${prefix}.self_attn.${name}_norm.weight`;
        const y = config.hasHeadNorms ? headNorm(graph, config, wide, scale, 1) : wide;
        return rotate(graph, config, inputs, { x: y, heads: count, layer });
      };
      const mixed = attend(graph, config, inputs, {
        layer,
        q: turned('q', heads),
        k: turned('k', kvHeads),
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
        activation: (gate) => gelu(graph, gate, 'gelu_tanh'),
      });
      return norm(wide, `${prefix}.post_feedforward_layernorm`);
    },
    head(x) {
      const logits = unembed(graph, config, norm(x, `${root}norm`), { embedding, head });
      return softcapped(graph, logits, config.logitSoftcap);
    },
  };
}
