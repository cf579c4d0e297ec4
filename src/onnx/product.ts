/**
 * @file The one graph of today: C = A Bᵀ in float32 on ONNX Runtime's CPU provider. A `[m, d]`, B `[n, d]`, C `[m, n]`, all row-major.
 * One thread per session: the caller gets its parallelism from workers, which scales better than ONNX Runtime's own threads and
 * makes results independent of the number of threads.
 */

import { forRunsInPlace, runInPlace } from './in_place.ts';
import { encodeModel } from './model.ts';
import { loadOnnxRuntime } from './runtime.ts';

export interface ProductEngine {
  /**
   * Runs on the calling thread and blocks it until done.
   * @param a `m * d` values, not over shared memory (ONNX Runtime rejects that) @param b `n * d` values, likewise
   * @param out receives `m * n` values; its content is valid until the next call
   */
  multiply(a: Float32Array, b: Float32Array, sizes: ProductSizes, out: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface ProductSizes {
  readonly m: number;
  readonly n: number;
  readonly d: number;
}

/**
 * A bound on |float32 cosine - exact cosine| for unit rows rounded to float32 and multiplied in any order of summation:
 * each product term carries at most d + 3 roundings of relative size u = 2^-24 (two from rounding the rows, d from multiplying and
 * adding, one spare), and the terms' magnitudes sum to at most 1 by Cauchy-Schwarz (Higham 2002, section 3.1).
 */
export function productErrorBound(d: number): number {
  const roundings = (d + 3) * 2 ** -24;
  return (roundings / (1 - roundings)) * 1.001;
}

export async function createProductEngine(): Promise<ProductEngine> {
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  const model = encodeModel(
    forRunsInPlace({
      nodes: [{ op: 'Gemm', inputs: ['a', 'b'], outputs: ['c'], attributes: { transB: { int: 1 } } }],
      inputs: [
        { name: 'a', type: 'float32', dims: ['m', 'd'] },
        { name: 'b', type: 'float32', dims: ['n', 'd'] },
      ],
      outputs: [{ name: 'c', type: 'float32', dims: ['m', 'n'] }],
    }),
  );
  const session = await InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  return {
    async multiply(a, b, { m, n, d }, out) {
      const feeds = { a: new Tensor('float32', a, [m, d]), b: new Tensor('float32', b, [n, d]) };
      await runInPlace(session, feeds, { c: new Tensor('float32', out, [m, n]) });
      return out;
    },
    async close() {
      await session.release();
    },
  };
}
