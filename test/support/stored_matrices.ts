/** @file What the tests of quantised weights share: a file of matrices as a model's list of them, and blocks as numbers. */

import { join } from 'node:path';
import { writeSafetensors } from '../../src/formats/safetensors/safetensors.ts';
import type { StoredMatrix } from '../../src/lm/graph/list_matrices.ts';
import { openWeights } from '../../src/lm/weights.ts';

export interface MatrixData {
  readonly name: string;
  readonly dtype: 'F32' | 'F16' | 'BF16';
  readonly outputs: number;
  readonly inputs: number;
  /** Default `out-in`. */
  readonly layout?: StoredMatrix['layout'];
  readonly data: ArrayBufferView;
}

export interface MatrixFile {
  readonly path: string;
  readonly root: string;
  readonly matrices: readonly StoredMatrix[];
}

/** Writes `model.safetensors` into an existing folder. */
export async function writeMatrices(folder: string, given: readonly MatrixData[]): Promise<MatrixFile> {
  const path = join(folder, 'model.safetensors');
  const shapeOf = ({ outputs, inputs, layout }: MatrixData): [number, number] =>
    layout === 'in-out' ? [inputs, outputs] : [outputs, inputs];
  await writeSafetensors(
    path,
    given.map((matrix) => ({
      name: matrix.name,
      dtype: matrix.dtype,
      shape: shapeOf(matrix),
      data: matrix.data,
    })),
  );
  const weights = await openWeights(folder);
  const matrices = given.map((matrix) => {
    const { name, outputs, inputs, layout = 'out-in' } = matrix;
    return { name, outputs, inputs, layout, tensor: weights.tensor(name, shapeOf(matrix)) };
  });
  await weights.close();
  return { path, root: weights.root, matrices };
}

/** Weights that share a scale, by bits, said here apart from the program. */
const BLOCK: Readonly<Record<number, number>> = { 8: 64, 4: 128 };

/** `[outputs, inputs]` by the definition of MatMulNBits, in float64. */
export function dequantise(
  quants: Uint8Array,
  scales: Float32Array,
  shape: { readonly outputs: number; readonly inputs: number; readonly bits: number },
): Float64Array {
  const { outputs, inputs, bits } = shape;
  const size = BLOCK[bits]!;
  const blocks = Math.ceil(inputs / size);
  return Float64Array.from({ length: outputs * inputs }, (_, i) => {
    const [row, column] = [Math.floor(i / inputs), i % inputs];
    const place = row * blocks * size + column;
    const q = bits === 8 ? quants[place]! : (quants[place >> 1]! >> (4 * (place & 1))) & 15;
    return (q - 2 ** (bits - 1)) * scales[row * blocks + Math.floor(column / size)]!;
  });
}
