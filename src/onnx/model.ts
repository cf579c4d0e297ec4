/**
 * @file Writes ONNX models: a graph of nodes with typed inputs and outputs, as bytes for `InferenceSession.create`.
 * Field numbers are those of onnx.proto3 (IR version 10). Initialisers and subgraphs are left out: today's graphs have none.
 */

import { createMessage, finish, type MessageWriter } from './protobuf.ts';

/** TensorProto.DataType. */
export const ELEMENT_TYPES = { float32: 1 } as const;

export type ElementType = keyof typeof ELEMENT_TYPES;

/** A dimension is a number, or a name for a size that is only known when the model runs. */
export interface ValueSpec {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly (number | string)[];
}

export type Attribute = { readonly int: number } | { readonly float: number };

export interface NodeSpec {
  /** Operator type, e.g. `Gemm`. */
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface ModelSpec {
  readonly nodes: readonly NodeSpec[];
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
}

const IR_VERSION = 10;
const OPSET_VERSION = 21;
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;

export function encodeModel(spec: ModelSpec): Uint8Array {
  const graph = createMessage();
  for (const node of spec.nodes) graph.message(1, encodeNode(node));
  graph.text(2, 'antipode');
  for (const value of spec.inputs) graph.message(11, encodeValue(value));
  for (const value of spec.outputs) graph.message(12, encodeValue(value));
  const opset = createMessage().text(1, '').integer(2, OPSET_VERSION);
  return finish(
    createMessage().integer(1, IR_VERSION).text(2, 'antipode').message(7, graph).message(8, opset),
  );
}

function encodeNode(node: NodeSpec): MessageWriter {
  const message = createMessage();
  for (const input of node.inputs) message.text(1, input);
  for (const output of node.outputs) message.text(2, output);
  message.text(4, node.op);
  for (const [name, value] of Object.entries(node.attributes ?? {})) {
    const attribute = createMessage().text(1, name);
    if ('int' in value) attribute.integer(3, value.int).integer(20, ATTRIBUTE_INT);
    else attribute.float(2, value.float).integer(20, ATTRIBUTE_FLOAT);
    message.message(5, attribute);
  }
  return message;
}

function encodeValue(value: ValueSpec): MessageWriter {
  const shape = createMessage();
  for (const dim of value.dims) {
    const dimension = createMessage();
    if (typeof dim === 'number') dimension.integer(1, dim);
    else dimension.text(2, dim);
    shape.message(1, dimension);
  }
  const tensor = createMessage().integer(1, ELEMENT_TYPES[value.type]).message(2, shape);
  return createMessage().text(1, value.name).message(2, createMessage().message(1, tensor));
}
