/**
 * @file Reverse-mode differentiation (Griewank and Walther 2008, chapter 3) that emits ONNX nodes: operations record how a gradient flows back
 * through them, and `gradients` writes those nodes behind the forward ones, so that a whole training step is one graph. All shapes are
 * known when the graph is written. The same graph can be built in float64, for checks against central differences.
 * Leaves out higher derivatives: what `gradients` writes is not recorded.
 */

import { forRunsInPlace } from '../in_place.ts';
import {
  type Attributes,
  encodeModel,
  type InitialiserSpec,
  type ModelSpec,
  type NodeSpec,
  type ValueSpec,
} from '../model.ts';
import type { ElementType } from '../tensor_proto.ts';

export type FloatType = 'float32' | 'float64';

export type Shape = readonly number[];

/** A floating-point value of the graph. */
export interface Value {
  readonly name: string;
  readonly shape: Shape;
  /** Whether a parameter stands behind it. */
  readonly isTracked: boolean;
}

/** Whole numbers (int64): token ids, targets. No gradient flows through them. */
export interface Indices {
  readonly name: string;
  readonly shape: Shape;
}

/**
 * From the name of the gradient of the result to the names of the gradients of the parents, in their order and of their shapes; undefined
 * where none flows. Called only where the result is tracked.
 */
export type Backward = (gradient: string) => readonly (string | undefined)[];

interface Recorded {
  readonly result: Value;
  readonly parents: readonly Value[];
  readonly backward: Backward;
}

export interface NodeOptions {
  readonly attributes?: Attributes;
  /** Name of the result; a fresh one where left out. */
  readonly as?: string;
}

export function elements(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export class Tape {
  readonly float: FloatType;
  readonly #nodes: NodeSpec[] = [];
  readonly #inputs: ValueSpec[] = [];
  readonly #outputs: ValueSpec[] = [];
  readonly #initialisers: InitialiserSpec[] = [];
  readonly #constants = new Map<string, string>();
  readonly #parameters: Value[] = [];
  readonly #records: Recorded[] = [];
  #count = 0;

  constructor(float: FloatType = 'float32') {
    this.float = float;
  }

  /** What the step changes, in the order of declaration. */
  get parameters(): readonly Value[] {
    return this.#parameters;
  }

  /** An input that changes by training: gradients are asked for by it. */
  parameter(name: string, shape: Shape): Value {
    const value = { name, shape, isTracked: true };
    this.#inputs.push({ name, type: this.float, dims: shape });
    this.#parameters.push(value);
    return value;
  }

  /** An input without a gradient. */
  input(name: string, shape: Shape): Value {
    this.#inputs.push({ name, type: this.float, dims: shape });
    return { name, shape, isTracked: false };
  }

  indices(name: string, shape: Shape): Indices {
    this.#inputs.push({ name, type: 'int64', dims: shape });
    return { name, shape };
  }

  /** An array of the graph itself, C order; kept in the model's bytes, so not for weights. */
  constant(shape: Shape, data: ArrayLike<number>): Value {
    const name = this.#fresh('constant');
    this.#initialisers.push({ name, type: this.float, dims: shape, data: this.#array(data) });
    return { name, shape, isTracked: false };
  }

  /** A scalar of the graph; the same number is kept once. */
  scalar(value: number): Value {
    const name = this.#cached(`scalar ${value}`, () => ({
      type: this.float,
      dims: [],
      data: this.#array([value]),
    }));
    return { name, shape: [], isTracked: false };
  }

  /** A list of int64, such as axes or a shape; the same list is kept once. */
  integers(values: readonly number[]): string {
    return this.#cached(`integers ${values.join(' ')}`, () => ({
      type: 'int64',
      dims: [values.length],
      data: BigInt64Array.from(values, BigInt),
    }));
  }

  /** Writes a node and gives the name of its result. Nothing is recorded: for the insides of an operation. */
  node(op: string, inputs: readonly string[], { as, attributes }: NodeOptions = {}): string {
    const output = as ?? this.#fresh(op);
    this.#nodes.push({ op, inputs, outputs: [output], ...(attributes && { attributes }) });
    return output;
  }

  /** As `node`, for operators with several results. */
  nodes(op: string, inputs: readonly string[], count: number, attributes?: Attributes): string[] {
    const outputs = Array.from({ length: count }, () => this.#fresh(op));
    this.#nodes.push({ op, inputs, outputs, ...(attributes && { attributes }) });
    return outputs;
  }

  /** Says that `name` was computed from `parents`, and how gradients flow back to them. */
  record(name: string, shape: Shape, parents: readonly Value[], backward: Backward): Value {
    const result = { name, shape, isTracked: parents.some(({ isTracked }) => isTracked) };
    if (result.isTracked) this.#records.push({ result, parents, backward });
    return result;
  }

  /** Declares a result of the model; the node that makes it has to have this name. */
  output(name: string, shape: Shape, type: ElementType = this.float): void {
    this.#outputs.push({ name, type, dims: shape });
  }

  /** Declares a value as a result under a name of its own. */
  expose(name: string, value: Value): void {
    this.output(this.node('Identity', [value.name], { as: name }), value.shape);
  }

  /**
   * Writes the backward pass.
   * @param loss a scalar
   * @returns the gradient of the loss by each parameter, in the parameter's shape; parameters that the loss does not depend on are missing
   */
  gradients(loss: Value): ReadonlyMap<Value, string> {
    if (loss.shape.length > 0)
      throw new Error(`internal: the loss has shape [${loss.shape.join(', ')}], expected a scalar`);
    const gradients = new Map<string, string>([[loss.name, this.scalar(1).name]]);
    for (const { result, parents, backward } of this.#records.toReversed()) {
      const gradient = gradients.get(result.name);
      if (gradient === undefined) continue;
      const flowing = backward(gradient);
      for (const [i, parent] of parents.entries()) {
        const more = flowing[i];
        if (more === undefined || !parent.isTracked) continue;
        const before = gradients.get(parent.name);
        gradients.set(parent.name, before === undefined ? more : this.node('Add', [before, more]));
      }
    }
    return new Map(
      this.#parameters.flatMap((parameter) => {
        const gradient = gradients.get(parameter.name);
        return gradient === undefined ? [] : [[parameter, gradient]];
      }),
    );
  }

  /** The model's bytes, for a session. */
  encode(): Uint8Array {
    return encodeModel(this.#spec());
  }

  /** The same for a session that is run in place. */
  encodeInPlace(): Uint8Array {
    return encodeModel(forRunsInPlace(this.#spec()));
  }

  #spec(): ModelSpec {
    return {
      nodes: this.#nodes,
      inputs: this.#inputs,
      outputs: this.#outputs,
      initialisers: this.#initialisers,
    };
  }

  #fresh(what: string): string {
    this.#count++;
    return `${what}_${this.#count}`;
  }

  #array(data: ArrayLike<number>): Float32Array | Float64Array {
    return this.float === 'float32' ? Float32Array.from(data) : Float64Array.from(data);
  }

  #cached(key: string, make: () => Omit<InitialiserSpec, 'name'>): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.#fresh('constant');
    this.#initialisers.push({ name, ...make() });
    this.#constants.set(key, name);
    return name;
  }
}
