/**
 * @file A model folder as a running `LanguageModel`, in this process on ONNX Runtime: float32 arithmetic, on the weights as they are stored or on
 * a quantised copy. A run blocks the calling thread. Leaves out isolation in a child process.
 */

import { basename } from 'node:path';
import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import type { DeviceChoice, RunningDevice } from '../onnx/device.ts';
import { loadOnnxRuntime, type OnnxRuntime } from '../onnx/runtime.ts';
import { layOut } from './batch.ts';
import { type ModelConfig, readModelConfig } from './config.ts';
import { checkEdits } from './edit_checks.ts';
import { editFeeds } from './edit_feeds.ts';
import { createFeeds, type Feeds } from './feeds.ts';
import {
  type ForwardPass,
  MAX_TOKENS_AT_ONCE,
  MAX_TOKENS_AT_ONCE_PACKED,
  runForward,
} from './forward_pass.ts';
import { type HookedSession, openHookedSession } from './hooked_session.ts';
import type { ForwardRequest, ForwardResult, LanguageModel, Past, Site } from './language_model.ts';
import { rethrow } from './memory_limit.ts';
import { runtimeFailure } from './open_session.ts';
import { createPastStore, type PastStore } from './past_store.ts';
import { preparePrecision } from './precision.ts';
import type { Precision, PrecisionChoice } from './precision_names.ts';
import { checkCaptures, checkSteering } from './request_checks.ts';
import { type ModelWeights, nonFinite, openWeights } from './weights.ts';

export interface OpenModelOptions {
  /** Where it runs, `cpu` where left out. */
  readonly device?: DeviceChoice;
  /**
   * Sites that `edit` is going to be asked for. The first edit at another site opens the model anew, once, with all sites; until then edits cost
   * nothing anywhere.
   */
  readonly editSites?: readonly Site[];
  /**
   * Layers whose `pattern.L` is going to be captured. The first capture at another layer opens the model anew; until then patterns take no memory
   * that a run could give back before its end.
   */
  readonly patternLayers?: readonly number[];
  /** How the matrices are kept, `exact` where left out. */
  readonly precision?: PrecisionChoice;
  /** antipode's own cache, for quantised copies; `$XDG_CACHE_HOME/antipode` or `~/.cache/antipode` where left out. */
  readonly cacheDir?: string;
  /** Threads of one run; ONNX Runtime's own choice (the physical cores) where left out. Workers that quantise, all cores where left out. */
  readonly threads?: number;
  /** Rows of a 16-bit output matrix that are widened to float32 at a time, 8192 where left out; fewer take less memory, for the same numbers. */
  readonly maxCastRows?: number;
  /** Tokens (rows times columns) computed at a time, 512 in `exact` and 64 otherwise where left out; fewer take less memory. */
  readonly maxTokensAtOnce?: number;
  /** While a quantised copy is made: the share that is done, from 0 to 1. Not called where there is nothing to do. */
  readonly onProgress?: (fraction: number) => void;
  /** Stops opening; what is finished of a quantised copy is kept. */
  readonly signal?: AbortSignal;
}

/**
 * @param folder `config.json` and `model*.safetensors` of Hugging Face; weights are mapped, not read
 * @throws {AntipodeError} `missing` for files that are not there, `format` for what does not fit or is not supported, `resource` where a quantised
 * copy cannot be kept, `interrupted`
 */
export async function openLanguageModel(
  folder: string,
  options: OpenModelOptions = {},
): Promise<LanguageModel> {
  const config = await readModelConfig(folder);
  const weights = await openWeights(folder);
  try {
    const { device = 'cpu', threads } = options;
    const precision = await preparePrecision(config, weights, options);
    const fitting = precision.isPacked ? MAX_TOKENS_AT_ONCE_PACKED : MAX_TOKENS_AT_ONCE;
    const { maxTokensAtOnce = fitting } = options;
    throwIfInterrupted(options.signal);
    const runtime = await loadOnnxRuntime();
    const request = { config, weights, runtime, device, precision, threads };
    const session = await openHookedSession(request, options);
    const name = basename(folder);
    const parts = { config, weights, runtime, session, precision: precision.name, maxTokensAtOnce, name };
    return new RunningModel(parts);
  } catch (error) {
    await weights.close();
    throw error;
  }
}

interface Parts {
  readonly config: ModelConfig;
  readonly weights: ModelWeights;
  readonly runtime: OnnxRuntime;
  readonly session: HookedSession;
  readonly precision: Precision;
  readonly maxTokensAtOnce: number;
  /** Of the folder, for messages. */
  readonly name: string;
}

class RunningModel implements LanguageModel {
  readonly config: ModelConfig;
  readonly device: RunningDevice;
  readonly precision: Precision;
  readonly #parts: Parts;
  readonly #feeds: Feeds;
  readonly #pasts = new Map<number, PastStore>();
  #nextId = 0;
  /** Calls wait for the one before; its failure is its own caller's. */
  #tail: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(parts: Parts) {
    this.config = parts.config;
    this.device = parts.session.device;
    this.precision = parts.precision;
    this.#parts = parts;
    this.#feeds = createFeeds(parts.runtime, parts.config, this.device.name === 'cpu');
  }

  forward(request: ForwardRequest): Promise<ForwardResult> {
    return this.#inTurn(() => this.#run(request));
  }

  createPast(rows: number, capacity = 0): Promise<Past> {
    return this.#inTurn(async () => {
      if (!(Number.isInteger(rows) && rows >= 1)) throw new Error(`internal: a past of ${rows} rows`);
      const id = this.#nextId++;
      const room = Math.min(capacity, this.config.maxPositions);
      this.#pasts.set(id, createPastStore(this.config, rows, room));
      return { id, rows };
    });
  }

  releasePast(past: Past): Promise<void> {
    return this.#inTurn(async () => {
      this.#pasts.delete(past.id);
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    const done = this.#inTurn(async () => {
      this.#pasts.clear();
      await this.#parts.session.release();
      await this.#parts.weights.close();
    });
    this.#isClosed = true;
    await done;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Error('internal: the language model was closed'));
    const result = this.#tail.then(work).catch(rethrow);
    this.#tail = result.catch(() => {});
    return result;
  }

  async #run(request: ForwardRequest): Promise<ForwardResult> {
    const { tokens, padding = 'right', capture = [], edit = [], steer = [], logits = 'last' } = request;
    const rows = tokens.length;
    const past = this.#pastOf(request.past, rows);
    const batch = layOut(tokens, this.config, padding, past?.lengths ?? Array<number>(rows).fill(0));
    checkEdits(edit, batch, this.config);
    checkSteering(steer, batch, this.config);
    checkCaptures(capture, this.config, { ...batch, keys: (past?.used ?? 0) + batch.columns });
    const { runtime, session: own } = this.#parts;
    const session = await own.prepare(edit, capture);
    const run: ForwardPass['run'] = async (feeds, outputs) => {
      try {
        return await session.run(feeds, outputs);
      } catch (error) {
        throw runtimeFailure('cannot run the model', error);
      }
    };
    return runForward({
      config: this.config,
      feeds: this.#feeds,
      batch,
      store: past ?? createPastStore(this.config, rows, 1),
      isKept: past !== undefined,
      edit,
      steer,
      capture,
      logits,
      maxTokensAtOnce: this.#parts.maxTokensAtOnce,
      editFeeds: (edits) => editFeeds(runtime, own.editSites, edits, this.config.dModel),
      run,
      explain: (where) => this.#explain(where),
    });
  }

  #pastOf(handle: Past | undefined, rows: number): PastStore | undefined {
    if (!handle) return undefined;
    const past = this.#pasts.get(handle.id);
    if (!past) throw new Error('internal: this past was released');
    if (past.rows !== rows) {
      throw new AntipodeError('usage', `prompt: ${rows} rows of tokens for a past of ${past.rows} rows`);
    }
    return past;
  }

  async #explain(where: string): Promise<AntipodeError> {
    const { weights, name } = this.#parts;
    const tensor = await weights.findNonFinite();
    if (tensor !== undefined) return nonFinite(name, tensor);
    return new AntipodeError(
      'format',
      `${name}: ${where} became NaN or infinite though all weights are finite`,
      { hint: 'the weights may be damaged: fetch them again' },
    );
  }
}
