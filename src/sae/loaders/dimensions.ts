/**
 * @file The two axes of an SAE, asserted apart: every matrix must be `d_in` by `d_sae` in the direction its format states, every vector
 * as long as its axis. A square matrix is taken by its format's convention only; a transposed one is refused unless the user says so.
 */

import { AntipodeError } from '../../errors.ts';
import { requireTensor, type StoredTensor, type TensorFile } from '../../formats/tensor_file.ts';
import { isFloat } from '../../tensor/dtype.ts';
import type { MatrixLayout, StoredVector } from '../layout.ts';
import type { MatrixName } from '../sae_source.ts';

export interface Dimensions {
  readonly dIn: number;
  readonly dSae: number;
  /** What said so, for messages: `cfg.json d_in`, `b_dec`. */
  readonly dInFrom: string;
  readonly dSaeFrom: string;
}

/** The widest published dictionaries have 2^20 features; 16 times that is surely a misread axis. */
const MAX_D_SAE = 2 ** 24;
/** The widest published activations have 2^14 to 2^16 values. */
const MAX_D_IN = 2 ** 20;

/** Which axis counts features in a format, in words for messages. */
const AXES = { 0: '[d_sae, d_in]', 1: '[d_in, d_sae]' } as const;

/** `d_in` from the vector added to reconstructions, `d_sae` from one with a value per feature. */
export function dimensionsFromVectors(
  file: TensorFile,
  names: { readonly dIn: string; readonly dSae: string },
): Dimensions {
  const lengthOf = (name: string): number => {
    const { shape } = requireTensor(file, name);
    const [length] = shape;
    if (shape.length !== 1 || length === undefined || length < 1) {
      throw new AntipodeError(
        'format',
        `${file.name}: ${name} has shape [${shape.join(', ')}], expected one axis with at least one value`,
      );
    }
    return length;
  };
  return { dIn: lengthOf(names.dIn), dSae: lengthOf(names.dSae), dInFrom: names.dIn, dSaeFrom: names.dSae };
}

/** @throws {AntipodeError} `format` for sizes that no dictionary has */
export function checkDimensions(file: TensorFile, { dIn, dSae, dInFrom, dSaeFrom }: Dimensions): void {
  for (const [axis, value, limit, from] of [
    ['d_in', dIn, MAX_D_IN, dInFrom],
    ['d_sae', dSae, MAX_D_SAE, dSaeFrom],
  ] as const) {
    if (value > limit)
      throw new AntipodeError(
        'format',
        `${file.name}: ${axis} would be ${value} by ${from}, the limit is ${limit}`,
      );
  }
}

export interface MatrixRequest {
  readonly dimensions: Dimensions;
  /** What it is in the SAE: `W_enc` or `W_dec`. */
  readonly matrix: MatrixName;
  /** The axis that counts features by the format's convention. */
  readonly featureAxis: 0 | 1;
  readonly transposed: ReadonlySet<MatrixName>;
}

/** @throws {AntipodeError} `format` for a missing tensor, an element type that is no float, or any other shape */
export function matrixLayout(file: TensorFile, name: string, request: MatrixRequest): MatrixLayout {
  const { dimensions, matrix, transposed } = request;
  const tensor = requireFloat(file, name);
  const featureAxis = transposed.has(matrix) ? flipped(request.featureAxis) : request.featureAxis;
  const { dIn, dSae } = dimensions;
  const expected = shapeFor(featureAxis, dimensions);
  const [a, b] = tensor.shape;
  if (tensor.shape.length === 2 && a === expected[0] && b === expected[1]) return { tensor, featureAxis };
  const isTransposed = tensor.shape.length === 2 && a === expected[1] && b === expected[0] && dIn !== dSae;
  throw new AntipodeError(
    'format',
    `${file.name}: ${name} has shape [${tensor.shape.join(', ')}], expected [${expected.join(', ')}] (${AXES[featureAxis]}: ` +
      `d_in ${dIn} by ${dimensions.dInFrom}, d_sae ${dSae} by ${dimensions.dSaeFrom})${isTransposed ? ': it is the transpose' : ''}`,
    isTransposed
      ? {
          hint: transposed.has(matrix)
            ? `leave out --transpose ${matrix}`
            : `if the file really stores it so, add --transpose ${matrix}`,
        }
      : {},
  );
}

/** @throws {AntipodeError} `format` for a missing tensor, an element type that is no float, or another length */
export function vectorLayout(
  file: TensorFile,
  name: string,
  axis: 'd_in' | 'd_sae',
  dimensions: Dimensions,
): StoredVector {
  const tensor = requireFloat(file, name);
  const length = axis === 'd_in' ? dimensions.dIn : dimensions.dSae;
  const from = axis === 'd_in' ? dimensions.dInFrom : dimensions.dSaeFrom;
  if (tensor.shape.length === 1 && tensor.shape[0] === length) return { tensor };
  throw new AntipodeError(
    'format',
    `${file.name}: ${name} has shape [${tensor.shape.join(', ')}], expected [${length}] (${axis} by ${from})`,
  );
}

function requireFloat(file: TensorFile, name: string): StoredTensor {
  const other = file.unsupported?.get(name);
  if (other !== undefined) {
    throw new AntipodeError(
      'format',
      `${file.name}: ${name} has element type ${other}, which is not read (expected a float)`,
      {
        hint: 'convert it to float32 or bfloat16',
      },
    );
  }
  const tensor = requireTensor(file, name);
  if (isFloat(tensor.dtype)) return tensor;
  throw new AntipodeError(
    'format',
    `${file.name}: ${name} has element type ${tensor.dtype}, expected a float`,
  );
}

function flipped(axis: 0 | 1): 0 | 1 {
  return axis === 0 ? 1 : 0;
}

function shapeFor(featureAxis: 0 | 1, { dIn, dSae }: Dimensions): readonly [number, number] {
  return featureAxis === 0 ? [dSae, dIn] : [dIn, dSae];
}

/** How a matrix lies in the file, as a sentence. */
export function orientationFact(matrix: MatrixName, layout: MatrixLayout, isSquare: boolean): string {
  const { tensor, featureAxis } = layout;
  const stored = tensor.name === matrix ? matrix : `${matrix} (${tensor.name})`;
  const shape = `${AXES[featureAxis]} = [${tensor.shape.join(', ')}]`;
  const how = featureAxis === 0 ? 'features are rows' : 'features are columns, transposed on reading';
  return `${stored} is stored ${shape}: ${how}${isSquare ? ' (square: by what the format or the user states)' : ''}`;
}
