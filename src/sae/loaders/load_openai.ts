/**
 * @file OpenAI's GPT-2 autoencoders (Gao et al. 2024, arXiv 2406.04093; github.com/openai/sparse_autoencoder): a torch checkpoint with
 * encoder.weight [d_sae, d_in], decoder.weight [d_in, d_sae], pre_bias [d_in], latent_bias [d_sae], the activation's name and its k.
 * The TopK ones (v5) normalise each input to mean 0 and sd 1; the ReLU ones do not. pre_bias is subtracted before encoding.
 */

import { AntipodeError } from '../../errors.ts';
import type { SaeSource } from '../sae_source.ts';
import { buildLayout } from './build_layout.ts';
import { dimensionsFromVectors } from './dimensions.ts';
import { hasAll, type SaeLoader } from './loader.ts';

export const openAiLoader: SaeLoader = {
  format: 'openai',
  summary: 'OpenAI sparse_autoencoder: {layer}.pt',
  async detect(source) {
    return hasAll(source, 'encoder.weight', 'pre_bias', 'latent_bias');
  },
  async layout(source) {
    const { k, facts } = activation(source);
    // Tied checkpoints have no decoder of their own: its rows are the encoder's.
    const isTied = !hasAll(source, 'decoder.weight');
    if (isTied)
      facts.push(
        'there is no decoder.weight: encoder and decoder are tied, every feature equals itself in the other space',
      );
    return buildLayout(source, {
      format: 'openai',
      architecture: k === undefined ? 'standard' : 'topk',
      ...(k !== undefined && { k }),
      dimensions: dimensionsFromVectors(source.weights, { dIn: 'pre_bias', dSae: 'latent_bias' }),
      W_enc: { name: 'encoder.weight', featureAxis: 0 },
      W_dec: isTied ? { name: 'encoder.weight', featureAxis: 0 } : { name: 'decoder.weight', featureAxis: 1 },
      b_enc: 'latent_bias',
      b_dec: 'pre_bias',
      encoding: { applyBDecToInput: true, inputNormalisation: k === undefined ? 'none' : 'layer_norm' },
      facts,
    });
  },
};

function activation(source: SaeSource): { readonly k?: number; readonly facts: string[] } {
  const { metadata, name } = source.weights;
  const kind = metadata['activation'];
  if (kind === 'TopK') {
    const k = Number(metadata['activation_state_dict.k']);
    if (!Number.isInteger(k)) {
      throw new AntipodeError(
        'format',
        `${name}: activation_state_dict.k is ${metadata['activation_state_dict.k'] ?? 'missing'} (expected a whole number)`,
      );
    }
    return {
      k,
      facts: [
        'inputs are normalised to mean 0 and standard deviation 1 per token, as TopK ones were trained',
      ],
    };
  }
  if (kind === undefined || kind === 'ReLU') {
    const facts =
      kind === undefined ? ['the checkpoint names no activation: ReLU, the default of the format'] : [];
    return { facts };
  }
  throw new AntipodeError('format', `${name}: activation is ${kind} (expected TopK or ReLU)`);
}
