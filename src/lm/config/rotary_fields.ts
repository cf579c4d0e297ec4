/** @file The fields that families with rotary embeddings share: heads, windows, and the two spellings of RoPE (before and since transformers 5). */

import { type Fields, shownValue } from './fields.ts';
import type { Rope, RopeScaling } from './model_config.ts';

/** transformers' own default where an older file leaves `rope_theta` out. */
const DEFAULT_THETA = 10_000;

export interface HeadSizes {
  readonly dModel: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** @throws {AntipodeError} where the heads do not divide what they have to divide */
export function readHeads(config: Fields): HeadSizes {
  const dModel = config.size('hidden_size');
  const heads = config.size('num_attention_heads');
  const kvHeads = config.size('num_key_value_heads', heads);
  if (heads % kvHeads !== 0) {
    throw config.refuse('num_key_value_heads', `does not divide num_attention_heads (${kvHeads}, ${heads})`);
  }
  if (!config.has('head_dim') && dModel % heads !== 0) {
    throw config.refuse('head_dim', `is missing and hidden_size ${dModel} is no multiple of ${heads} heads`);
  }
  const headDim = config.size('head_dim', Math.trunc(dModel / heads));
  if (headDim % 2 !== 0) {
    throw config.refuse('head_dim', `is odd (${headDim}), rotary embedding needs pairs`);
  }
  return { dModel, heads, kvHeads, headDim };
}

/** `rope_parameters` (transformers 5) or `rope_theta` with `rope_scaling`. @throws {AntipodeError} where both are there and disagree */
export function readRope(config: Fields): Rope {
  const parameters = config.object('rope_parameters');
  const nested = parameters?.has('rope_theta') ? parameters.positive('rope_theta') : undefined;
  const theta = config.positive('rope_theta', nested ?? DEFAULT_THETA);
  if (nested !== undefined && nested !== theta) {
    throw config.refuse('rope_theta', `is ${theta} and ${nested} in rope_parameters`);
  }
  const scaling = config.object('rope_scaling');
  const [old, recent] = [scaling, parameters].map((fields) => fields && readScaling(fields));
  if (old && recent && JSON.stringify(old) !== JSON.stringify(recent)) {
    throw config.refuse('rope_scaling', 'contradicts rope_parameters');
  }
  return { theta, scaling: recent ?? old ?? { type: 'default' } };
}

function readScaling(fields: Fields): RopeScaling {
  // Older files say `type`.
  const type = fields.has('rope_type') ? fields.text('rope_type') : fields.text('type', 'default');
  switch (type) {
    case 'default':
      return { type };
    case 'linear':
      return { type, factor: fields.positive('factor') };
    case 'llama3': {
      const lowFreqFactor = fields.positive('low_freq_factor');
      const highFreqFactor = fields.positive('high_freq_factor');
      if (highFreqFactor <= lowFreqFactor) {
        throw fields.refuse(
          'high_freq_factor',
          `is not above low_freq_factor (${highFreqFactor}, ${lowFreqFactor})`,
        );
      }
      const originalMaxPositions = fields.size('original_max_position_embeddings');
      return { type, factor: fields.positive('factor'), lowFreqFactor, highFreqFactor, originalMaxPositions };
    }
    default:
      throw fields.refuse(
        'rope_type',
        `${shownValue(type)} is not supported (expected default, linear or llama3)`,
      );
  }
}

/**
 * One entry per layer: `window` where the layer slides, else null. `layer_types` decides where it is there, else `slides`.
 * @throws {AntipodeError} for a list of another length or with other words
 */
export function readWindows(
  config: Fields,
  layers: number,
  window: number | null,
  slides: (layer: number) => boolean,
): (number | null)[] {
  if (!config.has('layer_types')) {
    return Array.from({ length: layers }, (_, layer) => (slides(layer) ? window : null));
  }
  const types = config.raw('layer_types');
  if (!Array.isArray(types) || types.length !== layers) {
    throw config.refuse('layer_types', `is not a list of ${layers} entries, one per layer`);
  }
  return types.map((type: unknown) => {
    if (type === 'full_attention') return null;
    if (type !== 'sliding_attention') {
      throw config.refuse('layer_types', `holds ${shownValue(type)}, which is not supported`);
    }
    if (window === null) throw config.refuse('sliding_window', 'is missing and layer_types asks for it');
    return window;
  });
}
