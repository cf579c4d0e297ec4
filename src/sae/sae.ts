/**
 * @file The one record that every published SAE format loads into.
 * Names follow SAELens: `W_enc`, `W_dec`, `b_enc`, `b_dec`, `threshold`. Both matrices are feature-major here, `[d_sae, d_in]`,
 * whatever the file had: row i of `W_enc` detects feature i, row i of `W_dec` writes it.
 */

import type { DType } from '../tensor/dtype.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';

/** Which matrix a direction is taken from. */
export type Space = 'encoder' | 'decoder';

export const SPACES: readonly Space[] = ['encoder', 'decoder'];

/** SAELens's names. BatchTopK dictionaries are saved, and loaded, as `jumprelu`. */
export type Architecture = 'standard' | 'jumprelu' | 'topk' | 'gated';

/**
 * How the input of the encoder is scaled, before `b_dec` is subtracted; decoding undoes it. `factor`: multiplied by `inputScale`.
 * `layer_norm`: minus its mean, divided by (standard deviation with n - 1, plus 1e-5), per token (OpenAI, SAELens).
 * `constant_norm`: each token scaled to norm sqrt(d_in) (SAELens `constant_norm_rescale`).
 */
export type InputNormalisation = 'none' | 'factor' | 'layer_norm' | 'constant_norm';

export interface SaeIdentity {
  /** Short name for tables and file names, e.g. `20-gemmascope-res-16k` or the file's stem. */
  readonly label: string;
  /** SAELens release and id, where known: `gemma-scope-2b-pt-res`, `layer_20/width_16k/average_l0_71`. */
  readonly release?: string;
  readonly saeId?: string;
  /** `gemma-2-2b/20-gemmascope-res-16k`, where the SAE has Neuronpedia pages. */
  readonly neuronpediaId?: string;
  readonly modelName?: string;
  /** TransformerLens hook name, e.g. `blocks.20.hook_resid_post` (= Hugging Face `hidden_states[21]`). */
  readonly hookName?: string;
  readonly layer?: number;
  /** True for generated weights, which must never be shown beside published numbers. */
  readonly isSynthetic: boolean;
}

export interface SaeFileFact {
  readonly path: string;
  readonly byteLength: number;
}

/** What is known without reading any weights. */
export interface SaeHeader {
  readonly identity: SaeIdentity;
  /** The loader that took it: `gemma-scope`, `gemma-scope-2`, `saelens`, `sparsify`, `llama-scope`, `dictionary-learning`, `mapped`, … */
  readonly format: string;
  readonly architecture: Architecture;
  readonly dIn: number;
  readonly dSae: number;
  readonly dtype: DType;
  /** Active latents per token, for `topk`. */
  readonly k?: number;
  readonly files: readonly SaeFileFact[];
  /** What the loader assumed, folded, transposed or found odd: sentences for `sae inspect` and the manifest. */
  readonly facts: readonly string[];
}

/** The whole dictionary in memory. */
export interface Sae extends SaeHeader {
  /** `[d_sae, d_in]`, detector directions (the file's columns in most formats). */
  readonly W_enc: FeatureMatrix;
  /** `[d_sae, d_in]`, written directions. */
  readonly W_dec: FeatureMatrix;
  /** `[d_sae]`; zeros where the format has none. For `gated` this is `b_mag`. */
  readonly b_enc: Float32Array;
  /** `[d_in]`. */
  readonly b_dec: Float32Array;
  /** `[d_sae]`, for `jumprelu`: a latent is active when its pre-activation exceeds it. */
  readonly threshold?: Float32Array;
  /** For `gated`: gate bias and log scale, both `[d_sae]` (Rajamanoharan et al. 2024, arXiv 2404.16014). */
  readonly b_gate?: Float32Array;
  readonly r_mag?: Float32Array;
  /** Whether `b_dec` is subtracted from the input before encoding (true in SAELens `standard`; false in Gemma Scope). */
  readonly applyBDecToInput: boolean;
  readonly inputNormalisation: InputNormalisation;
  /** For `factor`: the input is multiplied by it before encoding, the reconstruction divided by it. 1 otherwise. */
  readonly inputScale: number;
  /**
   * Activations are given in units of the decoder's rows: multiplied by their norms in encoding, divided by them in decoding. `topk`
   * ranks after that (SAELens `rescale_acts_by_decoder_norm`); gates and thresholds are applied before it (dictionary_learning).
   */
  readonly rescaleActsByDecoderNorm: boolean;
}

/** Float32 rows in a file of this machine. */
export interface RowsInFile {
  readonly path: string;
  /** Of the first value, in bytes. */
  readonly offset: number;
  /** Where the file records one: zlib's crc32 of all values, continued from `before`. */
  readonly checksum?: { readonly before: number; readonly expected: number };
}

/** An opened SAE whose weights are read on demand. */
export interface SaeFile {
  readonly header: SaeHeader;
  /**
   * Directions of the given features, in the order asked, duplicates allowed; reads only those rows where the file allows it, and
   * streams past the others where features are columns or the data is compressed.
   * @throws {AntipodeError} `usage` for an index outside [0, d_sae)
   */
  readRows(space: Space, features: readonly number[]): Promise<FeatureMatrix>;
  /** One whole matrix, feature-major, over shared memory. */
  readSpace(space: Space): Promise<FeatureMatrix>;
  /**
   * Where a file of this machine holds the rows of a matrix as `readSpace` gives them: float32, one after the other, from this byte on. Undefined where they
   * are transposed, packed, scaled or of another type.
   */
  rowsInFile(space: Space): RowsInFile | undefined;
  load(): Promise<Sae>;
  /**
   * The dictionary of these features alone, in the order asked: feature i of it is `features[i]`, and `dSae` is their number. Reads what `readRows`
   * reads, and the small vectors. For `topk` it says nothing about which of them are active beside the others.
   * @throws {AntipodeError} `usage` for an index outside [0, d_sae)
   */
  loadFeatures(features: readonly number[]): Promise<Sae>;
  /** Share of tokens on which each feature fires, `[d_sae]` in [0, 1], where the format ships it (SAELens `sparsity.safetensors`). */
  readDensities?(): Promise<Float32Array>;
  close(): Promise<void>;
}
