/** @file Which stored matrices a model multiplies with, found by building its graph without multiplying: no family has to list them. */

import type { ModelConfig } from '../config.ts';
import type { MappedTensor } from '../weights.ts';
import { buildGraph } from './build_graph.ts';
import type { GraphBuilder } from './graph.ts';
import type { MakeProducts, Matrix } from './products.ts';

/** A matrix of the model's files, and which of its axes is which. */
export interface StoredMatrix extends Matrix {
  readonly tensor: MappedTensor;
  /** The stored order of the axes: `[outputs, inputs]`, or `[inputs, outputs]`. */
  readonly layout: 'out-in' | 'in-out';
}

/**
 * In the order of their first use; the embedding is among them where it is also the output matrix.
 * @throws {AntipodeError} `format` where a weight is missing or has another shape than the config says
 */
export async function listMatrices(
  config: ModelConfig,
  weights: GraphBuilder['weights'],
): Promise<StoredMatrix[]> {
  const found = new Map<string, StoredMatrix>();
  const add = (matrix: StoredMatrix): void => {
    const before = found.get(matrix.name);
    if (before && before.layout !== matrix.layout)
      throw new Error(`internal: ${matrix.name} is used in both layouts`);
    if (!before) found.set(matrix.name, matrix);
  };
  const noProducts: MakeProducts = (graph) => ({
    linear(x, matrix) {
      const tensor = graph.weights.tensor(matrix.name, [matrix.outputs, matrix.inputs]);
      add({ ...matrix, tensor, layout: 'out-in' });
      return x;
    },
    linearInOut(x, matrix) {
      const tensor = graph.weights.tensor(matrix.name, [matrix.inputs, matrix.outputs]);
      add({ ...matrix, tensor, layout: 'in-out' });
      return x;
    },
    lookUp: (index) => index,
    timesTransposed: (x) => x,
  });
  await buildGraph(config, weights, noProducts);
  return [...found.values()];
}
