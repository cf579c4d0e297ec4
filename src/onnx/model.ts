/**
 * @file Writes ONNX models: a graph of nodes with typed inputs and outputs, as bytes for `InferenceSession.create`.
 * Field numbers are those of onnx.proto3 (IR version 10). Functions are left out: today's graphs have none.
 */

import { createMessage, finish, type MessageWriter } from './protobuf.ts';
import { ELEMENT_TYPES, type ElementType, encodeTensor, type TensorSpec } from './tensor_proto.ts';

/** A dimension is a number, or a name for a size that is only known when the model runs. */
export interface ValueSpec {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly (number | string)[];
  /** A list of any number of such tensors, of whatever dims. */
  readonly isList?: true;
}

export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly tensor: TensorSpec }
  | { readonly graph: SubgraphSpec };

export type Attributes = Readonly<Record<string, Attribute>>;

/** `''` is ONNX itself, the other one holds ONNX Runtime's own operators. */
export type Domain = '' | 'com.microsoft';

export interface NodeSpec {
  /** Shown in the runtime's messages. */
  readonly name?: string;
  /** Operator type, e.g. `Gemm`. */
  readonly op: string;
  readonly domain?: Domain;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Attributes;
}

/** A branch: it takes no inputs of its own and sees the values of the graph around it. */
export interface SubgraphSpec {
  readonly nodes: readonly NodeSpec[];
  readonly outputs: readonly ValueSpec[];
}

export interface InitialiserSpec extends TensorSpec {
  readonly name: string;
}

export interface ModelSpec {
  /** In topological order. */
  readonly nodes: readonly NodeSpec[];
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  /** Constants. Those inside the model may hold 2 GB together, which is protobuf's limit. */
  readonly initialisers?: readonly InitialiserSpec[];
}

const IR_VERSION = 10;
const OPSET_VERSIONS: Record<Domain, number> = { '': 21, 'com.microsoft': 1 };

/** AttributeProto.AttributeType. */
const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, ints: 7 } as const;

export function encodeModel(spec: ModelSpec): Uint8Array {
  const graph = createMessage();
  for (const node of spec.nodes) graph.message(1, encodeNode(node));
  graph.text(2, 'antipode');
  for (const { name, ...tensor } of spec.initialisers ?? []) graph.message(5, encodeTensor(tensor, name));
  for (const value of spec.inputs) graph.message(11, encodeValue(value));
  for (const value of spec.outputs) graph.message(12, encodeValue(value));
  const model = createMessage().integer(1, IR_VERSION).text(2, 'antipode').message(7, graph);
  for (const domain of new Set<Domain>(['', ...domainsOf(spec.nodes)])) {
    model.message(8, createMessage().text(1, domain).integer(2, OPSET_VERSIONS[domain]));
  }
  return finish(model);
}

function domainsOf(nodes: readonly NodeSpec[]): Domain[] {
  return nodes.flatMap(({ attributes = {}, domain = '' }) => [
    domain,
    ...Object.values(attributes).flatMap((value) => ('graph' in value ? domainsOf(value.graph.nodes) : [])),
  ]);
}

function encodeSubgraph({ nodes, outputs }: SubgraphSpec, name: string): MessageWriter {
  const graph = createMessage();
  for (const node of nodes) graph.message(1, encodeNode(node));
  graph.text(2, name);
  for (const value of outputs) graph.message(12, encodeValue(value));
  return graph;
}

function encodeNode(node: NodeSpec): MessageWriter {
  const message = createMessage();
  for (const input of node.inputs) message.text(1, input);
  for (const output of node.outputs) message.text(2, output);
  if (node.name !== undefined) message.text(3, node.name);
  message.text(4, node.op);
  for (const [name, value] of Object.entries(node.attributes ?? {})) {
    message.message(5, encodeAttribute(name, value));
  }
  if (node.domain) message.text(7, node.domain);
  return message;
}

function encodeAttribute(name: string, value: Attribute): MessageWriter {
  const message = createMessage().text(1, name);
  if ('float' in value) return message.float(2, value.float).integer(20, ATTRIBUTE_TYPES.float);
  if ('int' in value) return message.integer(3, value.int).integer(20, ATTRIBUTE_TYPES.int);
  if ('string' in value) return message.text(4, value.string).integer(20, ATTRIBUTE_TYPES.string);
  if ('tensor' in value) {
    return message.message(5, encodeTensor(value.tensor)).integer(20, ATTRIBUTE_TYPES.tensor);
  }
  if ('graph' in value) {
    return message.message(6, encodeSubgraph(value.graph, name)).integer(20, ATTRIBUTE_TYPES.graph);
  }
  for (const item of value.ints) message.integer(8, item);
  return message.integer(20, ATTRIBUTE_TYPES.ints);
}

function encodeValue(value: ValueSpec): MessageWriter {
  const type = value.isList
    ? createMessage().message(4, createMessage().message(1, encodeTensorType(value.type)))
    : encodeTensorType(value.type, value.dims);
  return createMessage().text(1, value.name).message(2, type);
}

function encodeTensorType(type: ElementType, dims?: ValueSpec['dims']): MessageWriter {
  const tensor = createMessage().integer(1, ELEMENT_TYPES[type]);
  if (!dims) return createMessage().message(1, tensor);
  const shape = createMessage();
  for (const dim of dims) {
    const dimension = createMessage();
    if (typeof dim === 'number') dimension.integer(1, dim);
    else dimension.text(2, dim);
    shape.message(1, dimension);
  }
  return createMessage().message(1, tensor.message(2, shape));
}
