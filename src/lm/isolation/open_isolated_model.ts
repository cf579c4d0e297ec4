/**
 * @file A language model in a process of its own: a crash in native code, a lack of memory or a kill ends that process and is an error here. A worker
 * thread would not do: ending one during a run aborts the whole process.
 */

import { basename, resolve } from 'node:path';
import type { RunningDevice } from '../../onnx/device.ts';
import type { ModelConfig } from '../config.ts';
import type { ForwardRequest, ForwardResult, LanguageModel, Past } from '../language_model.ts';
import type { Precision } from '../precision.ts';
import type { OpenModelOptions } from '../session.ts';
import { ModelProcess, type ModelProcessOptions } from './model_process.ts';
import { isRecord } from './protocol.ts';

export interface IsolatedModelOptions {
  /** Kills the process at once, also in the middle of a run; calls under way and later ones are then `interrupted`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: OpenModelOptions['onProgress'];
}

/** What can go to another process. */
export type SendableOptions = Omit<OpenModelOptions, 'signal' | 'onProgress'>;

/**
 * Offers what `openLanguageModel` opens, with the same numbers; opening takes 0.15 s more, a call 0.3 ms and 2 ms per MB of logits and captures. The
 * process ends with this one, which it does not keep from ending. It sees the environment that the drivers need, and no more.
 * @throws {AntipodeError} as `openLanguageModel`; `interrupted` by the signal; here and in every later call `resource` once the process has ended
 * before its time, with how it ended
 */
export async function openIsolatedModel(
  folder: string,
  options: SendableOptions = {},
  { signal, onProgress }: IsolatedModelOptions = {},
): Promise<LanguageModel> {
  return openInProcess(folder, options, {
    subject: basename(resolve(folder)),
    signal,
    onProgress: (fraction) => {
      if (typeof fraction === 'number') onProgress?.(fraction);
    },
  });
}

/** As `openIsolatedModel`, for who also decides how the process is started. */
export async function openInProcess(
  folder: string,
  options: SendableOptions,
  start: ModelProcessOptions,
): Promise<IsolatedModel> {
  const running = await ModelProcess.start(start);
  try {
    const facts = await running.call('open', [resolve(folder), options]);
    if (!isModelFacts(facts)) throw new Error('internal: no model came back');
    return new IsolatedModel(facts, running);
  } catch (error) {
    running.kill();
    throw error;
  }
}

/** What a model says about itself, without its methods. */
type ModelFacts = Pick<LanguageModel, 'config' | 'device' | 'precision'>;

export class IsolatedModel implements LanguageModel {
  readonly config: ModelConfig;
  readonly device: RunningDevice;
  readonly precision: Precision;
  readonly #process: ModelProcess;

  constructor({ config, device, precision }: ModelFacts, running: ModelProcess) {
    this.config = config;
    this.device = device;
    this.precision = precision;
    this.#process = running;
  }

  /** Of the process that the model runs in. */
  get pid(): number {
    return this.#process.pid;
  }

  async forward(request: ForwardRequest): Promise<ForwardResult> {
    const result = await this.#process.call('forward', [request]);
    if (!isForwardResult(result)) throw new Error('internal: no result came back');
    return result;
  }

  async createPast(rows: number, capacity?: number): Promise<Past> {
    const past = await this.#process.call('createPast', [rows, capacity]);
    if (!(isRecord(past) && Number.isSafeInteger(past['id']) && past['rows'] === rows)) {
      throw new Error('internal: no past came back');
    }
    return past as unknown as Past;
  }

  async releasePast(past: Past): Promise<void> {
    await this.#process.call('releasePast', [past]);
  }

  close(): Promise<void> {
    return this.#process.close();
  }
}

function isModelFacts(value: unknown): value is ModelFacts {
  if (!isRecord(value)) return false;
  return isRecord(value['config']) && isRecord(value['device']) && typeof value['precision'] === 'string';
}

function isForwardResult(value: unknown): value is ForwardResult {
  if (!(isRecord(value) && value['captures'] instanceof Map)) return false;
  const arrays: unknown[] = [...value['captures'].values()];
  if (value['logits'] !== undefined) arrays.push(value['logits']);
  return arrays.every(
    (one) => isRecord(one) && Array.isArray(one['shape']) && ArrayBuffer.isView(one['values']),
  );
}
