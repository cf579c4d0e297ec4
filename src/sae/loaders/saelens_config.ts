/**
 * @file SAELens's `cfg.json`, both generations, brought to one shape. From 6.0 on `metadata` holds the model's part; before that everything
 * is flat and some fields may be absent or named otherwise. The defaults applied are the ones SAELens documents, each kept as a fact.
 */

import { AntipodeError } from '../../errors.ts';
import { shownName } from '../../formats/shown_name.ts';
import type { Architecture, InputNormalisation } from '../sae.ts';
import {
  fieldOf,
  type JsonConfig,
  oneOf,
  optional,
  positiveInteger,
  text,
  trueOrFalse,
} from './json_config.ts';

export interface SaeLensConfig {
  readonly architecture: Architecture;
  readonly dIn: number;
  readonly dSae: number;
  readonly k?: number;
  readonly applyBDecToInput: boolean;
  readonly inputNormalisation: InputNormalisation;
  readonly rescaleActsByDecoderNorm: boolean;
  readonly isTranscoder: boolean;
  /** A BatchTopK training checkpoint: its threshold is the scalar tensor `topk_threshold`. */
  readonly hasScalarThreshold: boolean;
  readonly modelName?: string;
  readonly hookName?: string;
  readonly neuronpediaId?: string;
  readonly facts: readonly string[];
}

const ARCHITECTURES = {
  standard: 'standard',
  gated: 'gated',
  jumprelu: 'jumprelu',
  topk: 'topk',
  batchtopk: 'jumprelu',
  matryoshka_batchtopk: 'jumprelu',
  transcoder: 'standard',
  skip_transcoder: 'standard',
  jumprelu_transcoder: 'jumprelu',
  jumprelu_skip_transcoder: 'jumprelu',
} as const satisfies Record<string, Architecture>;

type ArchitectureName = keyof typeof ARCHITECTURES;

const NORMALISATIONS = {
  none: 'none',
  expected_average_only_in: 'none',
  layer_norm: 'layer_norm',
  constant_norm_rescale: 'constant_norm',
} as const satisfies Record<string, InputNormalisation>;

/** @throws {AntipodeError} `format` for a missing field without a documented default, or a value that this cannot encode */
export function readSaeLensConfig(config: JsonConfig): SaeLensConfig {
  const facts: string[] = [];
  const version =
    optional(text, config, 'metadata.sae_lens_version') ?? optional(text, config, 'sae_lens_version');
  const isFlat = !version || Number.parseInt(version, 10) < 6;
  facts.push(writtenBy(config, version));
  const name = architectureName(config, isFlat, facts);
  const dIn = positiveInteger(config, 'd_in');
  const isTranscoder = name.endsWith('transcoder');
  if (isTranscoder) checkOutput(config, dIn);
  const k = name === 'topk' ? kOf(config) : undefined;
  return {
    architecture: ARCHITECTURES[name],
    dIn,
    dSae: sizeOf(config, dIn, isFlat, facts),
    ...(k !== undefined && { k }),
    applyBDecToInput:
      optional(trueOrFalse, config, 'apply_b_dec_to_input') ??
      documented(facts, 'apply_b_dec_to_input', true),
    inputNormalisation: normalisation(config, isFlat, facts),
    rescaleActsByDecoderNorm: optional(trueOrFalse, config, 'rescale_acts_by_decoder_norm') ?? false,
    isTranscoder,
    hasScalarThreshold: name.endsWith('batchtopk'),
    ...placeInModel(config, isFlat),
    facts,
  };
}

/** Programs that train SAEs write files as SAELens does, with the version that they follow. */
function writtenBy(config: JsonConfig, version: string | undefined): string {
  const trainedWith = optional(text, config, 'metadata.trained_with');
  if (trainedWith !== undefined && version)
    return `written by ${shownName(trainedWith)} as SAELens ${version} does`;
  return version ? `written by SAELens ${version}` : 'written by SAELens before its files named a version';
}

function documented<T>(facts: string[], field: string, value: T): T {
  facts.push(`cfg.json does not say ${field}: ${value}, SAELens's default`);
  return value;
}

function architectureName(config: JsonConfig, isFlat: boolean, facts: string[]): ArchitectureName {
  const names = Object.keys(ARCHITECTURES) as ArchitectureName[];
  const isStated = fieldOf(config, 'architecture') !== undefined;
  if (!isFlat) return oneOf(config, 'architecture', names);
  const stated = isStated
    ? oneOf(config, 'architecture', names)
    : documented(facts, 'architecture', 'standard' as const);
  const field = fieldOf(config, 'activation_fn') === undefined ? 'activation_fn_str' : 'activation_fn';
  const activation = optional((c, path) => oneOf(c, path, ['relu', 'topk']), config, field) ?? 'relu';
  // Before 6.0 a TopK was a `standard` with another activation function.
  return activation === 'topk' ? 'topk' : stated;
}

function kOf(config: JsonConfig): number {
  if (fieldOf(config, 'k') !== undefined) return positiveInteger(config, 'k');
  return positiveInteger(
    config,
    fieldOf(config, 'activation_fn_kwargs') === undefined ? 'k' : 'activation_fn_kwargs.k',
  );
}

function sizeOf(config: JsonConfig, dIn: number, isFlat: boolean, facts: string[]): number {
  if (!isFlat || fieldOf(config, 'd_sae') !== undefined || fieldOf(config, 'expansion_factor') === undefined)
    return positiveInteger(config, 'd_sae');
  facts.push('cfg.json does not say d_sae: d_in times expansion_factor');
  return dIn * positiveInteger(config, 'expansion_factor');
}

function checkOutput(config: JsonConfig, dIn: number): void {
  const dOut = optional(positiveInteger, config, 'd_out') ?? dIn;
  if (dOut === dIn) return;
  throw new AntipodeError(
    'format',
    `${config.name}: d_out is ${dOut}, expected d_in (${dIn}): one record holds one width`,
    {
      hint: 'transcoders between two widths are not read',
    },
  );
}

function normalisation(config: JsonConfig, isFlat: boolean, facts: string[]): InputNormalisation {
  const field = 'normalize_activations';
  const stated = fieldOf(config, field);
  let name: keyof typeof NORMALISATIONS;
  if (stated === undefined) name = 'none';
  else if (isFlat && typeof stated === 'boolean') name = stated ? 'expected_average_only_in' : 'none';
  else name = oneOf(config, field, Object.keys(NORMALISATIONS) as (keyof typeof NORMALISATIONS)[]);
  if (name === 'expected_average_only_in') {
    facts.push(
      'normalize_activations is expected_average_only_in: unless the factor was folded in before saving, scale inputs to average norm sqrt(d_in)',
    );
  }
  return NORMALISATIONS[name];
}

function placeInModel(
  config: JsonConfig,
  isFlat: boolean,
): Pick<SaeLensConfig, 'modelName' | 'hookName' | 'neuronpediaId'> {
  const field = (name: string): string | undefined =>
    optional(text, config, `metadata.${name}`) ?? (isFlat ? optional(text, config, name) : undefined);
  const modelName = field('model_name');
  const hookName = field('hook_name') ?? field('hook_point');
  const neuronpediaId = field('neuronpedia_id');
  return {
    ...(modelName !== undefined && { modelName }),
    ...(hookName !== undefined && { hookName }),
    ...(neuronpediaId !== undefined && { neuronpediaId }),
  };
}
