/**
 * @file Products with matrices as float32, lossless, on the CPU: 16-bit ones are widened once when the model is loaded and stay in memory, which
 * takes twice the bytes of the file and saves the widening of every run.
 */

import { ELEMENT_TYPES } from '../../onnx/tensor_proto.ts';
import { lookUpStored } from './exact_products.ts';
import type { Value } from './graph.ts';
import type { MakeProducts } from './products.ts';

const TO_FLOAT32 = { to: { int: ELEMENT_TYPES.float32 } };

export const widenedProducts: MakeProducts = (graph) => {
  const timesTransposed = (x: Value, y: Value): Value =>
    graph.microsoft('FusedMatMul', [x, y], { transB: { int: 1 } });
  // A Cast of a constant is done by the runtime when it loads the model.
  const widened = (name: string, shape: readonly [number, number]): Value => {
    const tensor = graph.weights.tensor(name, shape);
    const stored = graph.mapped(name, tensor);
    return tensor.type === 'float32' ? stored : graph.op('Cast', [stored], TO_FLOAT32);
  };
  return {
    timesTransposed,
    linear: (x, { name, outputs, inputs }) => timesTransposed(x, widened(name, [outputs, inputs])),
    linearInOut: (x, { name, outputs, inputs }) => graph.op('MatMul', [x, widened(name, [inputs, outputs])]),
    lookUp: (index, name, shape) => lookUpStored(graph, index, name, shape),
  };
};
