/**
 * @file C = A Bᵀ in float32 on ONNX Runtime's CPU provider, with B given anew each time or fixed. A `[m, d]`, B `[n, d]`, C `[m, n]`, all row-major.
 * One thread per session: the caller gets its parallelism from workers, which scales better than ONNX Runtime's own threads and
 * makes results independent of the number of threads.
 */

import type { InferenceSession } from 'onnxruntime-node';
import { fixedInput } from './fixed_input.ts';
import { forRunsInPlace, runInPlace } from './in_place.ts';
import { encodeModel, type ModelSpec, type ValueSpec } from './model.ts';
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
 * each product term carries at most d + 5 roundings of relative size u = 2^-24 (two from scaling each row, d from multiplying and
 * adding, one spare), and the terms' magnitudes sum to at most 1 by Cauchy-Schwarz (Higham 2002, section 3.1).
 */
export function productErrorBound(d: number): number {
  const roundings = (d + 5) * 2 ** -24;
  return (roundings / (1 - roundings)) * 1.001;
}

const PRODUCT: Pick<ModelSpec, 'nodes' | 'outputs'> = {
  nodes: [{ op: 'Gemm', inputs: ['a', 'b'], outputs: ['c'], attributes: { transB: { int: 1 } } }],
  outputs: [{ name: 'c', type: 'float32', dims: ['m', 'n'] }],
};
const A: ValueSpec = { name: 'a', type: 'float32', dims: ['m', 'd'] };
const ONE_THREAD: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
};

/** Products with one B: the runtime arranges it once, which makes each product some percent faster and costs about as much as one of 256 rows. */
export interface FixedProduct {
  /** Runs on the calling thread and blocks it until done. @param a `m * d` values, not shared @param out receives `m * n` values, in place */
  multiply(a: Float32Array, m: number, out: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/** @param b `n * d` values; copied */
export async function createFixedProduct(b: Float32Array, n: number, d: number): Promise<FixedProduct> {
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  const { initialiser, options } = fixedInput('b', { type: 'float32', dims: [n, d] }, b);
  const model = encodeModel(forRunsInPlace({ ...PRODUCT, inputs: [A], initialisers: [initialiser] }));
  const session = await InferenceSession.create(model, {
    ...ONE_THREAD,
    ...options,
    enableCpuMemArena: false,
  });
  return {
    multiply: (a, m, out) =>
      runInPlace(session, { a: new Tensor('float32', a, [m, d]) }, { c: new Tensor('float32', out, [m, n]) }),
    close: () => session.release(),
  };
}

export async function createProductEngine(): Promise<ProductEngine> {
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  const inputs: ValueSpec[] = [A, { name: 'b', type: 'float32', dims: ['n', 'd'] }];
  const model = encodeModel(forRunsInPlace({ ...PRODUCT, inputs }));
  const session = await InferenceSession.create(model, ONE_THREAD);
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
