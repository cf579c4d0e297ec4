/**
 * @file Encoding and decoding on ONNX Runtime: `encode.ts` for many tokens. The same definitions in float32, in blocks of rows, so that memory does
 * not grow with a text. Activations differ from `encode.ts` by float32 rounding, and a feature is on here and off there only where its
 * pre-activation lies within that rounding of its threshold (or, for topk, of the k-th largest). A block occupies the calling thread.
 */

import { loadOnnxRuntime, type OnnxRuntime } from '../onnx/runtime.ts';
import type { Matrix } from '../tensor/matrix.ts';
import { checkDecoding, checkEncoding, type DecodeOptions } from './encode.ts';
import { decoderModel, encoderModel } from './encoder_graphs.ts';
import {
  allocate,
  decoderFeeds,
  encoderFeeds,
  type Half,
  nonFiniteRows,
  openHalf,
  unshared,
} from './encoder_halves.ts';
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
  const parts = { model: encoderModel(sae), weights: encoderFeeds(runtime, sae), threads };
  const encoder = await openHalf(runtime, parts);
  return new RunningEncoder({ sae, runtime, encoder, threads, blockRows });
}

function rowsPerBlock({ dIn, dSae }: Sae): number {
  const values = Math.max(1, dSae);
  const fitting = Math.min(BLOCK_VALUES / values, BLOCK_PRODUCTS / (values * Math.max(1, dIn)));
  return Math.max(1, Math.min(MAX_BLOCK_ROWS, Math.floor(fitting)));
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
    const { values, broken } = scaledRows(sae, x, [from, to]);
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
    this.#decoder ??= openHalf(runtime, {
      model: decoderModel(sae),
      weights: decoderFeeds(runtime, sae, this.#broken),
      threads,
    });
    const decoder = await this.#decoder;
    await new Promise(setImmediate);
    const feeds = { acts: new runtime.Tensor('float32', acts.data, [acts.rows, sae.dSae]) };
    const data = await decoder.run(feeds, 'reconstruction');
    this.#addBrokenRows(acts, data);
    if (sae.inputNormalisation !== 'none') this.#restoreRows(data, input, from);
    return { data, rows: acts.rows, cols: sae.dIn };
  }

  #restoreRows(data: Float32Array, input: Matrix | undefined, from: number): void {
    const { dIn } = this.sae;
    for (let at = 0; at < data.length; at += dIn) {
      const values = Float64Array.from(data.subarray(at, at + dIn));
      restoreOutput(this.sae, values, input, from + at / dIn);
      data.set(values, at);
    }
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

function scaledRows(sae: Sae, x: Matrix, [from, to]: readonly [from: number, to: number]): ScaledRows {
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
