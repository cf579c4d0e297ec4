/**
 * @file Gemma Scope (Lieberum et al. 2024, arXiv 2408.05147): `params.npz` with W_enc [d_in, d_sae], W_dec [d_sae, d_in], b_enc, threshold
 * [d_sae] and b_dec [d_in], float32; JumpReLU; b_dec is not subtracted from the input. The transcoders spell the matrices `w_enc`, `w_dec`.
 * SAEs on the embeddings were trained on inputs times sqrt(d_in); as SAELens does, W_enc is divided and W_dec multiplied by it.
 */

import type { SaeSource } from '../sae_source.ts';
import { buildLayout } from './build_layout.ts';
import { dimensionsFromVectors } from './dimensions.ts';
import { hasAll, type SaeLoader } from './loader.ts';

export const gemmaScopeLoader: SaeLoader = {
  format: 'gemma-scope',
  summary: 'Gemma Scope: params.npz',
  async detect(source) {
    const isNpz = source.weightsPath.endsWith('.npz');
    return (
      isNpz &&
      (hasAll(source, 'W_enc', 'W_dec', 'threshold') || hasAll(source, 'w_enc', 'w_dec', 'threshold'))
    );
  },
  async layout(source) {
    const isLowerCase = hasAll(source, 'w_enc');
    const dimensions = dimensionsFromVectors(source.weights, { dIn: 'b_dec', dSae: 'b_enc' });
    const isEmbedding = source.identity.saeId?.startsWith('embedding/') === true;
    const root = Math.sqrt(dimensions.dIn);
    const facts = widthFacts(source, dimensions.dSae);
    if (isLowerCase) facts.push(TRANSCODER_FACT);
    if (isEmbedding)
      facts.push(
        'an SAE on the embeddings: W_enc is divided and W_dec multiplied by sqrt(d_in), as in SAELens',
      );
    return buildLayout(source, {
      format: 'gemma-scope',
      architecture: 'jumprelu',
      dimensions,
      W_enc: {
        name: isLowerCase ? 'w_enc' : 'W_enc',
        featureAxis: 1,
        ...(isEmbedding && { scale: 1 / root }),
      },
      W_dec: { name: isLowerCase ? 'w_dec' : 'W_dec', featureAxis: 0, ...(isEmbedding && { scale: root }) },
      b_enc: 'b_enc',
      b_dec: 'b_dec',
      threshold: 'threshold',
      facts,
    });
  },
};

/** Encoder and decoder of a transcoder live in different places, which a cosine between them does not tell. */
export const TRANSCODER_FACT =
  'a transcoder: it reads one place of the model and writes another, so encoder-decoder cosines compare two spaces';

/** The folder says `width_16k`; a file of another width may be misplaced. */
export function widthFacts(source: SaeSource, dSae: number): string[] {
  const name = source.identity.saeId ?? source.weightsPath;
  const match = /width_(\d+)(k|m)(?![a-z0-9])/.exec(name);
  if (!match) return [];
  const [words, count, unit] = match;
  const stated = Number(count) * (unit === 'k' ? 1024 : 2 ** 20);
  // Names round: 65k is 65536, 131k is 131072.
  const isClose = Math.abs(dSae - stated) <= 0.05 * stated;
  return isClose ? [] : [`the folder says ${words}, the file has ${dSae} features`];
}
