/**
 * @file `config.json` of GPT-NeoX (transformers, GPTNeoXConfig), which Pythia's files are. Fields that the class fills in when a file leaves them out
 * get its values; sizes are asked for. Dropout does not matter for inference.
 */

import { readGelu } from './activation.ts';
import type { Fields } from './fields.ts';
import type { GptNeoXConfig } from './model_config.ts';
import { DEFAULT_THETA, readAgreed, readRope, sharedRope } from './rotary_fields.ts';

/** The share of a head's lanes that turn, where a file does not say. */
const DEFAULT_SHARE = 0.25;

export function readGptNeoX(config: Fields, modelType: string): GptNeoXConfig {
  const dModel = config.size('hidden_size');
  const heads = config.size('num_attention_heads');
  if (dModel % heads !== 0) {
    throw config.refuse('num_attention_heads', `does not divide hidden_size (${heads}, ${dModel})`);
  }
  const headDim = dModel / heads;
  const layers = config.layerCount('num_hidden_layers');
  const parameters = config.object('rope_parameters');
  const rope = readRope(config, rotaryLanes(config, parameters, headDim), {
    theta: ['rotary_emb_base', 'rope_theta'],
    defaultTheta: DEFAULT_THETA,
    scaling: config.object('rope_scaling'),
    parameters,
  });
  return {
    family: 'gpt_neox',
    modelType,
    dModel,
    layers,
    heads,
    kvHeads: heads,
    headDim,
    dMlp: config.size('intermediate_size'),
    vocabSize: config.size('vocab_size'),
    maxPositions: config.size('max_position_embeddings'),
    normEpsilon: config.positive('layer_norm_eps', 1e-5),
    isHeadTied: config.flag('tie_word_embeddings', false),
    windows: Array<null>(layers).fill(null),
    ...sharedRope(rope, layers),
    activation: readGelu(config, 'hidden_act', 'gelu'),
    isParallel: config.flag('use_parallel_residual', true),
    hasAttentionBias: config.flag('attention_bias', true),
  };
}

function rotaryLanes(config: Fields, parameters: Fields | undefined, headDim: number): number {
  const names = ['rotary_pct', 'partial_rotary_factor'];
  const share = readAgreed(config, names, parameters, 'partial_rotary_factor') ?? DEFAULT_SHARE;
  const lanes = Math.trunc(headDim * share);
  if (share <= 1 && lanes >= 2 && lanes % 2 === 0) return lanes;
  throw config.refuse(
    'rotary_pct',
    `turns ${lanes} of a head's ${headDim} lanes (expected an even number from 2 to ${headDim})`,
  );
}
