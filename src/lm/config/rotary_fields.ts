/** @file The fields that families with rotary embeddings share: heads, windows, and the two spellings of RoPE (before and since transformers 5). */

import { type Fields, requireValue, shownValue } from './fields.ts';
import type { ModelConfig, Rope, RopeScaling } from './model_config.ts';

/** transformers' own default where an older file leaves `rope_theta` out. */
export const DEFAULT_THETA = 10_000;

export interface HeadSizes {
  readonly dModel: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

export interface BlockSizes {
  readonly dMlp: number;
  readonly vocabSize: number;
  readonly maxPositions: number;
  readonly normEpsilon: number;
}

/** Under the names that families with rotary embedding and RMS norms share. */
export function readSizes(config: Fields): BlockSizes {
  return {
    dMlp: config.size('intermediate_size'),
    vocabSize: config.size('vocab_size'),
    maxPositions: config.size('max_position_embeddings'),
    normEpsilon: config.positive('rms_norm_eps'),
  };
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

/** Where a file may describe one rotary embedding; what is there twice has to agree. */
export interface RopePlaces {
  /** The file's own fields for the base, before transformers 5. */
  readonly theta: readonly string[];
  readonly defaultTheta: number;
  /** The old object with the scaling. */
  readonly scaling: Fields | undefined;
  /** The object of transformers 5 with all of it. */
  readonly parameters: Fields | undefined;
}

/** @param lanes of each head that turn @throws {AntipodeError} where two places disagree, or the scaling is not built */
export function readRope(config: Fields, lanes: number, places: RopePlaces): Rope {
  const { defaultTheta, scaling, parameters } = places;
  const theta = readAgreed(config, places.theta, parameters, 'rope_theta') ?? defaultTheta;
  const [old, recent] = [scaling, parameters].map((fields) => fields && readScaling(fields));
  if (old && recent && JSON.stringify(old) !== JSON.stringify(recent)) {
    throw config.refuse('rope_scaling', 'contradicts rope_parameters');
  }
  return { lanes, theta, scaling: recent ?? old ?? { type: 'default' } };
}

/** One rotary embedding for all layers and whole heads, in the usual fields. @throws {AntipodeError} as `readRope` */
export function readOneRope(
  config: Fields,
  layers: number,
  headDim: number,
): Pick<ModelConfig, 'ropes' | 'ropeOfLayer'> {
  const parameters = config.object('rope_parameters');
  for (const fields of [config, parameters]) {
    if (fields) requireValue(fields, 'partial_rotary_factor', [1]);
  }
  const rope = readRope(config, headDim, {
    theta: ['rope_theta'],
    defaultTheta: DEFAULT_THETA,
    scaling: config.object('rope_scaling'),
    parameters,
  });
  return sharedRope(rope, layers);
}

export function sharedRope(rope: Rope, layers: number): Pick<ModelConfig, 'ropes' | 'ropeOfLayer'> {
  return { ropes: [rope], ropeOfLayer: Array<number>(layers).fill(0) };
}

/**
 * A number above 0 that a file may spell in several ways: in one of its own fields, or in the object `parameters`.
 * @returns undefined where it is nowhere @throws {AntipodeError} where two of them disagree
 */
export function readAgreed(
  config: Fields,
  names: readonly string[],
  parameters: Fields | undefined,
  nested: string,
): number | undefined {
  const found = names
    .filter((name) => config.has(name))
    .map((name) => ({ name, place: name, value: config.positive(name) }));
  if (parameters?.has(nested)) {
    found.push({ name: nested, place: 'rope_parameters', value: parameters.positive(nested) });
  }
  const [first, ...others] = found;
  for (const { place, value } of others) {
    if (value !== first!.value) {
      throw config.refuse(first!.name, `is ${first!.value} and ${value} in ${place}`);
    }
  }
  return first?.value;
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
