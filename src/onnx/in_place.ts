/**
 * @file Runs whose outputs are written into the caller's memory, and nowhere else. onnxruntime-node (1.30) writes into a tensor that it is given, and then copies
 * every output into a new array for its result: for a tile of products that is a megabyte of fresh pages per half a millisecond of work. It goes through the outputs
 * in order and stops at the first one that it cannot turn into an array, a list of tensors; so such a graph has an empty list as its first output, and the refusal is the sign
 * that all outputs are in place. A binding that knew lists would copy again, and be as right.
 */

import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelSpec } from './model.ts';

const LIST = 'in_place_mark';
/** What the binding says of a list; the graph is done by then. */
const REFUSAL = 'Non tensor type is temporarily not supported';

/** The same graph for `runInPlace`. */
export function forRunsInPlace(spec: ModelSpec): ModelSpec {
  return {
    ...spec,
    nodes: [{ op: 'SequenceEmpty', inputs: [], outputs: [LIST] }, ...spec.nodes],
    outputs: [{ name: LIST, type: 'float32', dims: [], isList: true }, ...spec.outputs],
  };
}

/** @param outputs every output of the graph, over memory that is not shared; filled on return @throws what the runtime throws */
export async function runInPlace(
  session: InferenceSession,
  feeds: Readonly<Record<string, Tensor>>,
  outputs: Readonly<Record<string, Tensor>>,
): Promise<void> {
  try {
    await session.run(feeds, { [LIST]: null, ...outputs });
  } catch (error) {
    if (!(error instanceof Error && error.message.includes(REFUSAL))) throw error;
  }
}
