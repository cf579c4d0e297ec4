/**
 * @file Products with matrices as they are stored, lossless, on the CPU: float32 is used in place, 16-bit types are widened when they are needed
 * and dropped again.
 */

import { ELEMENT_TYPES } from '../../onnx/tensor_proto.ts';
import type { MappedTensor } from '../weights.ts';
import type { GraphBuilder, Value } from './graph.ts';
import type { MakeProducts } from './products.ts';

const TO_FLOAT32 = { to: { int: ELEMENT_TYPES.float32 } };

/** Rows of an output matrix widened at a time: 75 MB as float32 at width 2304, about what one MLP matrix of such a model takes anyway. */
const MAX_CAST_ROWS = 8192;

export function exactProducts(maxCastRows: number = MAX_CAST_ROWS): MakeProducts {
  return (graph) => {
    // FusedMatMul is the only operator that takes this layout without making a transposed copy.
    const timesTransposed = (x: Value, y: Value): Value =>
      graph.microsoft('FusedMatMul', [x, y], { transB: { int: 1 } });
    return {
      timesTransposed,
      linear(x, { name, outputs, inputs, isOptional }) {
        const tensor = graph.weights.tensor(name, [outputs, inputs]);
        if (tensor.type === 'float32') return timesTransposed(x, graph.mapped(name, tensor));
        const product = (): Value => {
          if (outputs <= 2 * maxCastRows) return timesTransposed(x, widened(graph, x, name, tensor));
          const parts: Value[] = [];
          for (let row = 0; row < outputs; row += maxCastRows) {
            const part = rowsOf(tensor, row, Math.min(maxCastRows, outputs - row));
            parts.push(timesTransposed(x, widened(graph, x, `${name}:rows-${row}`, part)));
          }
          return graph.op('Concat', parts, { axis: { int: -1 } });
        };
        return isOptional ? unlessEmpty(graph, x, outputs, product) : product();
      },
      linearInOut(x, { name, outputs, inputs }) {
        const tensor = graph.weights.tensor(name, [inputs, outputs]);
        const w = tensor.type === 'float32' ? graph.mapped(name, tensor) : widened(graph, x, name, tensor);
        return graph.op('MatMul', [x, w]);
      },
      lookUp: (index, name, shape) => lookUpStored(graph, index, name, shape),
    };
  };
}

/** Gathers from the table as it is stored, and widens the few rows that came out. */
export function lookUpStored(
  graph: GraphBuilder,
  index: Value,
  name: string,
  shape: readonly [number, number],
): Value {
  const tensor = graph.weights.tensor(name, shape);
  const rows = graph.op('Gather', [graph.mapped(name, tensor), index]);
  return tensor.type === 'float32' ? rows : graph.op('Cast', [rows], TO_FLOAT32);
}

/**
 * A bare Cast depends on no input, so the runtime would do it once at load and keep the float32 copy, or do all of them first. Making the
 * shape depend on x ties each one to its own product; the Reshape itself changes nothing and copies nothing.
 */
function widened(graph: GraphBuilder, x: Value, name: string, tensor: MappedTensor): Value {
  const size = graph.op('Shape', [x], { start: { int: 0 }, end: { int: 1 } });
  const zero = graph.op('Mul', [size, graph.integers([0])]);
  const shape = graph.op('Add', [graph.integers(tensor.dims), zero]);
  return graph.op(
    'Cast',
    [graph.op('Reshape', [graph.mapped(name, tensor), shape], { allowzero: { int: 1 } })],
    TO_FLOAT32,
  );
}

/** Rows of a stored matrix, in place. */
export function rowsOf(tensor: MappedTensor, row: number, rows: number): MappedTensor {
  const [total = 0, width = 0] = tensor.dims;
  const rowBytes = tensor.data.length / total;
  return {
    type: tensor.type,
    dims: [rows, width],
    data: {
      location: tensor.data.location,
      offset: tensor.data.offset + row * rowBytes,
      length: rows * rowBytes,
    },
  };
}

/** Without logits the output matrix is multiplied with no rows; widening it would still take as long as for one. @param x `[r, inputs]` */
function unlessEmpty(graph: GraphBuilder, x: Value, outputs: number, product: () => Value): Value {
  const size = graph.op('Size', [x]);
  return graph.choose(graph.op('Cast', [size], { to: { int: ELEMENT_TYPES.bool } }), {
    dims: ['r', outputs],
    ifTrue: product,
    ifFalse: () => graph.op('ConstantOfShape', [graph.integers([0, outputs])]),
  });
}
