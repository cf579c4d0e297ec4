/**
 * @file SAELens folders: `cfg.json` and `sae_weights.safetensors` with W_enc [d_in, d_sae], W_dec [d_sae, d_in], b_dec and, by
 * architecture, b_enc; threshold; b_gate, b_mag, r_mag. `sparsity.safetensors` (tensor `sparsity`, log10 firing rate) if it is there.
 */

import { readFloat32 } from '../../formats/tensor_file.ts';
import type { StoredVector, VectorLayout } from '../layout.ts';
import type { SaeSource } from '../sae_source.ts';
import { buildLayout, type LayoutParts, placeOf, readScalar } from './build_layout.ts';
import { type Dimensions, vectorLayout } from './dimensions.ts';
import { TRANSCODER_FACT } from './load_gemma_scope.ts';
import { hasAll, requireConfig, type SaeLoader } from './loader.ts';
import { readSaeLensConfig, type SaeLensConfig } from './saelens_config.ts';

export const saeLensLoader: SaeLoader = {
  format: 'saelens',
  summary: 'SAELens: cfg.json, sae_weights.safetensors, sparsity.safetensors if there',
  async detect(source) {
    return source.weightsPath.endsWith('.safetensors') && hasAll(source, 'W_enc', 'W_dec');
  },
  async layout(source) {
    const config = readSaeLensConfig(await requireConfig(source, 'cfg.json'));
    const dimensions: Dimensions = {
      dIn: config.dIn,
      dSae: config.dSae,
      dInFrom: 'cfg.json d_in',
      dSaeFrom: 'cfg.json d_sae',
    };
    const scaling = await finetuningScale(source, dimensions);
    const densities = await readDensityLayout(source, dimensions);
    const { architecture, applyBDecToInput, inputNormalisation, rescaleActsByDecoderNorm, k } = config;
    return buildLayout(source, {
      format: 'saelens',
      architecture,
      dimensions,
      ...(k !== undefined && { k }),
      W_enc: { name: 'W_enc', featureAxis: 1 },
      W_dec: { name: 'W_dec', featureAxis: 0, ...(scaling && { scale: scaling }) },
      b_dec: 'b_dec',
      ...(await vectorsFor(source, config)),
      ...(densities && { densities }),
      encoding: { applyBDecToInput, inputNormalisation, rescaleActsByDecoderNorm },
      found: { ...placeOf(config), ...neuronpediaOf(config) },
      facts: [...config.facts, ...tensorFacts(source, config, scaling !== undefined)],
    });
  },
};

async function vectorsFor(
  source: SaeSource,
  config: SaeLensConfig,
): Promise<Pick<LayoutParts, 'b_enc' | 'threshold' | 'b_gate' | 'r_mag'>> {
  if (config.architecture === 'gated') return { b_enc: 'b_mag', b_gate: 'b_gate', r_mag: 'r_mag' };
  if (config.architecture !== 'jumprelu') return { b_enc: 'b_enc' };
  return { b_enc: 'b_enc', threshold: await thresholdOf(source, config) };
}

async function thresholdOf(source: SaeSource, config: SaeLensConfig): Promise<string | VectorLayout> {
  if (config.hasScalarThreshold && !hasAll(source, 'threshold'))
    return { constant: await readScalar(source.weights, 'topk_threshold'), length: config.dSae };
  const logs = source.weights.tensors.get('log_threshold');
  if (!logs || hasAll(source, 'threshold')) return 'threshold';
  const { dIn, dSae } = config;
  const dimensions = { dIn, dSae, dInFrom: 'cfg.json d_in', dSaeFrom: 'cfg.json d_sae' };
  return { ...vectorLayout(source.weights, 'log_threshold', 'd_sae', dimensions), transform: 'exp' };
}

/** Old SAELens files carry one factor per feature, applied to activations before decoding: the same as scaling decoder rows. Mostly all 1. */
async function finetuningScale(source: SaeSource, dimensions: Dimensions): Promise<StoredVector | undefined> {
  if (!hasAll(source, 'scaling_factor')) return undefined;
  const layout = vectorLayout(source.weights, 'scaling_factor', 'd_sae', dimensions);
  const factors = await readFloat32(layout.tensor);
  return factors.every((factor) => factor === 1) ? undefined : layout;
}

async function readDensityLayout(
  source: SaeSource,
  dimensions: Dimensions,
): Promise<VectorLayout | undefined> {
  const file = await source.openSibling('sparsity.safetensors');
  if (!file) return undefined;
  return { ...vectorLayout(file, 'sparsity', 'd_sae', dimensions), transform: 'exp10' };
}

function tensorFacts(source: SaeSource, config: SaeLensConfig, isScaled: boolean): string[] {
  const facts: string[] = [];
  if (isScaled) facts.push('W_dec rows are multiplied by scaling_factor (finetuned SAE)');
  if (config.isTranscoder) facts.push(TRANSCODER_FACT);
  if (hasAll(source, 'W_skip'))
    facts.push('W_skip is there and left out: reconstructions lack that linear part');
  if (config.hookName?.endsWith('hook_z')) facts.push('the input is the concatenation of all heads (hook_z)');
  return facts;
}

/** Before 6.0 some files hold only the source, without the model. */
function neuronpediaOf({ neuronpediaId }: SaeLensConfig): { neuronpediaId?: string } {
  return neuronpediaId?.includes('/') ? { neuronpediaId } : {};
}
