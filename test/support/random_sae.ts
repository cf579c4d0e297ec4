/** @file SAEs made for tests: random ones of every architecture and option, and one that reconstructs without any loss. */

import type { Architecture, InputNormalisation, Sae } from '../../src/sae/sae.ts';
import { allocateMatrix, type FeatureMatrix, toFeatureMatrix } from '../../src/tensor/matrix.ts';
import { createRng } from '../../src/tensor/rng.ts';

const NORMALISATIONS: readonly InputNormalisation[] = ['none', 'factor', 'layer_norm', 'constant_norm'];

export interface SaeSize {
  readonly dIn: number;
  readonly dSae: number;
}

/** Weights of about unit length over shared memory, as loaders leave them. Eight seeds in a row have all combinations of scaling and units. */
export function randomSae(architecture: Architecture, seed: number, { dIn, dSae }: SaeSize): Sae {
  const rng = createRng(seed, architecture);
  const normal = (length: number, scale = 1): Float32Array =>
    Float32Array.from({ length }, () => scale * rng.normal());
  const inputNormalisation = NORMALISATIONS[seed % NORMALISATIONS.length]!;
  const matrix = (): FeatureMatrix => {
    const shared = allocateMatrix(dSae, dIn);
    shared.data.set(normal(dSae * dIn, 1 / Math.sqrt(dIn)));
    return toFeatureMatrix(shared);
  };
  return {
    ...recordOf(architecture, { dIn, dSae }),
    W_enc: matrix(),
    W_dec: matrix(),
    b_enc: normal(dSae, 0.1),
    b_dec: normal(dIn, 0.3),
    applyBDecToInput: rng.uniform() < 0.5,
    inputNormalisation,
    inputScale: inputNormalisation === 'factor' ? 0.37 : 1,
    rescaleActsByDecoderNorm: seed % 8 >= 4,
    ...(architecture === 'topk' && { k: 7 }),
    ...(architecture === 'jumprelu' && { threshold: normal(dSae, 0.5) }),
    ...(architecture === 'gated' && { b_gate: normal(dSae, 0.2), r_mag: normal(dSae, 0.3) }),
  };
}

/**
 * Feature i is the i-th component, feature d_in + i its negative: x_hat is x, bit for bit.
 * @param kept components beyond these are left out, which leaves them 0 in x_hat
 */
export function identitySae(dIn: number, kept: number = dIn): Sae {
  const dSae = 2 * kept;
  const data = new Float32Array(dSae * dIn);
  for (let i = 0; i < kept; i++) {
    data[i * dIn + i] = 1;
    data[(kept + i) * dIn + i] = -1;
  }
  const rows = toFeatureMatrix({ data, rows: dSae, cols: dIn });
  return {
    ...recordOf('standard', { dIn, dSae }),
    W_enc: rows,
    W_dec: rows,
    b_enc: new Float32Array(dSae),
    b_dec: new Float32Array(dIn),
    applyBDecToInput: false,
    inputNormalisation: 'none',
    inputScale: 1,
    rescaleActsByDecoderNorm: false,
  };
}

function recordOf(
  architecture: Architecture,
  { dIn, dSae }: SaeSize,
): Pick<Sae, 'identity' | 'format' | 'architecture' | 'dIn' | 'dSae' | 'dtype' | 'files' | 'facts'> {
  const identity = { label: 'test', isSynthetic: true };
  return { identity, format: 'test', architecture, dIn, dSae, dtype: 'F32', files: [], facts: [] };
}
