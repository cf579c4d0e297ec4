/**
 * @file `config.json` of Llama, Mistral and Qwen2/2.5 (transformers: LlamaConfig, MistralConfig, Qwen2Config). Old files leave fields out that
 * the class fills in; those get its values. Where a missing field would change the computation in silence it is asked for.
 */

import { type Fields, requireValue } from './fields.ts';
import type { LlamaConfig } from './model_config.ts';
import { readHeads, readOneRope, readSizes, readWindows } from './rotary_fields.ts';

type Particular = Pick<LlamaConfig, 'windows' | 'hasQkvBias' | 'hasOutBias' | 'hasMlpBias'>;

export function readLlama(config: Fields, modelType: string): LlamaConfig {
  const hasBias = config.flag('attention_bias', false);
  return readShared(config, modelType, (layers) => ({
    windows: Array<null>(layers).fill(null),
    hasQkvBias: hasBias,
    hasOutBias: hasBias,
    hasMlpBias: config.flag('mlp_bias', false),
  }));
}

export function readMistral(config: Fields, modelType: string): LlamaConfig {
  // Version 0.1 slides, later versions say null; the class's own value is 4096, so an absent field cannot be told from a forgotten one.
  if (config.raw('sliding_window') === undefined) {
    throw config.refuse('sliding_window', 'is missing (expected a whole number or null)');
  }
  const window = config.has('sliding_window') ? config.size('sliding_window') : null;
  return readShared(config, modelType, (layers) => ({
    windows: readWindows(config, layers, window, () => true),
    hasQkvBias: false,
    hasOutBias: false,
    hasMlpBias: false,
  }));
}

export function readQwen2(config: Fields, modelType: string): LlamaConfig {
  const isSliding = config.flag('use_sliding_window', false);
  const window = isSliding ? config.size('sliding_window') : null;
  // Counted from the top: layers below max_window_layers see everything.
  const first = isSliding && !config.has('layer_types') ? Number(config.raw('max_window_layers') ?? 28) : 0;
  if (!Number.isInteger(first) || first < 0) {
    throw config.refuse('max_window_layers', 'is not a whole number from 0 on');
  }
  return readShared(config, modelType, (layers) => ({
    windows: readWindows(config, layers, window, (layer) => isSliding && layer >= first),
    hasQkvBias: true,
    hasOutBias: false,
    hasMlpBias: false,
  }));
}

function readShared(
  config: Fields,
  modelType: string,
  particular: (layers: number) => Particular,
): LlamaConfig {
  requireValue(config, 'hidden_act', ['silu']);
  const layers = config.layerCount('num_hidden_layers');
  const heads = readHeads(config);
  return {
    family: 'llama',
    modelType,
    ...heads,
    layers,
    ...readSizes(config),
    isHeadTied: config.flag('tie_word_embeddings', false),
    ...readOneRope(config, layers, heads.headDim),
    ...particular(layers),
  };
}
