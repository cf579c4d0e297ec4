/**
 * @file Products with matrices as they are stored, lossless, by operators that every provider has: no FusedMatMul, no product of 16-bit types.
 * 16-bit matrices are widened once, when the session is made, and stay float32 on the device; bfloat16 itself never reaches it.
 */

import { ELEMENT_TYPES } from '../../onnx/tensor_proto.ts';
import { lookUpStored } from './exact_products.ts';
import type { GraphBuilder, Value } from './graph.ts';
import type { MakeProducts, Matrix } from './products.ts';

export function portableProducts(): MakeProducts {
  return (graph) => ({
    timesTransposed: (x, y) => portableTimesTransposed(graph, x, y),
    linear: (x, matrix) => linear(graph, x, matrix),
    linearInOut: (x, { name, outputs, inputs }) =>
      graph.op('MatMul', [x, float32(graph, name, [inputs, outputs])]),
    lookUp: (index, name, shape) => portableLookUp(graph, index, name, shape),
  });
}

/** x yᵀ over the last two axes of tensors `[b, h, m, d]` and `[b, h, n, d]`. */
export function portableTimesTransposed(graph: GraphBuilder, x: Value, y: Value): Value {
  const turned = graph.op('Transpose', [y], { perm: { ints: [0, 1, 3, 2] } });
  return graph.op('MatMul', [x, turned]);
}

/**
 * Rows of a stored table. A bfloat16 table stays mapped on the host, where every provider leaves it, and only rows travel. A float16 one is widened
 * at load: providers claim it even for devices without 16-bit arithmetic, and fail when they run.
 */
export function portableLookUp(
  graph: GraphBuilder,
  index: Value,
  name: string,
  shape: readonly [number, number],
): Value {
  if (graph.weights.tensor(name, shape).type !== 'float16') return lookUpStored(graph, index, name, shape);
  return graph.op('Gather', [float32(graph, name, shape), index]);
}

function linear(graph: GraphBuilder, x: Value, { name, outputs, inputs }: Matrix): Value {
  const w = float32(graph, name, [outputs, inputs]);
  if (process.env['VARIANT'] === 'gemm') {
    const flat = graph.op('Reshape', [x, graph.integers([-1, inputs])]);
    const y = graph.op('Gemm', [flat, w], { transB: { int: 1 } });
    const lead = graph.op('Shape', [x], { end: { int: -1 } });
    return graph.op('Reshape', [
      y,
      graph.op('Concat', [lead, graph.integers([outputs])], { axis: { int: 0 } }),
    ]);
  }
  return graph.op('MatMul', [x, graph.op('Transpose', [w], { perm: { ints: [1, 0] } })]);
}

/** Depends on no input, so the runtime does it once at load. */
function float32(graph: GraphBuilder, name: string, shape: readonly [number, number]): Value {
  const tensor = graph.weights.tensor(name, shape);
  const stored = graph.mapped(name, tensor);
  return tensor.type === 'float32'
    ? stored
    : graph.op('Cast', [stored], { to: { int: ELEMENT_TYPES.float32 } });
}
