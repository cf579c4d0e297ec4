/**
 * @file A trained sparse autoencoder in Gemma Scope's layout (Lieberum et al. 2024): `params.npz` with W_enc `[d_in, d_sae]`, W_dec `[d_sae, d_in]`,
 * b_enc and threshold `[d_sae]`, b_dec `[d_in]`. Its encoder is a JumpReLU that does not subtract `b_dec`: that goes into `b_enc`. A ReLU is a
 * JumpReLU with thresholds of 0; TopK is none and is refused.
 */

import { join } from 'node:path';
import { AntipodeError } from '../../errors.ts';
import type { WriteOptions } from '../../formats/atomic.ts';
import { writeNpz } from '../../formats/numpy/npz_writer.ts';
import { type StoredDtype, storedValues, transposed } from './file_arrays.ts';
import type { TrainedSae } from './trained_sae.ts';

export interface GemmaScopeFiles extends WriteOptions {
  readonly dtype: StoredDtype;
}

/** @throws {AntipodeError} `usage` for `topk` */
export function checkGemmaScope({ architecture }: Pick<TrainedSae, 'architecture'>): void {
  if (architecture !== 'topk') return;
  throw new AntipodeError(
    'usage',
    'format gemma-scope: a topk SAE cannot be written so (got topk, expected an architecture whose features are active above a threshold)',
    { hint: 'write it as saelens, or train batchtopk' },
  );
}

/** @throws {AntipodeError} `usage` for `topk` */
export async function writeGemmaScopeFiles(
  folder: string,
  sae: TrainedSae,
  { dtype, signal }: GemmaScopeFiles,
): Promise<string[]> {
  checkGemmaScope(sae);
  const { dIn, dSae } = sae;
  const array = (
    name: string,
    shape: readonly number[],
    values: Float32Array,
    type: StoredDtype = 'float32',
  ) => ({
    name,
    shape,
    data: storedValues(name, values, type),
  });
  const arrays = [
    array('W_enc', [dIn, dSae], transposed(sae.W_enc, dIn), dtype),
    array('W_dec', [dSae, dIn], sae.W_dec, dtype),
    array('b_enc', [dSae], withoutInputBias(sae)),
    array('b_dec', [dIn], sae.b_dec),
    array('threshold', [dSae], sae.threshold ?? new Float32Array(dSae)),
  ];
  await writeNpz(join(folder, 'params.npz'), arrays, { signal });
  return ['params.npz'];
}

/** `b_enc - W_enc b_dec`, in float64, rounded once. */
function withoutInputBias({ W_enc, b_enc, b_dec, dIn }: TrainedSae): Float32Array {
  return b_enc.map((bias, latent) => {
    let sum = bias;
    for (let c = 0; c < dIn; c++) sum -= W_enc[latent * dIn + c]! * b_dec[c]!;
    return sum;
  });
}
