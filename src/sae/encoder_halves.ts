/**
 * @file The two halves of an SAE on ONNX Runtime, each a graph and the tensors of its weights. Weights over shared memory are copied, because ONNX
 * Runtime takes none; others are used where they lie.
 */

import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { AntipodeError } from '../errors.ts';
import type { OnnxRuntime } from '../onnx/runtime.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import type { Sae } from './sae.ts';

export type Feeds = Record<string, Tensor>;

/** One graph with its weights. */
export interface Half {
  run(feeds: Feeds, output: string): Promise<Float32Array>;
  release(): Promise<void>;
}

export interface HalfParts {
  readonly model: Uint8Array;
  /** Its inputs that stay the same. */
  readonly weights: Feeds;
  readonly threads: number | undefined;
}

/** @throws {AntipodeError} `resource`, here and in every run */
export async function openHalf(
  { InferenceSession }: OnnxRuntime,
  { model, threads, weights }: HalfParts,
): Promise<Half> {
  const options: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // The last block is shorter than the others: a plan for each size would keep both.
    enableMemPattern: false,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
  const session = await withSentence(InferenceSession.create(model, options));
  return {
    async run(feeds, output) {
      const results = await withSentence(session.run({ ...weights, ...feeds }, [output]));
      return results[output]!.data as Float32Array;
    },
    release: () => session.release(),
  };
}

/** What ONNX Runtime refuses here, whose graphs and feeds fit each other, is for lack of memory. */
async function withSentence<T>(running: Promise<T>): Promise<T> {
  try {
    return await running;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AntipodeError('resource', `ONNX Runtime cannot run the SAE (${reason})`, {
      hint: 'check that there is memory left',
      cause: error,
    });
  }
}

export function encoderFeeds({ Tensor }: OnnxRuntime, sae: Sae): Feeds {
  const { W_enc, b_enc, threshold, b_gate, r_mag, dSae, dIn } = sae;
  const vector = (values: Float32Array): Tensor => new Tensor('float32', unshared(values), [dSae]);
  return {
    W_enc: new Tensor('float32', unshared(W_enc.data), [dSae, dIn]),
    b_enc: vector(b_enc),
    ...(sae.architecture === 'jumprelu' && { threshold: vector(needed(threshold, 'threshold')) }),
    ...(sae.architecture === 'gated' && {
      b_gate: vector(needed(b_gate, 'b_gate')),
      r_scale: vector(needed(r_mag, 'r_mag').map((value) => Math.exp(value))),
    }),
    ...(sae.rescaleActsByDecoderNorm && { norms: vector(Float32Array.from(sae.W_dec.norms)) }),
  };
}

export function decoderFeeds({ Tensor }: OnnxRuntime, sae: Sae, broken: readonly number[]): Feeds {
  const { W_dec, b_dec, dSae, dIn } = sae;
  const rows = broken.length === 0 ? unshared(W_dec.data) : W_dec.data.slice();
  for (const row of broken) rows.fill(0, row * dIn, (row + 1) * dIn);
  return {
    W_dec: new Tensor('float32', rows, [dSae, dIn]),
    b_dec: new Tensor('float32', unshared(b_dec), [dIn]),
    ...(sae.rescaleActsByDecoderNorm && {
      norms: new Tensor('float32', Float32Array.from(W_dec.norms), [dSae]),
    }),
  };
}

function needed(values: Float32Array | undefined, name: string): Float32Array {
  if (!values) throw new Error(`internal: an SAE without ${name}`);
  return values;
}

/** ONNX Runtime refuses shared memory. */
export function unshared(values: Float32Array): Float32Array {
  if (!(values.buffer instanceof SharedArrayBuffer)) return values;
  const copy = allocate(values.length, 'a copy of the SAE’s weights');
  copy.set(values);
  return copy;
}

export function allocate(length: number, what: string): Float32Array {
  try {
    return new Float32Array(length);
  } catch (error) {
    throw new AntipodeError(
      'resource',
      `memory: there are no ${Math.ceil(length / 2 ** 18)} MiB for ${what}`,
      { hint: 'close other programs, or ask for fewer tokens at a time', cause: error },
    );
  }
}

/** Rows whose infinities and NaNs a product would spread over every token, though they are active at few. */
export function nonFiniteRows({ defects }: FeatureMatrix): number[] {
  return defects.filter(({ defect }) => defect === 'non-finite').map(({ row }) => row);
}
