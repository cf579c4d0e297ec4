/**
 * @file A graph under construction: nodes get names, constants are shared, weights stay where they are. Values are named by strings, as in ONNX.
 * Knows no model.
 */

import type {
  Attribute,
  Attributes,
  Domain,
  InitialiserSpec,
  ModelSpec,
  NodeSpec,
  ValueSpec,
} from '../../onnx/model.ts';
import type { ElementType } from '../../onnx/tensor_proto.ts';
import type { MappedTensor, ModelWeights } from '../weights.ts';
import type { MakeProducts, Products } from './products.ts';

/** The name of a tensor in the graph. */
export type Value = string;

export interface GraphBuilder {
  readonly weights: Pick<ModelWeights, 'has' | 'tensor' | 'vector'>;
  /** Of the matrices that are stored. */
  readonly products: Products;
  input(name: string, type: ElementType, dims: readonly (number | string)[]): Value;
  /** Makes `value` an output under this name, and returns the name for use inside the graph. Outputs nobody fetches cost nothing. */
  output(name: string, value: Value, dims: readonly (number | string)[]): Value;
  op(op: string, inputs: readonly Value[], attributes?: Attributes): Value;
  /** An operator with several outputs. */
  split(op: string, inputs: readonly Value[], count: number, attributes?: Attributes): Value[];
  /**
   * `ifTrue` where the bool scalar holds, else `ifFalse`; only that one is computed. Both give float32 of as many axes as `dims` has.
   */
  choose(condition: Value, branches: Branches): Value;
  /** An operator of ONNX Runtime's own. */
  microsoft(op: string, inputs: readonly Value[], attributes?: Attributes): Value;
  /** A float32 scalar. */
  scalar(value: number): Value;
  /** int64, one axis. */
  integers(values: readonly number[]): Value;
  /** A stored tensor as it is, mapped; adding the same name twice gives the same value. */
  mapped(name: string, tensor: MappedTensor): Value;
  /** A stored vector as float32 inside the graph, `plus` added to each element in float32. */
  vector(name: string, length: number, plus?: number): Value;
  /** Reads the vectors. @throws {AntipodeError} `format` for missing or malformed ones */
  finish(): Promise<ModelSpec>;
}

export interface Branches {
  readonly dims: readonly (number | string)[];
  ifTrue(): Value;
  ifFalse(): Value;
}

export function createGraph(weights: GraphBuilder['weights'], makeProducts: MakeProducts): GraphBuilder {
  /** Of the graph, or of the branch that is being built. */
  let nodes: NodeSpec[] = [];
  const inputs: ValueSpec[] = [];
  const outputs: ValueSpec[] = [];
  const initialisers = new Map<string, InitialiserSpec>();
  const vectors = new Map<string, { name: string; length: number; plus: number }>();
  let count = 0;

  const add = (op: string, from: readonly Value[], outs: readonly string[], more: NodeExtras): void => {
    const { attributes = {}, domain = '' } = more;
    nodes.push({ name: outs[0]!, op, domain, inputs: from, outputs: outs, attributes });
  };
  const fresh = (op: string): string => `${op}_${count++}`;
  const constant = (
    name: string,
    type: ElementType,
    dims: readonly number[],
    data: ArrayBufferView,
  ): Value => {
    if (!initialisers.has(name)) initialisers.set(name, { name, type, dims, data });
    return name;
  };
  const single = (op: string, from: readonly Value[], more: NodeExtras): Value => {
    const out = fresh(op);
    add(op, from, [out], more);
    return out;
  };

  const branch = (build: () => Value, dims: ValueSpec['dims']): Attribute => {
    const outside = nodes;
    nodes = [];
    try {
      const name = build();
      return { graph: { nodes, outputs: [{ name, type: 'float32', dims }] } };
    } finally {
      nodes = outside;
    }
  };

  const graph: GraphBuilder = {
    weights,
    get products() {
      return products;
    },
    input(name, type, dims) {
      inputs.push({ name, type, dims });
      return name;
    },
    output(name, value, dims) {
      const last = nodes.at(-1);
      // What was computed just now has no reader yet and can take the name itself; copies of a whole run would stay in memory until its end.
      if (last?.outputs.length === 1 && last.outputs[0] === value)
        nodes.splice(-1, 1, { ...last, outputs: [name] });
      else add('Identity', [value], [name], {});
      outputs.push({ name, type: 'float32', dims });
      return name;
    },
    op: (op, from, attributes = {}) => single(op, from, { attributes }),
    choose(condition, { dims, ifTrue, ifFalse }) {
      const attributes = { then_branch: branch(ifTrue, dims), else_branch: branch(ifFalse, dims) };
      return single('If', [condition], { attributes });
    },
    microsoft: (op, from, attributes = {}) => single(op, from, { attributes, domain: 'com.microsoft' }),
    split(op, from, parts, attributes = {}) {
      const outs = Array.from({ length: parts }, () => fresh(op));
      add(op, from, outs, { attributes });
      return outs;
    },
    scalar: (value) => constant(`scalar:${value}`, 'float32', [], Float32Array.of(value)),
    integers: (values) =>
      constant(`integers:${values}`, 'int64', [values.length], BigInt64Array.from(values, BigInt)),
    mapped(name, tensor) {
      if (!initialisers.has(name)) initialisers.set(name, { name, ...tensor });
      return name;
    },
    vector(name, length, plus = 0) {
      const value = `${name}:float32+${plus}`;
      vectors.set(value, { name, length, plus });
      return value;
    },
    async finish() {
      for (const [value, { name, length, plus }] of vectors) {
        const data = await weights.vector(name, length);
        if (plus !== 0) for (let i = 0; i < length; i++) data[i] = data[i]! + plus;
        constant(value, 'float32', [length], data);
      }
      return { nodes, inputs, outputs, initialisers: [...initialisers.values()] };
    },
  };
  const products = makeProducts(graph);
  return graph;
}

interface NodeExtras {
  readonly attributes?: Attributes;
  readonly domain?: Domain;
}
