/**
 * @file One constant of a graph, handed to the session beside the model instead of inside it: half of the time that opening takes with a block of columns goes into copies of
 * what stands inside.
 */

import type { InferenceSession } from 'onnxruntime-node';
import type { InitialiserSpec } from './model.ts';
import type { TensorSpec } from './tensor_proto.ts';

export interface FixedInput {
  readonly initialiser: InitialiserSpec;
  /** What `InferenceSession.create` has to be given with the model. */
  readonly options: Pick<InferenceSession.SessionOptions, 'externalData'>;
}

/** @param data copied when the session is made */
export function fixedInput(
  name: string,
  { type, dims }: Pick<TensorSpec, 'type' | 'dims'>,
  data: Float32Array | Uint8Array,
): FixedInput {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return {
    initialiser: { name, type, dims, data: { location: name, offset: 0, length: bytes.length } },
    options: { externalData: [{ path: name, data: bytes }] },
  };
}
