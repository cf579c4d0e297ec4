/**
 * @file Encoding and decoding on ONNX Runtime: `encode.ts` for many tokens. The same definitions in float32, in blocks of rows, so that memory does
 * not grow with a text. Activations differ from `encode.ts` by float32 rounding, and a feature is on here and off there only where its
 * pre-activation lies within that rounding of its threshold (or, for topk, of the k-th largest). A block occupies the calling thread.
 */

import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { AntipodeError } from '../errors.ts';
import { loadOnnxRuntime, type OnnxRuntime } from '../onnx/runtime.ts';
import type { FeatureMatrix, Matrix } from '../tensor/matrix.ts';
import { checkDecoding, checkEncoding, type DecodeOptions } from './encode.ts';
import { decoderModel, encoderModel } from './encoder_graphs.ts';
import { normalizeInput, restoreOutput } from './input_scale.ts';
import type { Sae } from './sae.ts';

export interface SaeEncoderOptions {
  /** Of one product; ONNX Runtime's own choice (the physical cores) where left out. */
  readonly threads?: number;
  /** Rows computed at a time; chosen for 16 MiB of activations and a fraction of a second where left out. */
  readonly blockRows?: number;
}

/** Consecutive rows of what was asked for. */
export interface EncodedBlock {
  /** The first row of `acts`, counted in the whole. */
  readonly firstRow: number;
  /** `[rows of the block, d_sae]`. */
  readonly acts: Matrix;
}

export interface ReconstructedBlock extends EncodedBlock {
  /** `[rows of the block, d_in]`, in the scale of the model. */
  readonly reconstruction: Matrix;
}

export interface SaeEncoder {
  readonly sae: Sae;
  readonly blockRows: number;
  /**
   * Feature activations as `encode` defines them. A row that holds a NaN or an infinity, or one too large for float32 once it is scaled, gives NaN.
   * @param x `[n, d_in]`
   * @returns `[n, d_sae]` at once: `encodeBlocks` is for what does not fit
   * @throws {AntipodeError} `usage` when the width of `x` is not d_in, `resource` where there is no memory for the result
   */
  encode(x: Matrix): Promise<Matrix>;
  /** As `encode`, a block at a time, in order; every block is the caller's. */
  encodeBlocks(x: Matrix): AsyncGenerator<EncodedBlock, void, undefined>;
  /**
   * As `decode` of `encode.ts`.
   * @param acts `[n, d_sae]`
   * @returns `[n, d_in]`
   * @throws {AntipodeError} `usage` when a width does not fit, or `input` is missing where each row was scaled by its own statistics
   */
  decode(acts: Matrix, options?: DecodeOptions): Promise<Matrix>;
  /** `[n, d_in]` to `[n, d_in]`, without holding more than a block of activations. */
  reconstruct(x: Matrix): Promise<Matrix>;
  /** Activations and reconstructions, a block at a time. */
  reconstructBlocks(x: Matrix): AsyncGenerator<ReconstructedBlock, void, undefined>;
  /** Nothing may be under way. */
  close(): Promise<void>;
}

/** 16 MiB of float32; the graph holds a few arrays of this size at once. */
const BLOCK_VALUES = 2 ** 22;

/** Products of one block, about a third of a second on one core: Ctrl-C is heard between blocks. */
const BLOCK_PRODUCTS = 2 ** 34;

const MAX_BLOCK_ROWS = 1024;

/**
 * Weights over shared memory, as loaders leave them, are copied once each (ONNX Runtime takes no shared memory); the decoder's when it is first
 * needed. Others are used where they lie: they must not change until `close`.
 * @throws {AntipodeError} `resource` where there is no memory for the copy
 */
export async function openSaeEncoder(sae: Sae, options: SaeEncoderOptions = {}): Promise<SaeEncoder> {
  const runtime = await loadOnnxRuntime();
  const { threads, blockRows = rowsPerBlock(sae) } = options;
  if (!(Number.isInteger(blockRows) && blockRows >= 1))
    throw new Error(`internal: blocks of ${blockRows} rows`);
  const encoder = await openHalf(runtime, encoderModel(sae), encoderFeeds(runtime, sae), threads);
  return new RunningEncoder({ sae, runtime, encoder, threads, blockRows });
}

function rowsPerBlock({ dIn, dSae }: Sae): number {
  const values = Math.max(1, dSae);
  const fitting = Math.min(BLOCK_VALUES / values, BLOCK_PRODUCTS / (values * Math.max(1, dIn)));
  return Math.max(1, Math.min(MAX_BLOCK_ROWS, Math.floor(fitting)));
}

type Feeds = Record<string, Tensor>;

/** One graph with its weights. */
interface Half {
  run(feeds: Feeds, output: string): Promise<Float32Array>;
  release(): Promise<void>;
}

async function openHalf(
  { InferenceSession }: OnnxRuntime,
  model: Uint8Array,
  weights: Feeds,
  threads: number | undefined,
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

function encoderFeeds({ Tensor }: OnnxRuntime, sae: Sae): Feeds {
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

function decoderFeeds({ Tensor }: OnnxRuntime, sae: Sae, broken: readonly number[]): Feeds {
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
function unshared(values: Float32Array): Float32Array {
  if (!(values.buffer instanceof SharedArrayBuffer)) return values;
  const copy = allocate(values.length, 'a copy of the SAE’s weights');
  copy.set(values);
  return copy;
}

function allocate(length: number, what: string): Float32Array {
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
function nonFiniteRows({ defects }: FeatureMatrix): number[] {
  return defects.filter(({ defect }) => defect === 'non-finite').map(({ row }) => row);
}

interface Parts {
  readonly sae: Sae;
  readonly runtime: OnnxRuntime;
  readonly encoder: Half;
  readonly threads: number | undefined;
  readonly blockRows: number;
}

class RunningEncoder implements SaeEncoder {
  readonly sae: Sae;
  readonly blockRows: number;
  readonly #parts: Parts;
  readonly #broken: readonly number[];
  #decoder: Promise<Half> | undefined;
  #isClosed = false;

  constructor(parts: Parts) {
    this.sae = parts.sae;
    this.blockRows = parts.blockRows;
    this.#parts = parts;
    this.#broken = nonFiniteRows(parts.sae.W_dec);
  }

  async encode(x: Matrix): Promise<Matrix> {
    const { dSae } = this.sae;
    checkEncoding(this.sae, x);
    const data = allocate(x.rows * dSae, `the activations of ${x.rows} tokens`);
    for await (const { acts, firstRow } of this.encodeBlocks(x)) data.set(acts.data, firstRow * dSae);
    return { data, rows: x.rows, cols: dSae };
  }

  async *encodeBlocks(x: Matrix): AsyncGenerator<EncodedBlock, void, undefined> {
    checkEncoding(this.sae, x);
    for (const [firstRow, end] of this.#blocks(x.rows)) {
      yield { firstRow, acts: await this.#encodeBlock(x, firstRow, end) };
    }
  }

  async decode(acts: Matrix, { input }: DecodeOptions = {}): Promise<Matrix> {
    checkDecoding(this.sae, acts, input);
    const { dIn, dSae } = this.sae;
    const data = allocate(acts.rows * dIn, `the reconstructions of ${acts.rows} tokens`);
    for (const [from, to] of this.#blocks(acts.rows)) {
      const values = unshared(acts.data.subarray(from * dSae, to * dSae));
      const block = { data: values, rows: to - from, cols: dSae };
      data.set((await this.#decodeBlock(block, input, from)).data, from * dIn);
    }
    return { data, rows: acts.rows, cols: dIn };
  }

  async reconstruct(x: Matrix): Promise<Matrix> {
    const { dIn } = this.sae;
    const data = allocate(x.rows * dIn, `the reconstructions of ${x.rows} tokens`);
    for await (const { firstRow, reconstruction } of this.reconstructBlocks(x)) {
      data.set(reconstruction.data, firstRow * dIn);
    }
    return { data, rows: x.rows, cols: dIn };
  }

  async *reconstructBlocks(x: Matrix): AsyncGenerator<ReconstructedBlock, void, undefined> {
    for await (const { firstRow, acts } of this.encodeBlocks(x)) {
      yield { firstRow, acts, reconstruction: await this.#decodeBlock(acts, x, firstRow) };
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#parts.encoder.release();
    await (await this.#decoder)?.release();
  }

  *#blocks(rows: number): Iterable<readonly [from: number, to: number]> {
    for (let from = 0; from < rows; from += this.blockRows) {
      yield [from, Math.min(from + this.blockRows, rows)];
    }
  }

  async #encodeBlock(x: Matrix, from: number, to: number): Promise<Matrix> {
    if (this.#isClosed) throw new Error('internal: the SAE encoder was closed');
    const { sae, runtime, encoder } = this.#parts;
    const rows = to - from;
    const { values, broken } = scaledRows(sae, x, from, to);
    await new Promise(setImmediate);
    const feeds = { x: new runtime.Tensor('float32', values, [rows, sae.dIn]) };
    const data = await encoder.run(feeds, 'acts');
    for (const row of broken) data.fill(Number.NaN, row * sae.dSae, (row + 1) * sae.dSae);
    return { data, rows, cols: sae.dSae };
  }

  /** @param input the whole of it; `from` is the first row of `acts` in there */
  async #decodeBlock(acts: Matrix, input: Matrix | undefined, from: number): Promise<Matrix> {
    if (this.#isClosed) throw new Error('internal: the SAE encoder was closed');
    const { sae, runtime, threads } = this.#parts;
    this.#decoder ??= openHalf(runtime, decoderModel(sae), decoderFeeds(runtime, sae, this.#broken), threads);
    const decoder = await this.#decoder;
    await new Promise(setImmediate);
    const feeds = { acts: new runtime.Tensor('float32', acts.data, [acts.rows, sae.dSae]) };
    const data = await decoder.run(feeds, 'reconstruction');
    this.#addBrokenRows(acts, data);
    if (sae.inputNormalisation !== 'none') restoreRows(sae, data, input, from);
    return { data, rows: acts.rows, cols: sae.dIn };
  }

  #addBrokenRows(acts: Matrix, data: Float32Array): void {
    const { dIn, rescaleActsByDecoderNorm, W_dec } = this.sae;
    for (const feature of this.#broken) {
      for (let row = 0; row < acts.rows; row++) {
        const act = acts.data[row * acts.cols + feature]!;
        if (act === 0) continue;
        const weight = rescaleActsByDecoderNorm ? act / W_dec.norms[feature]! : act;
        for (let k = 0; k < dIn; k++) data[row * dIn + k]! += weight * W_dec.data[feature * dIn + k]!;
      }
    }
  }
}

interface ScaledRows {
  /** `[to - from, d_in]`, zeros for those that cannot be encoded. */
  readonly values: Float32Array;
  /** Those, counted from `from`. */
  readonly broken: readonly number[];
}

function scaledRows(sae: Sae, x: Matrix, from: number, to: number): ScaledRows {
  const { dIn, b_dec, applyBDecToInput } = sae;
  const values = new Float32Array((to - from) * dIn);
  const broken: number[] = [];
  for (let row = from; row < to; row++) {
    const scaled = normalizeInput(sae, x, row).values;
    if (applyBDecToInput) for (let k = 0; k < dIn; k++) scaled[k]! -= b_dec[k]!;
    const place = values.subarray((row - from) * dIn, (row - from + 1) * dIn);
    place.set(scaled);
    if (place.every(Number.isFinite)) continue;
    place.fill(0);
    broken.push(row - from);
  }
  return { values, broken };
}

function restoreRows(sae: Sae, data: Float32Array, input: Matrix | undefined, from: number): void {
  const { dIn } = sae;
  for (let at = 0; at < data.length; at += dIn) {
    const values = Float64Array.from(data.subarray(at, at + dIn));
    restoreOutput(sae, values, input, from + at / dIn);
    data.set(values, at);
  }
}
