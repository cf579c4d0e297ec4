/**
 * @file Products with matrices in blocks of 4 or 8 bits from a sidecar file (`quantised/`), on ONNX Runtime's `MatMulNBits` with activations rounded
 * to 8 bits per block (accuracy level 4; the only fast path for 8-bit weights on x64). Embedding rows come from the original file.
 * The session must not disable prepacking: this operator then falls back to a path about 70 times slower.
 */

import type { MappedTensor } from '../weights.ts';
import type { Value } from './graph.ts';
import type { MakeProducts, Matrix } from './products.ts';

/** A matrix as `MatMulNBits` takes it; always `[outputs, inputs]`, however the original is stored. */
export interface QuantisedMatrix {
  readonly bits: number;
  readonly blockSize: number;
  /** uint8 `[outputs, blocks per row, bytes per block]`. */
  readonly quants: MappedTensor;
  /** float32 `[outputs, blocks per row]`. */
  readonly scales: MappedTensor;
}

/** @param stored makes the products that have no quantised matrix */
export function quantisedProducts(
  matrixOf: (name: string) => QuantisedMatrix,
  stored: MakeProducts,
): MakeProducts {
  return (graph) => {
    const product = (x: Value, { name, outputs, inputs }: Matrix): Value => {
      const { bits, blockSize, quants, scales } = matrixOf(name);
      const constants = [graph.mapped(`${name}:quants`, quants), graph.mapped(`${name}:scales`, scales)];
      return graph.microsoft('MatMulNBits', [x, ...constants], {
        K: { int: inputs },
        N: { int: outputs },
        bits: { int: bits },
        block_size: { int: blockSize },
        accuracy_level: { int: 4 },
      });
    };
    return { ...stored(graph), linear: product, linearInOut: product };
  };
}
