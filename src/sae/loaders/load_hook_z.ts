/**
 * @file The attention-output SAEs of Kissane and Krzyzanowski (ckkissane/attn-saes-gpt2-small-all-layers): `NAME.pt` with W_enc
 * [d_in, d_sae], b_enc, W_dec [d_sae, d_in], b_dec, and `NAME_cfg.json` with act_size, dict_size, act_name. ReLU of x - b_dec.
 */

import { basename, extname } from 'node:path';
import type { SaeSource } from '../sae_source.ts';
import { buildLayout, placeOf } from './build_layout.ts';
import { optional, positiveInteger, text } from './json_config.ts';
import { hasAll, requireConfig, type SaeLoader } from './loader.ts';

export const hookZLoader: SaeLoader = {
  format: 'hook-z',
  summary: 'attention SAEs of gpt2-small-hook-z-kk: NAME.pt, NAME_cfg.json',
  async detect(source) {
    if (!hasAll(source, 'W_enc', 'b_enc', 'W_dec', 'b_dec') || hasAll(source, 'threshold')) return false;
    return (await source.config(configName(source))) !== undefined;
  },
  async layout(source) {
    const config = await requireConfig(source, configName(source));
    return buildLayout(source, {
      format: 'hook-z',
      architecture: 'standard',
      dimensions: {
        dIn: positiveInteger(config, 'act_size'),
        dSae: positiveInteger(config, 'dict_size'),
        dInFrom: `${config.name} act_size`,
        dSaeFrom: `${config.name} dict_size`,
      },
      W_enc: { name: 'W_enc', featureAxis: 1 },
      W_dec: { name: 'W_dec', featureAxis: 0 },
      b_enc: 'b_enc',
      b_dec: 'b_dec',
      encoding: { applyBDecToInput: true },
      found: placeOf({ hookName: optional(text, config, 'act_name') }),
      facts: ['the input is the concatenation of all heads (hook_z)'],
    });
  },
};

function configName(source: SaeSource): string {
  return `${basename(source.weightsPath, extname(source.weightsPath))}_cfg.json`;
}
