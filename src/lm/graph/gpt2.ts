/**
 * @file GPT-2 (transformers' GPT2Model): learned positions, layer norms with biases, one matrix for queries, keys and values, weights stored
 * `[inputs, outputs]`. The stored causal masks (`attn.bias`) are not read.
 */

import type { Gpt2Config } from '../config/model_config.ts';
import { attend } from './attention.ts';
import { gelu, layerNorm, prefixOf, unembed } from './blocks.ts';
import type { DecoderInputs, Family } from './decoder.ts';
import type { GraphBuilder, Value } from './graph.ts';

export function gpt2(graph: GraphBuilder, config: Gpt2Config, inputs: DecoderInputs): Family {
  const { dModel, dMlp, vocabSize, maxPositions } = config;
  const root = prefixOf(graph, ['', 'transformer.'], 'wte.weight');
  const norm = (x: Value, name: string): Value => layerNorm(graph, config, x, name);
  const project = (x: Value, name: string, from: number, to: number): Value => {
    const product = graph.products.linearInOut(x, { name: `${name}.weight`, outputs: to, inputs: from });
    return graph.op('Add', [product, graph.vector(`${name}.bias`, to)]);
  };
  return {
    embed: () =>
      graph.op('Add', [
        graph.products.lookUp(inputs.tokens, `${root}wte.weight`, [vocabSize, dModel]),
        graph.products.lookUp(inputs.positions, `${root}wpe.weight`, [maxPositions, dModel]),
      ]),
    attention(x, layer) {
      const prefix = `${root}h.${layer}`;
      const joined = project(norm(x, `${prefix}.ln_1`), `${prefix}.attn.c_attn`, dModel, 3 * dModel);
      const [q, k, v] = graph.split('Split', [joined], 3, { axis: { int: -1 }, num_outputs: { int: 3 } });
      const scale = config.attentionScales[layer]!;
      const mixed = attend(graph, config, inputs, { layer, q: q!, k: k!, v: v!, scale, softcap: null });
      return project(mixed, `${prefix}.attn.c_proj`, dModel, dModel);
    },
    mlp(x, layer) {
      const prefix = `${root}h.${layer}`;
      const wide = project(norm(x, `${prefix}.ln_2`), `${prefix}.mlp.c_fc`, dModel, dMlp);
      return project(gelu(graph, wide, config.activation), `${prefix}.mlp.c_proj`, dMlp, dModel);
    },
    head: (x) => unembed(graph, config, norm(x, `${root}ln_f`), { embedding: `${root}wte.weight` }),
  };
}
