/** @file `config.json` of GPT-2 (transformers, GPT2Config). Cross attention is refused; dropout does not matter for inference. */

import { readGelu } from './activation.ts';
import { type Fields, requireValue } from './fields.ts';
import type { Gpt2Config } from './model_config.ts';

export function readGpt2(config: Fields, modelType: string): Gpt2Config {
  requireValue(config, 'add_cross_attention', [false]);
  const dModel = config.size('n_embd');
  const layers = config.layerCount('n_layer');
  const heads = config.size('n_head');
  if (dModel % heads !== 0) throw config.refuse('n_head', `does not divide n_embd (${heads}, ${dModel})`);
  const headDim = dModel / heads;
  const scale = config.flag('scale_attn_weights', true) ? headDim ** -0.5 : 1;
  const isByLayer = config.flag('scale_attn_by_inverse_layer_idx', false);
  return {
    family: 'gpt2',
    modelType,
    dModel,
    layers,
    heads,
    kvHeads: heads,
    headDim,
    dMlp: config.size('n_inner', 4 * dModel),
    vocabSize: config.size('vocab_size'),
    maxPositions: config.has('n_positions') ? config.size('n_positions') : config.size('n_ctx'),
    normEpsilon: config.positive('layer_norm_epsilon'),
    isHeadTied: config.flag('tie_word_embeddings', true),
    windows: Array<null>(layers).fill(null),
    ropes: [],
    ropeOfLayer: [],
    activation: readGelu(config, 'activation_function', 'gelu_new'),
    attentionScales: Array.from({ length: layers }, (_, layer) => (isByLayer ? scale / (layer + 1) : scale)),
  };
}
