/**
 * @file Products with matrices as they are stored, lossless, by operators that every provider has: no FusedMatMul, no product of 16-bit types.
 * 16-bit matrices are widened once, when the session is made, and stay float32 on the device; bfloat16 itself never reaches WebGPU.
 */

import { ELEMENT_TYPES } from '../../onnx/tensor_proto.ts';
import { lookUpStored } from './exact_products.ts';
import type { GraphBuilder, Value } from './graph.ts';
import type { MakeProducts, Matrix } from './products.ts';

export const portableProducts: MakeProducts = (graph) => ({
  timesTransposed(x, y, rank) {
    const axes = Array.from({ length: rank - 2 }, (_, axis) => axis);
    const turned = graph.op('Transpose', [y], { perm: { ints: [...axes, rank - 1, rank - 2] } });
    return graph.op('MatMul', [x, turned]);
  },
  linear: (x, matrix) => linear(graph, x, matrix),
  linearInOut: (x, { name, outputs, inputs }) =>
    graph.op('MatMul', [x, float32(graph, name, [inputs, outputs])]),
  lookUp(index, name, shape) {
    // Float16 is claimed by providers even for adapters without 16-bit arithmetic. A bfloat16 table stays on the host where they do not know it.
    const { type } = graph.weights.tensor(name, shape);
    if (type !== 'float16') return lookUpStored(graph, index, name, shape);
    return graph.op('Gather', [float32(graph, name, shape), index]);
  },
});

/** Gemm, because it takes this layout as it is: a Transpose would be folded into a copy, and a tied embedding kept twice. It wants two axes. */
function linear(graph: GraphBuilder, x: Value, { name, outputs, inputs }: Matrix): Value {
  const flat = graph.op('Reshape', [x, graph.integers([-1, inputs])]);
  const product = graph.op('Gemm', [flat, float32(graph, name, [outputs, inputs])], { transB: { int: 1 } });
  const leading = graph.op('Shape', [x], { end: { int: -1 } });
  const shape = graph.op('Concat', [leading, graph.integers([outputs])], { axis: { int: 0 } });
  return graph.op('Reshape', [product, shape]);
}

/** The Cast depends on no input: the runtime does it once, before it gives the graph to the device. */
function float32(graph: GraphBuilder, name: string, shape: readonly [number, number]): Value {
  const tensor = graph.weights.tensor(name, shape);
  const stored = graph.mapped(name, tensor);
  if (tensor.type === 'float32') return stored;
  return graph.op('Cast', [stored], { to: { int: ELEMENT_TYPES.float32 } });
}
