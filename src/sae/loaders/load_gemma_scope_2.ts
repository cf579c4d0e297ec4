/**
 * @file Gemma Scope 2 (google/gemma-scope-2-*): `params.safetensors` with lower-case w_enc [d_in, d_sae], w_dec [d_sae, d_in], b_enc, b_dec,
 * threshold, for some transcoders affine_skip_connection; `config.json` beside it in most folders. JumpReLU, b_dec not subtracted.
 */

import { AntipodeError } from '../../errors.ts';
import type { SaeSource } from '../sae_source.ts';
import { buildLayout, placeOf } from './build_layout.ts';
import { dimensionsFromVectors } from './dimensions.ts';
import { type JsonConfig, oneOf, optional, text } from './json_config.ts';
import { TRANSCODER_FACT, widthFacts } from './load_gemma_scope.ts';
import { hasAll, type SaeLoader } from './loader.ts';

export const gemmaScope2Loader: SaeLoader = {
  format: 'gemma-scope-2',
  summary: 'Gemma Scope 2: params.safetensors, config.json if there',
  async detect(source) {
    return source.weightsPath.endsWith('.safetensors') && hasAll(source, 'w_enc', 'w_dec', 'threshold');
  },
  async layout(source) {
    const { weights } = source;
    const config = await source.config('config.json');
    if (config) optional((c, path) => oneOf(c, path, ['jump_relu', 'jumprelu']), config, 'architecture');
    const modelName = config && optional(text, config, 'model_name');
    const { hookName, facts } = placeInModel(source, config);
    facts.push(...widthFacts(source, dimensionsFromVectors(weights, { dIn: 'b_dec', dSae: 'b_enc' }).dSae));
    if (!config)
      facts.push('no config.json beside it: model and hook are taken from the path, where it names them');
    if (hasAll(source, 'affine_skip_connection'))
      facts.push('affine_skip_connection is there and left out: reconstructions lack that linear part');
    return buildLayout(source, {
      format: 'gemma-scope-2',
      architecture: 'jumprelu',
      dimensions: dimensionsFromVectors(weights, { dIn: 'b_dec', dSae: 'b_enc' }),
      W_enc: { name: 'w_enc', featureAxis: 1 },
      W_dec: { name: 'w_dec', featureAxis: 0 },
      b_enc: 'b_enc',
      b_dec: 'b_dec',
      threshold: 'threshold',
      found: placeOf({ modelName, hookName }),
      facts,
    });
  },
};

const SITES: readonly (readonly [RegExp, string])[] = [
  [/(^|\/)resid_post(_all)?\//, 'hook_resid_post'],
  [/(^|\/)attn_out(_all)?\//, 'hook_attn_out'],
  [/(^|\/)mlp_out(_all)?\//, 'hook_mlp_out'],
  [/(^|\/)transcoder(_all)?\//, 'ln2.hook_normalized'],
];

function placeInModel(
  source: SaeSource,
  config: JsonConfig | undefined,
): { readonly hookName?: string; readonly facts: string[] } {
  const path = source.weightsPath.replaceAll('\\', '/');
  if (/(^|\/)clt\//.test(path)) {
    throw new AntipodeError(
      'format',
      `${source.weights.name}: a cross-layer transcoder, which has a decoder per layer (expected one encoder and one decoder)`,
    );
  }
  const facts: string[] = [];
  const site = SITES.find(([pattern]) => pattern.test(path))?.[1];
  const layer = /(?:^|\/)layer_(\d{1,3})_/.exec(path)?.[1];
  if (site === 'ln2.hook_normalized') facts.push(TRANSCODER_FACT);
  const stated = config && optional(text, config, 'hf_hook_point_in');
  if (stated !== undefined) facts.push(`reads ${stated} (Hugging Face name)`);
  if (site === undefined || layer === undefined) return { facts };
  return { hookName: `blocks.${Number(layer)}.${site}`, facts };
}
