/**
 * @file The search on a device in a process of its own: drivers write to stderr, take their time and crash, and none of that is for the one who asks.
 * Ctrl-C ends the process at once. The rows travel, so the machine holds them twice; the pairs come back.
 */

import { AntipodeError } from '../errors.ts';
import { IsolatedProcess } from '../isolation/isolated_process.ts';
import { compiledFile, type Program } from '../isolation/program.ts';
import { isRecord } from '../isolation/protocol.ts';
import {
  type DeviceChoice,
  devicesFor,
  type Installation,
  type RunningDevice,
  runningDevice,
  thisInstallation,
} from '../onnx/device.ts';
import { loadOnnxRuntime } from '../onnx/runtime.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { checkPairRequest, type PairRequest, type PairSearchResult } from './pairs.ts';

export interface SearchOnDevice extends PairRequest {
  /** `auto`: CUDA where it is installed, starts and multiplies in float32; else none. */
  readonly device: DeviceChoice;
  /** Called once, before the search: also with the CPU, where `auto` comes to that. */
  readonly onDevice?: ((device: RunningDevice) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const PROGRAM: Program = {
  file: compiledFile('./device_pass_child.js', import.meta.url),
  work: 'the search',
  hints: {
    memory: 'if memory ran out: close other programs, or use --device cpu, which needs less',
    files: 'use --device cpu',
    again: 'use --device cpu, and update the driver of the graphics card',
  },
};

/**
 * @returns undefined where the CPU is to do it
 * @throws {AntipodeError} `usage` as `checkPairRequest`, `missing` where the device that was named cannot be had, `check` where its products are not
 * what they must be, `resource` where it or its process fails, `interrupted` on abort
 */
export async function searchOnDevice(search: SearchOnDevice): Promise<PairSearchResult | undefined> {
  const { a, b, device, k, onDevice } = search;
  if (device === 'cpu') return undefined;
  checkPairRequest(search);
  const opened = await openInProcess(device, a.cols, search);
  onDevice?.(opened.running);
  const { child } = opened;
  if (!child) return undefined;
  try {
    await sendRows(child, 'a', a);
    if (b) await sendRows(child, 'b', b);
    const found = await child.call('search', [k]);
    if (!isResult(found)) throw new Error('internal: no pairs came back');
    await child.close();
    return found;
  } finally {
    child.kill();
  }
}

/** Any would do. */
const TRIED_WIDTH = 64;

/**
 * Which device a search would run on, and what should be said about it: opened, checked and closed.
 * @throws {AntipodeError} as `searchOnDevice`
 */
export async function findDevice(device: DeviceChoice, signal?: AbortSignal): Promise<RunningDevice> {
  const { running, child } = await openInProcess(device, TRIED_WIDTH, { signal });
  await child?.close();
  return running;
}

interface Opened {
  readonly running: RunningDevice;
  /** Absent for the CPU. */
  readonly child?: IsolatedProcess;
}

async function openInProcess(
  device: DeviceChoice,
  d: number,
  { signal, onProgress }: Pick<SearchOnDevice, 'signal' | 'onProgress'>,
): Promise<Opened> {
  const { listSupportedBackends } = await loadOnnxRuntime();
  const installation = thisInstallation(listSupportedBackends());
  const [first] = devicesFor(device, installation);
  if (first === 'cpu') return { running: { name: 'cpu' } };
  const child = await IsolatedProcess.start(PROGRAM, {
    subject: `device ${first}`,
    signal,
    onProgress: (done, total) => onProgress?.(Number(done), Number(total)),
  });
  try {
    const running = await child.call('open', [device, d]);
    if (!isRunningDevice(running)) throw new Error('internal: no device came back');
    if (running.name !== 'cpu') return { running, child };
    await child.close();
    return { running };
  } catch (error) {
    child.kill();
    return { running: otherDevice(device, installation, error) };
  }
}

/** With `auto`, a device whose driver ends the process is no reason to stop. */
function otherDevice(choice: DeviceChoice, installation: Installation, error: unknown): RunningDevice {
  if (choice !== 'auto' || !(error instanceof AntipodeError) || error.kind === 'interrupted') throw error;
  return runningDevice('cpu', installation, error);
}

/** Bytes of rows that are on their way at once. */
const PART_BYTES = 64 * 2 ** 20;

async function sendRows(child: IsolatedProcess, name: 'a' | 'b', matrix: FeatureMatrix): Promise<void> {
  const { cols, data, norms, rows } = matrix;
  await child.call('allocate', [name, { rows, cols, norms }]);
  const step = PART_BYTES / data.BYTES_PER_ELEMENT;
  for (let at = 0; at < data.length; at += step) {
    await child.call('fill', [name, at, data.subarray(at, at + step)]);
  }
}

function isRunningDevice(value: unknown): value is RunningDevice {
  return isRecord(value) && typeof value['name'] === 'string';
}

function isResult(value: unknown): value is PairSearchResult {
  return isRecord(value) && Array.isArray(value['top']) && Array.isArray(value['bottom']);
}
