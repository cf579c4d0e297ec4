/** @file `config.json` of Gemma 2 (transformers, Gemma2Config). Fields that the class fills in when a file leaves them out get its values. */

import { type Fields, requireValue } from './fields.ts';
import type { GemmaConfig } from './model_config.ts';
import { readHeads, readOneRope, readSizes, readWindows } from './rotary_fields.ts';

export function readGemma2(config: Fields, modelType: string): GemmaConfig {
  for (const name of ['hidden_activation', 'hidden_act']) {
    requireValue(config, name, ['gelu_pytorch_tanh']);
  }
  requireValue(config, 'attention_bias', [false]);
  requireValue(config, 'use_bidirectional_attention', [false]);
  const layers = config.layerCount('num_hidden_layers');
  const heads = readHeads(config);
  const window = config.size('sliding_window');
  const softcap = (name: string): number | null => (config.has(name) ? config.positive(name) : null);
  return {
    family: 'gemma',
    modelType,
    ...heads,
    layers,
    ...readSizes(config),
    isHeadTied: config.flag('tie_word_embeddings', true),
    // The first layer slides, the second sees everything, and so on.
    windows: readWindows(config, layers, window, (layer) => layer % 2 === 0),
    ...readOneRope(config, layers, heads.headDim),
    hasHeadNorms: false,
    queryScalar: config.positive('query_pre_attn_scalar'),
    attentionSoftcap: softcap('attn_logit_softcapping'),
    logitSoftcap: softcap('final_logit_softcapping'),
  };
}
