/** @file The inputs of `graph/edit_lanes.ts` for the edits of one run; sites without one get a lane that changes nothing. */

import type { Tensor } from 'onnxruntime-node';
import type { OnnxRuntime } from '../onnx/runtime.ts';
import type { Edit, Site } from './language_model.ts';

/** The largest float32: devices differ in how they compare with infinities. */
const LARGEST = 3.4028234663852886e38;

/** @param sites those that the graph has inputs for; every edit is at one of them */
export function editFeeds(
  runtime: OnnxRuntime,
  sites: Iterable<Site>,
  edits: readonly Edit[],
  dModel: number,
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const at of sites) {
    const edit = edits.find((one) => one.at === at) ?? unchanged(at, dModel);
    for (const [part, { values, dims }] of Object.entries(inputsOf(edit, dModel))) {
      feeds[`edit.${at}.${part}`] = new runtime.Tensor('float32', values, dims);
    }
  }
  return feeds;
}

interface Input {
  readonly values: Float32Array;
  readonly dims: readonly number[];
}

function inputsOf(edit: Edit, dModel: number): Record<string, Input> {
  const { columns = 1, keep, lanes, offset, read, rows = 1, target, threshold, write } = edit;
  const [wide, perLane, perColumn] = [
    [rows, lanes, dModel],
    [rows, 1, lanes],
    [rows, columns, lanes],
  ];
  const filled = (value: number, dims: readonly number[]): Float32Array =>
    new Float32Array(dims.reduce((product, size) => product * size, 1)).fill(value);
  return {
    read: { values: read, dims: wide },
    write: { values: write, dims: wide },
    offset: { values: offset ?? filled(0, perLane), dims: perLane },
    threshold: { values: threshold?.map(finite) ?? filled(-LARGEST, perLane), dims: perLane },
    gain: { values: keep?.map((value) => value - 1) ?? filled(-1, perColumn), dims: perColumn },
    target: { values: target ?? filled(0, perColumn), dims: perColumn },
  };
}

function finite(value: number): number {
  return Math.min(LARGEST, Math.max(-LARGEST, value));
}

function unchanged(at: Site, dModel: number): Edit {
  const nothing = new Float32Array(dModel);
  return { at, lanes: 1, read: nothing, write: nothing, keep: Float32Array.of(1) };
}
