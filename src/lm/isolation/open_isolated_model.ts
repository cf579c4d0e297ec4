/**
 * @file A language model in a process of its own: a crash in native code, a lack of memory or a kill ends that process and is an error here. A worker
 * thread would not do: ending one during a run aborts the whole process.
 */

import { basename, resolve } from 'node:path';
import { IsolatedProcess, type IsolatedProcessOptions } from '../../isolation/isolated_process.ts';
import { compiledFile, type Program } from '../../isolation/program.ts';
import { isRecord } from '../../isolation/protocol.ts';
import type { RunningDevice } from '../../onnx/device.ts';
import type { ModelConfig } from '../config.ts';
import type { ForwardRequest, ForwardResult, LanguageModel, Past } from '../language_model.ts';
import type { Precision } from '../precision_names.ts';
import type { OpenModelOptions } from '../session.ts';

const PROGRAM: Program = {
  file: compiledFile('./model_child.js', import.meta.url),
  work: 'the model',
  hints: {
    memory:
      'if memory ran out: close other programs, ask for fewer rows, captures or logits or for shorter texts at a time, or take a smaller model',
    files: 'check that the files of the model were not changed or cut while it ran, then open it again',
    again: 'open the model again; if it ends again, try another --device or fewer rows at a time',
  },
};

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
  start: IsolatedProcessOptions,
): Promise<IsolatedModel> {
  const running = await IsolatedProcess.start(PROGRAM, start);
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
  readonly #process: IsolatedProcess;

  constructor({ config, device, precision }: ModelFacts, running: IsolatedProcess) {
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
