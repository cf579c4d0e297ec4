/**
 * @file The parameters of a Gemma 2: their names and shapes in Hugging Face's checkpoints (which are trained in that orientation, `[out, in]`), and what they
 * start from.
 */

import type { GemmaConfig } from '../../lm/config/model_config.ts';
import { elements, type Shape } from '../../onnx/gradients/tape.ts';
import { createRng } from '../../tensor/rng.ts';

export interface ParameterSpec {
  /** As in `model.safetensors`. */
  readonly name: string;
  readonly shape: Shape;
}

/** By parameter name, C order. */
export type ParameterValues = ReadonlyMap<string, Float32Array>;

export const EMBEDDING = 'model.embed_tokens.weight';
export const FINAL_NORM = 'model.norm.weight';

/** The name of a parameter of a layer. @param part e.g. `self_attn.q_proj` */
export function layerParameter(layer: number, part: string): string {
  return `model.layers.${layer}.${part}.weight`;
}

/** All parameters, layer by layer. */
export function parameterSpecs(config: GemmaConfig): ParameterSpec[] {
  const { dMlp, dModel, headDim, heads, kvHeads, layers, vocabSize } = config;
  const parts: readonly (readonly [string, Shape])[] = [
    ['input_layernorm', [dModel]],
    ['self_attn.q_proj', [heads * headDim, dModel]],
    ['self_attn.k_proj', [kvHeads * headDim, dModel]],
    ['self_attn.v_proj', [kvHeads * headDim, dModel]],
    ['self_attn.o_proj', [dModel, heads * headDim]],
    ['post_attention_layernorm', [dModel]],
    ['pre_feedforward_layernorm', [dModel]],
    ['mlp.gate_proj', [dMlp, dModel]],
    ['mlp.up_proj', [dMlp, dModel]],
    ['mlp.down_proj', [dModel, dMlp]],
    ['post_feedforward_layernorm', [dModel]],
  ];
  const inLayers = Array.from({ length: layers }, (_, layer) =>
    parts.map(([part, shape]) => ({ name: layerParameter(layer, part), shape })),
  );
  return [
    { name: EMBEDDING, shape: [vocabSize, dModel] },
    ...inLayers.flat(),
    { name: FINAL_NORM, shape: [dModel] },
  ];
}

/**
 * Standard deviation of the normal distribution that matrices start from, Gemma's `initializer_range`; norms start from 0, which multiplies with 1. For
 * embeddings it matters that it is small: what a word starts from never decays, and keeps apart words that are used alike.
 */
const SPREAD = 0.02;

/** The same for the same seed; each parameter draws from a stream of its own. */
export function initialParameters(config: GemmaConfig, seed: number): ParameterValues {
  return new Map(
    parameterSpecs(config).map(({ name, shape }) => {
      const values = new Float32Array(elements(shape));
      if (shape.length === 2) {
        const rng = createRng(seed, `initial ${name}`);
        for (let i = 0; i < values.length; i++) values[i] = SPREAD * rng.normal();
      }
      return [name, values];
    }),
  );
}
