/** @file The part that all loaders share: from named tensors and a format's conventions to a `SaeLayout`, with its facts. */

import { AntipodeError } from '../../errors.ts';
import { readFloat32, requireTensor, type StoredTensor, type TensorFile } from '../../formats/tensor_file.ts';
import type { EncodingRules, MatrixLayout, SaeLayout, VectorLayout } from '../layout.ts';
import type { Architecture, SaeHeader, SaeIdentity } from '../sae.ts';
import type { MatrixName, SaeSource } from '../sae_source.ts';
import {
  checkDimensions,
  type Dimensions,
  matrixLayout,
  orientationFact,
  vectorLayout,
} from './dimensions.ts';

/** A matrix by its name in the file and the axis that counts features there. */
export interface NamedMatrix {
  readonly name: string;
  readonly featureAxis: 0 | 1;
  readonly scale?: number | VectorLayout;
}

export interface LayoutParts {
  readonly format: string;
  readonly architecture: Architecture;
  readonly dimensions: Dimensions;
  readonly k?: number;
  readonly W_enc: NamedMatrix;
  readonly W_dec: NamedMatrix;
  /** A name is a stored vector; a number stands for a constant vector; undefined for zeros. */
  readonly b_enc?: string;
  readonly b_dec?: string;
  readonly threshold?: string | VectorLayout;
  readonly b_gate?: string;
  readonly r_mag?: string;
  readonly densities?: VectorLayout;
  readonly encoding?: Partial<EncodingRules>;
  /** What the files say of the SAE; what the registry says wins. */
  readonly found?: Partial<SaeIdentity>;
  readonly facts?: readonly string[];
}

export const PLAIN_ENCODING: EncodingRules = {
  applyBDecToInput: false,
  inputNormalisation: 'none',
  inputScale: 1,
  rescaleActsByDecoderNorm: false,
};

/** @throws {AntipodeError} `format` where a tensor is missing or has another shape */
export function buildLayout(source: SaeSource, parts: LayoutParts): SaeLayout {
  const { weights } = source;
  const { dimensions } = parts;
  checkDimensions(weights, dimensions);
  const W_enc = namedMatrix(source, 'W_enc', parts);
  const W_dec = namedMatrix(source, 'W_dec', parts);
  const merged = mergeIdentity(source.identity, parts.found ?? {});
  const isSquare = dimensions.dIn === dimensions.dSae;
  const header: SaeHeader = {
    identity: merged.identity,
    format: parts.format,
    architecture: parts.architecture,
    dIn: dimensions.dIn,
    dSae: dimensions.dSae,
    dtype: W_dec.tensor.dtype,
    ...(parts.k !== undefined && { k: checkK(weights, parts.k, dimensions.dSae) }),
    files: source.files,
    facts: [
      orientationFact('W_enc', W_enc, isSquare),
      orientationFact('W_dec', W_dec, isSquare),
      ...transposedFacts(source),
      ...storageFacts(W_enc.tensor, W_dec.tensor),
      ...(parts.facts ?? []),
      ...merged.facts,
    ],
  };
  return {
    header,
    W_enc,
    W_dec,
    vectors: vectorsOf(weights, parts),
    encoding: { ...PLAIN_ENCODING, ...parts.encoding },
  };
}

function namedMatrix(source: SaeSource, matrix: MatrixName, parts: LayoutParts): MatrixLayout {
  const { name, featureAxis, scale } = parts[matrix];
  const { dimensions } = parts;
  const layout = matrixLayout(source.weights, name, {
    dimensions,
    matrix,
    featureAxis,
    transposed: source.transposed,
  });
  return scale === undefined ? layout : { ...layout, scale };
}

function vectorsOf(weights: TensorFile, parts: LayoutParts): SaeLayout['vectors'] {
  const { dimensions, threshold, b_gate, r_mag, densities } = parts;
  const { dIn, dSae } = dimensions;
  const perFeature = (name: string): VectorLayout => vectorLayout(weights, name, 'd_sae', dimensions);
  return {
    b_enc: parts.b_enc === undefined ? { constant: 0, length: dSae } : perFeature(parts.b_enc),
    b_dec:
      parts.b_dec === undefined
        ? { constant: 0, length: dIn }
        : vectorLayout(weights, parts.b_dec, 'd_in', dimensions),
    ...(threshold !== undefined && {
      threshold: typeof threshold === 'string' ? perFeature(threshold) : threshold,
    }),
    ...(b_gate !== undefined && { b_gate: perFeature(b_gate) }),
    ...(r_mag !== undefined && { r_mag: perFeature(r_mag) }),
    ...(densities && { densities }),
  };
}

function checkK(weights: TensorFile, k: number, dSae: number): number {
  if (Number.isInteger(k) && k >= 1 && k <= dSae) return k;
  throw new AntipodeError(
    'format',
    `${weights.name}: k is ${k} (expected a whole number from 1 to d_sae, ${dSae})`,
  );
}

function transposedFacts({ transposed }: SaeSource): string[] {
  return [...transposed].map(
    (matrix) => `${matrix} is taken as transposed, as the user says, against its format`,
  );
}

function storageFacts(...tensors: readonly StoredTensor[]): string[] {
  const facts: string[] = [];
  const [encoder, decoder] = tensors;
  if (encoder && decoder && encoder.dtype !== decoder.dtype)
    facts.push(`the encoder is stored as ${encoder.dtype}, the decoder as ${decoder.dtype}`);
  for (const tensor of tensors) {
    if (!tensor.isRandomAccess)
      facts.push(`${tensor.name} is compressed: single rows are read by unpacking all before them`);
    if (tensor.dtype === 'F64')
      facts.push(
        `${tensor.name} is stored as float64 and rounded to float32 on reading: cosines move by up to about 1e-8`,
      );
  }
  return facts;
}

/** The registry's words win; where the files say something else, that becomes a fact. */
function mergeIdentity(
  known: SaeIdentity,
  found: Partial<SaeIdentity>,
): { readonly identity: SaeIdentity; readonly facts: readonly string[] } {
  const facts: string[] = [];
  for (const key of ['modelName', 'hookName', 'layer', 'neuronpediaId'] as const) {
    const said = found[key];
    const registered = known[key];
    if (said !== undefined && registered !== undefined && !isSame(said, registered))
      facts.push(`${key}: the file says ${said}, the registry ${registered}; the registry's is used`);
  }
  return { identity: { ...found, ...known }, facts };
}

/** `google/gemma-2-2b` and `gemma-2-2b` name one model. */
function isSame(a: string | number, b: string | number): boolean {
  const last = (value: string | number): string => String(value).toLowerCase().split('/').at(-1) ?? '';
  return last(a) === last(b);
}

/** The layer of a hook name such as `blocks.20.hook_resid_post`. */
export function layerOfHook(hookName: string): number | undefined {
  const match = /(?:^|\.)(?:blocks|layers)\.(\d{1,4})(?:\.|$)/.exec(hookName);
  return match ? Number(match[1]) : undefined;
}

/** Model, hook and layer as far as they are known. */
export function placeOf(place: {
  readonly modelName?: string | undefined;
  readonly hookName?: string | undefined;
}): Partial<SaeIdentity> {
  const { modelName, hookName } = place;
  const layer = hookName === undefined ? undefined : layerOfHook(hookName);
  return {
    ...(modelName !== undefined && { modelName }),
    ...(hookName !== undefined && { hookName }),
    ...(layer !== undefined && { layer }),
  };
}

/**
 * The value of a tensor with one element.
 * @throws {AntipodeError} `format` for any other shape
 */
export async function readScalar(file: TensorFile, name: string): Promise<number> {
  const tensor = requireTensor(file, name);
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  if (count !== 1) {
    throw new AntipodeError(
      'format',
      `${file.name}: ${name} has shape [${tensor.shape.join(', ')}], expected a single number`,
    );
  }
  return (await readFloat32(tensor))[0]!;
}
