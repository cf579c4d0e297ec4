/**
 * @file Llama Scope (He et al. 2024, arXiv 2410.20526): `hyperparams.json` and `checkpoints/final.safetensors` with encoder.weight
 * [d_sae, d_in], decoder.weight [d_in, d_sae]; and its R1-distill series: `config.json` and `sae_weights.safetensors` with
 * log_jumprelu_threshold [d_sae].
 *
 * Inputs were scaled to norm sqrt(d_model) on average: x * sqrt(d_model) / dataset_average_activation_norm.in. The stored weights are
 * not folded; the scale stays a factor on the input here. The released code folds it (b_enc / s), then scales rows to unit decoder norm,
 * then compares with the one scalar `jump_relu_threshold`; in the unfolded space that is threshold * s / |W_dec row|.
 */

import { AntipodeError } from '../../errors.ts';
import type { SaeLayout } from '../layout.ts';
import type { SaeSource } from '../sae_source.ts';
import { buildLayout, type LayoutParts, placeOf } from './build_layout.ts';
import { vectorLayout } from './dimensions.ts';
import {
  fieldOf,
  finiteNumber,
  type JsonConfig,
  oneOf,
  optional,
  positiveInteger,
  text,
  trueOrFalse,
} from './json_config.ts';
import { hasAll, requireConfig, type SaeLoader } from './loader.ts';

export const llamaScopeLoader: SaeLoader = {
  format: 'llama-scope',
  summary:
    'Llama Scope: hyperparams.json, checkpoints/final.safetensors; R1-distill: config.json, sae_weights.safetensors',
  async detect(source) {
    if (!hasAll(source, 'encoder.weight', 'decoder.weight')) return false;
    if (hasAll(source, 'log_jumprelu_threshold')) return true;
    return (await findHyperparams(source)) !== undefined;
  },
  async layout(source) {
    return hasAll(source, 'log_jumprelu_threshold') ? distillLayout(source) : baseLayout(source);
  },
};

/** In the folder above `checkpoints/`, or beside a file that was moved out of it. */
async function findHyperparams(source: SaeSource): Promise<JsonConfig | undefined> {
  return (await source.config('../hyperparams.json')) ?? (await source.config('hyperparams.json'));
}

async function baseLayout(source: SaeSource): Promise<SaeLayout> {
  const config = (await findHyperparams(source)) ?? (await requireConfig(source, '../hyperparams.json'));
  oneOf(config, 'act_fn', ['jumprelu']);
  const dIn = positiveInteger(config, 'd_model');
  const dSae = positiveInteger(config, 'd_sae');
  const scale = inputScale(config, dIn);
  const isOverDecoderNorm = optional(trueOrFalse, config, 'sparsity_include_decoder_norm') ?? true;
  const threshold = finiteNumber(config, 'jump_relu_threshold') * scale.value;
  return buildLayout(source, {
    ...shared(config),
    dimensions: { dIn, dSae, dInFrom: `${config.name} d_model`, dSaeFrom: `${config.name} d_sae` },
    threshold: { constant: threshold, length: dSae, isOverDecoderNorm },
    encoding: {
      applyBDecToInput: optional(trueOrFalse, config, 'apply_decoder_bias_to_pre_encoder') ?? false,
      inputNormalisation: scale.value === 1 ? 'none' : 'factor',
      inputScale: scale.value,
    },
    facts: [
      ...scale.facts,
      isOverDecoderNorm
        ? `threshold: ${config.name} has one number, ${threshold / scale.value}; here times the input factor, over each decoder row's norm`
        : `threshold: ${config.name} has one number, ${threshold / scale.value}; here times the input factor`,
      ...(fieldOf(config, 'sparsity_include_decoder_norm') === undefined
        ? [
            `${config.name} does not say sparsity_include_decoder_norm: taken as true, as the released code has it`,
          ]
        : []),
    ],
  });
}

async function distillLayout(source: SaeSource): Promise<SaeLayout> {
  const config = await requireConfig(source, 'config.json');
  const dIn = positiveInteger(config, 'd_model');
  const isStated = fieldOf(config, 'd_sae') !== undefined;
  const dSae = isStated
    ? positiveInteger(config, 'd_sae')
    : dIn * positiveInteger(config, 'expansion_factor');
  const dSaeFrom = isStated ? 'config.json d_sae' : 'config.json d_model times expansion_factor';
  const dimensions = { dIn, dSae, dInFrom: 'config.json d_model', dSaeFrom };
  const logs = vectorLayout(source.weights, 'log_jumprelu_threshold', 'd_sae', dimensions);
  return buildLayout(source, {
    ...shared(config),
    dimensions,
    threshold: { tensor: logs.tensor, transform: 'exp' },
    facts: [
      'threshold is the exponential of log_jumprelu_threshold',
      'trained on inputs of average norm sqrt(d_model); the factor is not in the files: scale inputs so before encoding',
    ],
  });
}

function shared(config: JsonConfig): Omit<LayoutParts, 'dimensions'> {
  const hookIn = optional(text, config, 'hook_point_in');
  const hookOut = optional(text, config, 'hook_point_out');
  if (hookIn !== undefined && hookOut !== undefined && hookIn !== hookOut) {
    throw new AntipodeError(
      'format',
      `${config.name}: hook_point_out is ${hookOut}, expected ${hookIn}: a transcoder with its own output scale is not read`,
      { hint: 'the matrices alone can be read with --map W_enc=encoder.weight --map W_dec=decoder.weight' },
    );
  }
  return {
    format: 'llama-scope',
    architecture: 'jumprelu',
    W_enc: { name: 'encoder.weight', featureAxis: 0 },
    W_dec: { name: 'decoder.weight', featureAxis: 1 },
    b_enc: 'encoder.bias',
    ...((optional(trueOrFalse, config, 'use_decoder_bias') ?? true) && { b_dec: 'decoder.bias' }),
    found: placeOf({ hookName: hookIn }),
  };
}

function inputScale(
  config: JsonConfig,
  dIn: number,
): { readonly value: number; readonly facts: readonly string[] } {
  const mode = optional(
    (c, path) => oneOf(c, path, ['dataset-wise', 'inference']),
    config,
    'norm_activation',
  );
  if (mode === 'inference')
    return { value: 1, facts: ['norm_activation is inference: the input scale is folded in'] };
  const norm = finiteNumber(config, 'dataset_average_activation_norm.in');
  if (norm <= 0) {
    throw new AntipodeError(
      'format',
      `${config.name}: dataset_average_activation_norm.in is ${norm} (expected a number above 0)`,
    );
  }
  const value = Math.sqrt(dIn) / norm;
  return {
    value,
    facts: [
      `the input is multiplied by sqrt(d_model) / ${norm} = ${Number(value.toPrecision(6))}; nothing is folded into the weights`,
    ],
  };
}
