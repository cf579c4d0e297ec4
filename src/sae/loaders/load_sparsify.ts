/**
 * @file EleutherAI sparsify: `{hookpoint}/cfg.json` and `sae.safetensors` with encoder.weight [d_sae, d_in], encoder.bias, W_dec
 * [d_sae, d_in] (not transposed; SAELens 6.18 transposes it by mistake), b_dec [d_in], for some W_skip. TopK of x - b_dec; transcoders
 * do not subtract it. `num_latents` 0 means d_in times expansion_factor. Layers count from 0.
 */

import { basename, dirname } from 'node:path';
import { AntipodeError } from '../../errors.ts';
import { buildLayout, placeOf } from './build_layout.ts';
import { fieldOf, type JsonConfig, oneOf, optional, positiveInteger, trueOrFalse } from './json_config.ts';
import { TRANSCODER_FACT } from './load_gemma_scope.ts';
import { hasAll, requireConfig, type SaeLoader } from './loader.ts';

export const sparsifyLoader: SaeLoader = {
  format: 'sparsify',
  summary: 'EleutherAI sparsify: cfg.json, sae.safetensors',
  async detect(source) {
    return hasAll(source, 'encoder.weight', 'encoder.bias', 'W_dec', 'b_dec');
  },
  async layout(source) {
    const config = await requireConfig(source, 'cfg.json');
    const dIn = positiveInteger(config, 'd_in');
    const { dSae, from } = latents(config, dIn);
    checkActivation(config);
    const isTranscoder = optional(trueOrFalse, config, 'transcode') ?? false;
    const facts: string[] = [];
    if (isTranscoder) facts.push(TRANSCODER_FACT);
    if (hasAll(source, 'W_skip'))
      facts.push('W_skip is there and left out: reconstructions lack that linear part');
    if (optional(trueOrFalse, config, 'normalize_decoder'))
      facts.push('trained with a decoder kept at unit norm');
    if (!isTranscoder)
      facts.push(
        'the encoder started as the transpose of the decoder: part of their cosine is initialisation',
      );
    return buildLayout(source, {
      format: 'sparsify',
      architecture: 'topk',
      k: positiveInteger(config, 'k'),
      dimensions: { dIn, dSae, dInFrom: 'cfg.json d_in', dSaeFrom: from },
      W_enc: { name: 'encoder.weight', featureAxis: 0 },
      W_dec: { name: 'W_dec', featureAxis: 0 },
      b_enc: 'encoder.bias',
      b_dec: 'b_dec',
      encoding: { applyBDecToInput: !isTranscoder },
      found: placeOf({ hookName: hookOf(basename(dirname(source.weightsPath))) }),
      facts,
    });
  },
};

function latents(config: JsonConfig, dIn: number): { readonly dSae: number; readonly from: string } {
  const stated = fieldOf(config, 'num_latents');
  if (stated !== undefined && stated !== 0)
    return { dSae: positiveInteger(config, 'num_latents'), from: 'cfg.json num_latents' };
  return {
    dSae: dIn * positiveInteger(config, 'expansion_factor'),
    from: 'cfg.json d_in times expansion_factor',
  };
}

/** Older files have no `activation` and `signed` false; anything else would be encoded wrongly. */
function checkActivation(config: JsonConfig): void {
  optional((c, path) => oneOf(c, path, ['topk']), config, 'activation');
  if (optional(trueOrFalse, config, 'signed')) {
    throw new AntipodeError(
      'format',
      `${config.name}: signed is true (expected false: a TopK of positive activations)`,
      {
        hint: 'the matrices alone can be read with --map W_enc=encoder.weight --map W_dec=W_dec',
      },
    );
  }
}

/** `layers.10`, `layers.10.mlp`, `h.3.attn`: the module whose output is read. */
function hookOf(folder: string): string | undefined {
  if (folder === 'embed_tokens' || folder === 'wte') return 'hook_embed';
  const match = /^(?:layers|h|gpt_neox\.layers)[._](\d{1,3})(?:\.(\w+))?$/.exec(folder);
  if (!match) return undefined;
  const layer = Number(match[1]);
  if (match[2] === undefined) return `blocks.${layer}.hook_resid_post`;
  if (match[2] === 'mlp') return `blocks.${layer}.hook_mlp_out`;
  return match[2].includes('att') ? `blocks.${layer}.hook_attn_out` : undefined;
}
