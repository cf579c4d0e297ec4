/**
 * @file A plain pair of `torch.nn.Linear`: encoder [d_sae, d_in] and decoder [d_in, d_sae], each with its bias; ReLU; nothing subtracted
 * from the input. Published so by Goodfire (`encoder_linear`, `decoder_linear`), by qresearch for DeepSeek-R1, and as
 * dictionary_learning's `AutoEncoderNew`.
 */

import type { SaeSource } from '../sae_source.ts';
import { buildLayout } from './build_layout.ts';
import { dimensionsFromVectors } from './dimensions.ts';
import { hasAll, type SaeLoader } from './loader.ts';

const STYLES = [
  { encoder: 'encoder', decoder: 'decoder' },
  { encoder: 'encoder_linear', decoder: 'decoder_linear' },
] as const;

export const linearPairLoader: SaeLoader = {
  format: 'linear-pair',
  summary:
    'two nn.Linear (Goodfire, qresearch, AutoEncoderNew): encoder.weight, encoder.bias, decoder.weight, decoder.bias',
  async detect(source) {
    return styleOf(source) !== undefined;
  },
  async layout(source) {
    const { encoder, decoder } = styleOf(source) ?? STYLES[0];
    return buildLayout(source, {
      format: 'linear-pair',
      architecture: 'standard',
      dimensions: dimensionsFromVectors(source.weights, { dIn: `${decoder}.bias`, dSae: `${encoder}.bias` }),
      W_enc: { name: `${encoder}.weight`, featureAxis: 0 },
      W_dec: { name: `${decoder}.weight`, featureAxis: 1 },
      b_enc: `${encoder}.bias`,
      b_dec: `${decoder}.bias`,
      facts: ['the decoder bias is not subtracted from the input'],
    });
  },
};

function styleOf(source: SaeSource): (typeof STYLES)[number] | undefined {
  return STYLES.find(({ encoder, decoder }) =>
    hasAll(source, `${encoder}.weight`, `${encoder}.bias`, `${decoder}.weight`, `${decoder}.bias`),
  );
}
