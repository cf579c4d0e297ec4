/**
 * @file Integer products on ONNX Runtime: bytes [m, k] times one fixed block of columns. One single-threaded session per block, because the runtime
 * rearranges a constant right side once, and products with a changing one are slower.
 */

import { fixedInput } from '../onnx/fixed_input.ts';
import { forRunsInPlace, runInPlace } from '../onnx/in_place.ts';
import { encodeModel } from '../onnx/model.ts';
import { loadOnnxRuntime } from '../onnx/runtime.ts';

export interface ColumnBlock {
  /**
   * products = (a - 128) * block. Blocks the calling thread.
   * @param a `[m, k]` bytes in unshared memory @param products receives `[m, columns]`, in place
   */
  multiply(a: Uint8Array, m: number, products: Int32Array): Promise<void>;
  release(): Promise<void>;
}

/** @param packed signed bytes `[k, columns]` */
export async function createColumnBlock(
  packed: Uint8Array,
  k: number,
  columns: number,
): Promise<ColumnBlock> {
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  const { initialiser, options } = fixedInput('b', { type: 'int8', dims: [k, columns] }, packed);
  const model = encodeModel(
    forRunsInPlace({
      nodes: [{ op: 'MatMulInteger', inputs: ['a', 'b', 'zero'], outputs: ['c'] }],
      inputs: [{ name: 'a', type: 'uint8', dims: ['m', k] }],
      outputs: [{ name: 'c', type: 'int32', dims: ['m', columns] }],
      initialisers: [initialiser, { name: 'zero', type: 'uint8', dims: [], data: Uint8Array.of(128) }],
    }),
  );
  const session = await InferenceSession.create(model, {
    ...options,
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'disabled',
    enableCpuMemArena: false,
    logSeverityLevel: 3,
  });
  return {
    multiply: (a, m, products) =>
      runInPlace(
        session,
        { a: new Tensor('uint8', a, [m, k]) },
        { c: new Tensor('int32', products, [m, columns]) },
      ),
    release: () => session.release(),
  };
}
