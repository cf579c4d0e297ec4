/**
 * @file `config.json` of Gemma 3: of a model for text (transformers, Gemma3TextConfig), and the text part of one for images (Gemma3Config). Published
 * files state little of the text part, so every field left out gets the class's value.
 */

import { type Fields, requireValue } from './fields.ts';
import type { GemmaConfig, Rope } from './model_config.ts';
import { readHeads, readRope, readSizes, readWindows } from './rotary_fields.ts';

/** Gemma3TextConfig's own values. */
const DEFAULTS = {
  vocab_size: 262_208,
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  max_position_embeddings: 131_072,
  rms_norm_eps: 1e-6,
  query_pre_attn_scalar: 256,
  sliding_window: 4096,
};

const [GLOBAL_THETA, LOCAL_THETA] = [1_000_000, 10_000];

export function readGemma3Text(file: Fields, modelType: string): GemmaConfig {
  const config = file.withDefaults(DEFAULTS);
  for (const name of ['hidden_activation', 'hidden_act']) {
    requireValue(config, name, ['gelu_pytorch_tanh']);
  }
  requireValue(config, 'attention_bias', [false]);
  requireValue(config, 'use_bidirectional_attention', [false]);
  // The class has the field and does nothing with it.
  requireValue(config, 'attn_logit_softcapping', [null]);
  const layers = config.layerCount('num_hidden_layers');
  const heads = readHeads(config);
  const windows = readPattern(config, layers);
  return {
    family: 'gemma',
    modelType,
    ...heads,
    layers,
    ...readSizes(config),
    isHeadTied: config.flag('tie_word_embeddings', true),
    windows,
    ropes: readRopes(config, heads.headDim),
    ropeOfLayer: windows.map((window) => (window === null ? 0 : 1)),
    hasHeadNorms: true,
    queryScalar: config.positive('query_pre_attn_scalar'),
    attentionSoftcap: null,
    logitSoftcap: config.has('final_logit_softcapping') ? config.positive('final_logit_softcapping') : null,
  };
}

/** Every sixth layer sees everything, unless the file says otherwise. */
function readPattern(config: Fields, layers: number): (number | null)[] {
  const window = config.has('sliding_window') ? config.size('sliding_window') : null;
  const pattern = config.size('sliding_window_pattern', 6);
  return readWindows(config, layers, window, (layer) => {
    if ((layer + 1) % pattern === 0) return false;
    if (window === null) throw config.refuse('sliding_window', `is null and layer ${layer} needs it`);
    return true;
  });
}

/** Of layers that see everything, and of those with a window. */
function readRopes(config: Fields, headDim: number): Rope[] {
  const parameters = config.object('rope_parameters');
  for (const name of ['rope_theta', 'rope_type', 'type']) {
    if (parameters?.has(name)) {
      throw config.refuse(
        'rope_parameters',
        `has ${name} itself (expected full_attention and sliding_attention)`,
      );
    }
  }
  const [full, sliding] = ['full_attention', 'sliding_attention'].map((name) => parameters?.object(name));
  for (const fields of [config, full, sliding]) {
    if (fields) requireValue(fields, 'partial_rotary_factor', [1]);
  }
  return [
    readRope(config, headDim, {
      theta: ['rope_theta'],
      defaultTheta: GLOBAL_THETA,
      scaling: config.object('rope_scaling'),
      parameters: full,
    }),
    readRope(config, headDim, {
      theta: ['rope_local_base_freq'],
      defaultTheta: LOCAL_THETA,
      scaling: undefined,
      parameters: sliding,
    }),
  ];
}

/** The text part; what else the file says is about images. */
export function readGemma3(config: Fields, modelType: string): GemmaConfig {
  const text = config.object('text_config');
  if (!text) throw config.refuse('text_config', 'is missing (expected an object)');
  requireValue(text, 'model_type', ['gemma3_text']);
  // Only the class for text alone caps logits.
  requireValue(text, 'final_logit_softcapping', [null]);
  requireValue(text, 'quantization_config', [null]);
  const isTied = config.flag('tie_word_embeddings', text.flag('tie_word_embeddings', true));
  if (text.flag('tie_word_embeddings', isTied) !== isTied) {
    throw config.refuse('tie_word_embeddings', `is ${isTied} and ${!isTied} in text_config`);
  }
  return { ...readGemma3Text(text, modelType), isHeadTied: isTied };
}
