/**
 * @file A trained sparse autoencoder in SAELens's layout, as its loader takes it from version 6 on: `cfg.json`, `sae_weights.safetensors` with W_enc
 * `[d_in, d_sae]` and W_dec `[d_sae, d_in]`, and `sparsity.safetensors` with the logarithm to base 10 of how often features fire. BatchTopK is
 * saved as JumpReLU with one threshold, as SAELens itself does. `b_dec` is declared as subtracted from the input.
 */

import { join } from 'node:path';
import { type WriteOptions, writeFileAtomic } from '../../formats/atomic.ts';
import { type WritableTensor, writeSafetensors } from '../../formats/safetensors/safetensors.ts';
import { layerOfHook } from '../../sae/loaders/build_layout.ts';
import { type StoredDtype, storedValues, transposed } from './file_arrays.ts';
import type { TrainedSae } from './trained_sae.ts';

/** Where an SAE was trained, as SAELens's metadata tell it. */
export interface SaePlace {
  /** As the model is called on the Hugging Face Hub or by TransformerLens. */
  readonly modelName: string;
  /** TransformerLens's name, `blocks.5.hook_resid_post`. */
  readonly hookName: string;
  /** Tokens of a row at most. */
  readonly contextLength?: number;
  /** Whether rows began with the token for the beginning of a text. */
  readonly prependBos?: boolean;
  /** Whether activations of special tokens were left out. */
  readonly excludesSpecialTokens?: boolean;
  readonly datasetPath?: string;
}

/** The first version whose files look like this; its loader takes anything older, or without a version, for the layout before. */
const SAELENS_VERSION = '6.0.0';

/** Added to frequencies before the logarithm, as SAELens does; stands for a feature that never fired. */
const LEAST_FREQUENCY = 1e-10;

const ARCHITECTURES = {
  batchtopk: 'jumprelu',
  jumprelu: 'jumprelu',
  topk: 'topk',
  relu: 'standard',
} as const;

export interface SaeLensFiles extends WriteOptions {
  readonly dtype: StoredDtype;
  readonly place: SaePlace;
}

/** Names of the files, the configuration last: a folder without it is no SAE. */
export async function writeSaeLensFiles(
  folder: string,
  sae: TrainedSae,
  files: SaeLensFiles,
): Promise<string[]> {
  const { dtype, place, signal } = files;
  const { dIn, dSae, threshold } = sae;
  const matrix = (name: string, shape: readonly number[], values: Float32Array): WritableTensor => ({
    name,
    shape,
    dtype: dtype === 'float16' ? 'F16' : 'F32',
    data: storedValues(name, values, dtype),
  });
  const vector = (name: string, values: Float32Array): WritableTensor => ({
    name,
    shape: [values.length],
    dtype: 'F32',
    data: storedValues(name, values, 'float32'),
  });
  const tensors = [
    matrix('W_enc', [dIn, dSae], transposed(sae.W_enc, dIn)),
    matrix('W_dec', [dSae, dIn], sae.W_dec),
    vector('b_enc', sae.b_enc),
    vector('b_dec', sae.b_dec),
    ...(threshold ? [vector('threshold', threshold)] : []),
  ];
  const write = { signal };
  await writeSafetensors(join(folder, 'sae_weights.safetensors'), tensors, {}, write);
  const sparsity = sae.densities.map((density) => Math.log10(density + LEAST_FREQUENCY));
  await writeSafetensors(join(folder, 'sparsity.safetensors'), [vector('sparsity', sparsity)], {}, write);
  await writeFileAtomic(
    join(folder, 'cfg.json'),
    `${JSON.stringify(configOf(sae, place), null, 2)}\n`,
    write,
  );
  return ['sae_weights.safetensors', 'sparsity.safetensors', 'cfg.json'];
}

function configOf(sae: TrainedSae, place: SaePlace): Record<string, unknown> {
  const { architecture, dIn, dSae, k } = sae;
  return {
    architecture: ARCHITECTURES[architecture],
    d_in: dIn,
    d_sae: dSae,
    ...(architecture === 'topk' && { k, rescale_acts_by_decoder_norm: false }),
    // What it is computed in; the file may store less.
    dtype: 'float32',
    device: 'cpu',
    apply_b_dec_to_input: true,
    normalize_activations: 'none',
    reshape_activations: 'none',
    metadata: metadataOf(sae, place),
  };
}

function metadataOf({ architecture, k }: TrainedSae, place: SaePlace): Record<string, unknown> {
  const { contextLength, datasetPath, excludesSpecialTokens, hookName, modelName, prependBos } = place;
  return {
    sae_lens_version: SAELENS_VERSION,
    sae_lens_training_version: null,
    model_name: modelName,
    hook_name: hookName,
    hook_layer: layerOfHook(hookName) ?? null,
    hook_head_index: null,
    ...(contextLength !== undefined && { context_size: contextLength }),
    ...(prependBos !== undefined && { prepend_bos: prependBos }),
    ...(excludesSpecialTokens !== undefined && { exclude_special_tokens: excludesSpecialTokens }),
    ...(datasetPath !== undefined && { dataset_path: datasetPath }),
    trained_with: 'antipode',
    trained_as: architecture,
    ...(k !== undefined && { trained_k: k }),
  };
}
