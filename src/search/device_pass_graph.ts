/**
 * @file The graph that a device runs for the search: products of unit rows with a block of columns, of which only the largest and the smallest of
 * every 64 come back. float32 throughout: ONNX Runtime has no int8 products on WebGPU, and reads of whole products would take longer
 * than computing them.
 */

import type { InferenceSession } from 'onnxruntime-node';
import type { Device } from '../onnx/device.ts';
import { encodeModel, type ModelSpec } from '../onnx/model.ts';
import type { OnnxRuntime } from '../onnx/runtime.ts';

/** Columns that one returned number stands for. Fewer mean more to read back, more mean more pairs to verify per find. */
export const BLOCK_COLUMNS = 64;

/** Of `m` rows against the blocks of the columns, row-major `[m, blocks]`. */
export interface BlockExtremes {
  readonly high: Float32Array;
  readonly low: Float32Array;
}

export interface ColumnSession {
  readonly blocks: number;
  /** @param rows `m * d` values, not over shared memory; m > 0, because WebGPU's provider ends the process on empty inputs */
  run(rows: Float32Array): Promise<BlockExtremes>;
  close(): Promise<void>;
}

/** Columns `[n, d]`, row-major: one feature each. `n` is a multiple of `BLOCK_COLUMNS`. */
export interface Columns {
  readonly data: Float32Array;
  readonly n: number;
  readonly d: number;
}

/**
 * A bound on |device cosine - exact cosine| for unit rows rounded to float32. As `productErrorBound`, but with u = 2^-23: WGSL lets an
 * implementation round a result up or down (section 15.7.4), so the last bit is not half right. The spare share covers denormals
 * that a device takes for zero (below 2^-126 for each of d terms). Products that round their factors further (TF32, 16 bit) are outside:
 * `device_pass_check.ts` finds them.
 */
export function deviceErrorBound(d: number): number {
  const roundings = (d + 3) * 2 ** -23;
  return (roundings / (1 - roundings)) * 1.001;
}

/** The columns are a constant of the graph, so that they travel to the device once, with the session. */
export async function openColumns(
  { InferenceSession, Tensor }: OnnxRuntime,
  device: Device,
  columns: Columns,
): Promise<ColumnSession> {
  const { d, n } = columns;
  const session = await InferenceSession.create(encodeModel(blockGraph(columns)), optionsFor(device));
  return {
    blocks: n / BLOCK_COLUMNS,
    async run(rows) {
      const { high, low } = await session.run({ rows: new Tensor('float32', rows, [rows.length / d, d]) });
      return { high: high!.data as Float32Array, low: low!.data as Float32Array };
    },
    close: () => session.release(),
  };
}

function blockGraph({ data, d, n }: Columns): ModelSpec {
  const blocks = n / BLOCK_COLUMNS;
  const reduce = (op: string, to: string) => ({
    op,
    inputs: ['cut', 'axis'],
    outputs: [to],
    attributes: { keepdims: { int: 0 } },
  });
  return {
    nodes: [
      {
        op: 'Gemm',
        inputs: ['rows', 'columns'],
        outputs: ['products'],
        attributes: { transB: { int: 1 } },
      },
      { op: 'Reshape', inputs: ['products', 'shape'], outputs: ['cut'] },
      reduce('ReduceMax', 'high'),
      reduce('ReduceMin', 'low'),
    ],
    inputs: [{ name: 'rows', type: 'float32', dims: ['m', d] }],
    outputs: ['high', 'low'].map((name) => ({ name, type: 'float32', dims: ['m', blocks] })),
    initialisers: [
      { name: 'columns', type: 'float32', dims: [n, d], data },
      {
        name: 'shape',
        type: 'int64',
        dims: [3],
        data: BigInt64Array.of(-1n, BigInt(blocks), BigInt(BLOCK_COLUMNS)),
      },
      { name: 'axis', type: 'int64', dims: [1], data: BigInt64Array.of(2n) },
    ],
  };
}

function optionsFor(device: Device): InferenceSession.SessionOptions {
  return {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    // Providers that do not start write pages to stderr; the error that is thrown says it once.
    logSeverityLevel: 4,
    // Chunks of rows change their height, and plans of all heights would be kept.
    enableMemPattern: false,
  };
}
