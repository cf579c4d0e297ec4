/**
 * @file dictionary_learning (Marks, Karvonen, Mueller): `ae.pt`, a torch state dict, and `config.json` if it was kept. By class:
 * AutoEncoder (encoder.weight [d_sae, d_in], encoder.bias, decoder.weight [d_in, d_sae], bias [d_in]), GatedAutoEncoder (decoder_bias, r_mag,
 * gate_bias, mag_bias), AutoEncoderTopK and BatchTopKSAE (b_dec, k, threshold), JumpReluAutoEncoder and MatryoshkaBatchTopKSAE (W_enc
 * [d_in, d_sae], W_dec [d_sae, d_in]). BatchTopK encodes with its one threshold, hence `jumprelu`. Gated and JumpReLU give activations
 * times the decoder's norms. Its own `from_pretrained(normalize_decoder=True)` rescales silently; here the file is taken as it is.
 */

import { AntipodeError } from '../../errors.ts';
import type { SaeIdentity } from '../sae.ts';
import type { SaeSource } from '../sae_source.ts';
import { buildLayout, type LayoutParts, placeOf, readScalar } from './build_layout.ts';
import { type Dimensions, dimensionsFromVectors } from './dimensions.ts';
import { fieldOf, type JsonConfig, optional, positiveInteger, text } from './json_config.ts';
import { hasAll, type SaeLoader } from './loader.ts';

type Variant = 'AutoEncoder' | 'GatedAutoEncoder' | 'TopK' | 'JumpRelu' | 'Matryoshka';

export const dictionaryLearningLoader: SaeLoader = {
  format: 'dictionary-learning',
  summary: 'dictionary_learning: ae.pt, config.json if there',
  async detect(source) {
    return variantOf(source) !== undefined;
  },
  async layout(source) {
    const variant = variantOf(source) ?? 'AutoEncoder';
    const config = await source.config('config.json');
    const parts = await partsOf(source, variant, config);
    const facts = [...(parts.facts ?? [])];
    if (config) checkAgainst(config, parts.dimensions);
    else facts.push('no config.json beside it: sizes are taken from the tensors, the class from their names');
    return buildLayout(source, {
      ...parts,
      facts,
      ...(config && { found: found(config) }),
    });
  },
};

function variantOf(source: SaeSource): Variant | undefined {
  if (hasAll(source, 'encoder.weight', 'decoder.weight')) {
    if (hasAll(source, 'mag_bias', 'gate_bias', 'r_mag', 'decoder_bias')) return 'GatedAutoEncoder';
    if (hasAll(source, 'encoder.bias', 'bias')) return 'AutoEncoder';
    if (hasAll(source, 'encoder.bias', 'b_dec')) return 'TopK';
    return undefined;
  }
  const isCheckpoint = /\.(pt|pth|bin)$/.test(source.weightsPath);
  if (!isCheckpoint || !hasAll(source, 'W_enc', 'b_enc', 'W_dec', 'b_dec', 'threshold')) return undefined;
  return hasAll(source, 'k') ? 'Matryoshka' : 'JumpRelu';
}

const LINEAR = {
  format: 'dictionary-learning',
  W_enc: { name: 'encoder.weight', featureAxis: 0 },
  W_dec: { name: 'decoder.weight', featureAxis: 1 },
} as const;

const MATRICES = {
  format: 'dictionary-learning',
  W_enc: { name: 'W_enc', featureAxis: 1 },
  W_dec: { name: 'W_dec', featureAxis: 0 },
} as const;

async function partsOf(
  source: SaeSource,
  variant: Variant,
  config: JsonConfig | undefined,
): Promise<LayoutParts> {
  const sizes = (dIn: string, dSae: string): Dimensions =>
    dimensionsFromVectors(source.weights, { dIn, dSae });
  const dictClass = config && optional(text, config, 'trainer.dict_class');
  switch (variant) {
    case 'AutoEncoder':
      expectClass(config, dictClass, ['AutoEncoder']);
      return {
        ...LINEAR,
        architecture: 'standard',
        dimensions: sizes('bias', 'encoder.bias'),
        b_enc: 'encoder.bias',
        b_dec: 'bias',
        encoding: { applyBDecToInput: true },
      };
    case 'GatedAutoEncoder':
      expectClass(config, dictClass, ['GatedAutoEncoder']);
      return {
        ...LINEAR,
        architecture: 'gated',
        dimensions: sizes('decoder_bias', 'mag_bias'),
        b_enc: 'mag_bias',
        b_dec: 'decoder_bias',
        b_gate: 'gate_bias',
        r_mag: 'r_mag',
        encoding: { applyBDecToInput: true, rescaleActsByDecoderNorm: true },
        facts: ['activations are given times the norm of the decoder row, as this class gives them'],
      };
    case 'TopK':
      expectClass(config, dictClass, ['AutoEncoderTopK', 'BatchTopKSAE']);
      return topKParts(
        source,
        { ...LINEAR, dimensions: sizes('b_dec', 'encoder.bias'), b_enc: 'encoder.bias' },
        dictClass,
      );
    case 'Matryoshka':
      expectClass(config, dictClass, ['MatryoshkaBatchTopKSAE']);
      return topKParts(
        source,
        { ...MATRICES, dimensions: sizes('b_dec', 'b_enc'), b_enc: 'b_enc' },
        dictClass ?? 'MatryoshkaBatchTopKSAE',
      );
    case 'JumpRelu':
      expectClass(config, dictClass, ['JumpReluAutoEncoder']);
      return {
        ...MATRICES,
        architecture: 'jumprelu',
        dimensions: sizes('b_dec', 'b_enc'),
        b_enc: 'b_enc',
        b_dec: 'b_dec',
        threshold: 'threshold',
        encoding: { rescaleActsByDecoderNorm: true },
        facts: ['activations are given times the norm of the decoder row, as this class gives them'],
      };
  }
}

/** One threshold for all features where one was learnt, else the k largest. */
async function topKParts(
  source: SaeSource,
  base: Pick<LayoutParts, 'format' | 'W_enc' | 'W_dec' | 'dimensions'> & { readonly b_enc: string },
  dictClass: string | undefined,
): Promise<LayoutParts> {
  const shared = { ...base, b_dec: 'b_dec', encoding: { applyBDecToInput: true } };
  const threshold = hasAll(source, 'threshold') ? await readScalar(source.weights, 'threshold') : -1;
  const k = await readScalar(source.weights, 'k');
  const shown = Number(threshold.toPrecision(6));
  // A threshold below 0 is the class's mark for "not learnt yet".
  const isThresholded = threshold >= 0 && dictClass !== 'AutoEncoderTopK';
  if (!isThresholded) {
    const facts = threshold >= 0 ? [`a threshold (${shown}) is there; AutoEncoderTopK encodes by k`] : [];
    return { ...shared, architecture: 'topk', k, facts };
  }
  const facts = [`trained with k = ${k} per batch; encoded with its one threshold, ${shown}, as jumprelu`];
  if (dictClass === undefined)
    facts.push(
      'AutoEncoderTopK and BatchTopKSAE are stored alike: without config.json taken as BatchTopKSAE',
    );
  return {
    ...shared,
    architecture: 'jumprelu',
    threshold: { constant: threshold, length: base.dimensions.dSae },
    facts,
  };
}

function expectClass(
  config: JsonConfig | undefined,
  dictClass: string | undefined,
  allowed: readonly string[],
): void {
  if (dictClass === undefined || allowed.includes(dictClass)) return;
  throw new AntipodeError(
    'format',
    `${config?.name ?? 'config.json'}: trainer.dict_class is ${dictClass}, the tensors are those of ${allowed.join(' or ')}`,
  );
}

function checkAgainst(config: JsonConfig, { dIn, dSae, dInFrom, dSaeFrom }: Dimensions): void {
  for (const [field, value, from] of [
    ['trainer.activation_dim', dIn, dInFrom],
    ['trainer.dict_size', dSae, dSaeFrom],
  ] as const) {
    const stated = optional(positiveInteger, config, field);
    if (stated !== undefined && stated !== value)
      throw new AntipodeError(
        'format',
        `${config.name}: ${field} is ${stated}, expected ${value} by ${from}`,
      );
  }
}

function found(config: JsonConfig): Partial<SaeIdentity> {
  const layer = fieldOf(config, 'trainer.layer');
  const isLayer = typeof layer === 'number' && Number.isInteger(layer) && layer >= 0;
  const submodule = optional(text, config, 'trainer.submodule_name');
  const isResidual = submodule === undefined || submodule.includes('resid');
  return {
    ...placeOf({
      modelName: optional(text, config, 'trainer.lm_name'),
      hookName: isLayer && isResidual ? `blocks.${layer}.hook_resid_post` : undefined,
    }),
    ...(isLayer && { layer }),
  };
}
