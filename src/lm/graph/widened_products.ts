/**
 * @file Products with matrices as float32, lossless, on the CPU: 16-bit ones are widened once when the model is loaded and stay in memory, which
 * takes twice the bytes of the file and saves the widening of every run.
 */

import { ELEMENT_TYPES } from '../../onnx/tensor_proto.ts';
import type { MappedTensor } from '../weights.ts';
import { lookUpStored, rowsOf } from './exact_products.ts';
import type { GraphBuilder, Value } from './graph.ts';
import type { MakeProducts } from './products.ts';

const TO_FLOAT32 = { to: { int: ELEMENT_TYPES.float32 } };

/** The runtime widens no constant to more than 1 GiB ahead of time; such a matrix would be widened in every run. */
const MAX_PART_WEIGHTS: number = 2 ** 26;

/** @param maxCastRows a 16-bit matrix with more rows is widened in parts, for the same numbers; as many as fit 256 MiB where left out */
export function widenedProducts(maxCastRows?: number): MakeProducts {
  return (graph) => {
    const timesTransposed = (x: Value, y: Value): Value =>
      graph.microsoft('FusedMatMul', [x, y], { transB: { int: 1 } });
    return {
      timesTransposed,
      linear(x, { name, outputs, inputs }) {
        const tensor = graph.weights.tensor(name, [outputs, inputs]);
        const step = maxCastRows ?? Math.max(1, Math.floor(MAX_PART_WEIGHTS / inputs));
        if (tensor.type === 'float32' || outputs <= step)
          return timesTransposed(x, widened(graph, name, tensor));
        const parts: Value[] = [];
        for (let row = 0; row < outputs; row += step) {
          const part = rowsOf(tensor, row, Math.min(step, outputs - row));
          parts.push(timesTransposed(x, widened(graph, `${name}:rows-${row}`, part)));
        }
        return graph.op('Concat', parts, { axis: { int: -1 } });
      },
      linearInOut(x, { name, outputs, inputs }) {
        const tensor = graph.weights.tensor(name, [inputs, outputs]);
        return graph.op('MatMul', [x, widened(graph, name, tensor)]);
      },
      lookUp: (index, name, shape) => lookUpStored(graph, index, name, shape),
    };
  };
}

/** A Cast of a constant is done by the runtime when it loads the model. */
function widened(graph: GraphBuilder, name: string, tensor: MappedTensor): Value {
  const stored = graph.mapped(name, tensor);
  return tensor.type === 'float32' ? stored : graph.op('Cast', [stored], TO_FLOAT32);
}
