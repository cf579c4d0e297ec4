/**
 * @file TensorProto of onnx.proto3: constants of a graph, either inside the model or as a range of another file that the runtime maps.
 * Leaves out sparse tensors, strings and the typed data fields: elements are always `raw_data`, little-endian.
 */

import { createMessage, type MessageWriter } from './protobuf.ts';

/** TensorProto.DataType. */
export const ELEMENT_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const;

export type ElementType = keyof typeof ELEMENT_TYPES;

const ELEMENT_BYTES: Record<ElementType, number> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  float64: 8,
  bfloat16: 2,
};

/** A range of a file. ONNX Runtime resolves `location` below a folder given when the session is made. */
export interface ExternalData {
  /** Relative path with forward slashes. */
  readonly location: string;
  /** Bytes from the start of the file; no alignment is needed. */
  readonly offset: number;
  /** Bytes; has to be what type and dims say. */
  readonly length: number;
}

export interface TensorSpec {
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Elements in C order: any typed array of the right byte length, or where they lie in another file. */
  readonly data: ArrayBufferView | ExternalData;
}

const LOCATION_EXTERNAL = 1;

/** @throws a plain `internal:` error where the data is not as long as type and dims say */
export function encodeTensor(spec: TensorSpec, name?: string): MessageWriter {
  const { data, dims, type } = spec;
  const expected = dims.reduce((product, size) => product * size, ELEMENT_BYTES[type]);
  const actual = ArrayBuffer.isView(data) ? data.byteLength : data.length;
  if (actual !== expected) {
    throw new Error(`internal: tensor ${name ?? ''} has ${actual} bytes, expected ${expected}`);
  }
  const message = createMessage();
  for (const size of dims) message.integer(1, size);
  message.integer(2, ELEMENT_TYPES[type]);
  if (name !== undefined) message.text(8, name);
  if (ArrayBuffer.isView(data)) {
    return message.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  for (const key of ['location', 'offset', 'length'] as const) {
    message.message(13, createMessage().text(1, key).text(2, String(data[key])));
  }
  return message.integer(14, LOCATION_EXTERNAL);
}
