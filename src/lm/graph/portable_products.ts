/**
 * @file Products with matrices as they are stored, lossless, by operators that every provider has: no FusedMatMul, no product of 16-bit types.
 * 16-bit matrices are widened once, when the session is made, and stay float32 on the device; bfloat16 itself never reaches WebGPU.
 */

import { ELEMENT_TYPES } from '../../onnx/tensor_proto.ts';
import type { MappedTensor } from '../weights.ts';
import { lookUpStored, rowsOf } from './exact_products.ts';
import type { GraphBuilder, Value } from './graph.ts';
import type { MakeProducts } from './products.ts';

/**
 * As float32 this is 128 MiB, what every WebGPU adapter binds to a shader at least (WebGPU, section 3.6.2, maxStorageBufferBindingSize). It also
 * keeps each Cast below 1 GiB, beyond which the runtime would not do it ahead.
 */
const MAX_PART_WEIGHTS = 2 ** 25;

/** @param maxPartRows a matrix with more rows is multiplied with in parts, for the same numbers, as is one of more than 2^25 weights */
export function portableProducts(maxPartRows: number = Number.POSITIVE_INFINITY): MakeProducts {
  return (graph) => ({
    timesTransposed(x, y, rank) {
      const axes = Array.from({ length: rank - 2 }, (_, axis) => axis);
      const turned = graph.op('Transpose', [y], { perm: { ints: [...axes, rank - 1, rank - 2] } });
      return graph.op('MatMul', [x, turned]);
    },
    linear(x, { name, outputs, inputs }) {
      const tensor = graph.weights.tensor(name, [outputs, inputs]);
      const step = Math.max(1, Math.min(maxPartRows, Math.floor(MAX_PART_WEIGHTS / inputs)));
      const flat = graph.op('Reshape', [x, graph.integers([-1, inputs])]);
      const parts: Value[] = [];
      for (let row = 0; row < outputs; row += step) {
        const count = Math.min(step, outputs - row);
        const isWhole = count === outputs;
        const w = isWhole
          ? float32(graph, name, tensor)
          : float32(graph, `${name}:rows-${row}`, rowsOf(tensor, row, count));
        // Gemm takes this layout as it is; a Transpose would be folded into a copy. It wants two axes.
        parts.push(graph.op('Gemm', [flat, w], { transB: { int: 1 } }));
      }
      const product = parts.length === 1 ? parts[0]! : graph.op('Concat', parts, { axis: { int: -1 } });
      const leading = graph.op('Shape', [x], { end: { int: -1 } });
      const shape = graph.op('Concat', [leading, graph.integers([outputs])], { axis: { int: 0 } });
      return graph.op('Reshape', [product, shape]);
    },
    linearInOut: (x, { name, outputs, inputs }) =>
      graph.op('MatMul', [x, float32(graph, name, graph.weights.tensor(name, [inputs, outputs]))]),
    lookUp: (index, name, shape) => lookUpStored(graph, index, name, shape),
  });
}

/** The Cast depends on no input: the runtime does it once, before it gives the graph to the device. */
function float32(graph: GraphBuilder, name: string, tensor: MappedTensor): Value {
  const stored = graph.mapped(name, tensor);
  return tensor.type === 'float32'
    ? stored
    : graph.op('Cast', [stored], { to: { int: ELEMENT_TYPES.float32 } });
}
