/** @file The search on a device that was asked for: is it there, does it multiply in float32, what is said where it fails on the way. */

import { AntipodeError } from '../errors.ts';
import {
  type Device,
  type DeviceChoice,
  deviceFailure,
  devicesFor,
  prepareRuntime,
  type RunningDevice,
  runningDevice,
  thisInstallation,
} from '../onnx/device.ts';
import { loadOnnxRuntime, type OnnxRuntime } from '../onnx/runtime.ts';
import { type DeviceSearch, devicePass } from './device_pass.ts';
import { checkColumns, checkProducts } from './device_pass_check.ts';
import { type ColumnSession, openColumns } from './device_pass_graph.ts';
import { checkPairRequest, type PairSearchResult } from './pairs.ts';

export interface SearchOnDevice extends Omit<DeviceSearch, 'runtime' | 'device'> {
  /** `auto`: CUDA where it is installed, starts and multiplies in float32; else none. */
  readonly device: DeviceChoice;
  /** Called once, before the search: also with the CPU, where `auto` comes to that. */
  readonly onDevice?: ((device: RunningDevice) => void) | undefined;
}

/**
 * @returns undefined where the CPU is to do it
 * @throws {AntipodeError} `usage` as `checkPairRequest`, `missing` where the device that was named cannot be had, `check` where its products are not what they must be,
 * `resource` where it fails on the way, `interrupted` on abort
 */
export async function searchOnDevice(search: SearchOnDevice): Promise<PairSearchResult | undefined> {
  if (search.device === 'cpu') return undefined;
  checkPairRequest(search);
  const runtime = await loadOnnxRuntime();
  const { running, session } = await openDevice(runtime, search.device, search.a.cols);
  search.onDevice?.(running);
  const { name } = running;
  if (!session) return undefined;
  try {
    return await devicePass({ ...search, runtime, device: name });
  } catch (error) {
    throw error instanceof AntipodeError ? error : failure(name, 'the search stopped', error);
  } finally {
    // Open until now: what a device compiled for one session is kept for the next ones as long as any is.
    await session.close();
  }
}

/**
 * Which device a search would run on, and what should be said about it: opened, checked and closed.
 * @throws {AntipodeError} as `searchOnDevice`
 */
export async function findDevice(device: DeviceChoice): Promise<RunningDevice> {
  const { running, session } = await openDevice(await loadOnnxRuntime(), device, TRIED_WIDTH);
  await session?.close();
  return running;
}

/** Any would do. */
const TRIED_WIDTH = 64;

interface Opened {
  readonly running: RunningDevice;
  /** Of the check; absent for the CPU. */
  readonly session?: ColumnSession;
}

async function openDevice(runtime: OnnxRuntime, device: DeviceChoice, d: number): Promise<Opened> {
  const installation = thisInstallation(runtime.listSupportedBackends());
  let failed: AntipodeError | undefined;
  for (const name of devicesFor(device, installation)) {
    if (name === 'cpu') return { running: runningDevice(name, installation, failed) };
    prepareRuntime(runtime, name);
    try {
      const session = await openChecked(runtime, name, d);
      return { session, running: runningDevice(name, installation, failed) };
    } catch (error) {
      failed =
        error instanceof AntipodeError
          ? error
          : (deviceFailure(name, error) ?? failure(name, 'it does not start', error));
    }
  }
  throw failed ?? new Error('internal: no device was tried');
}

async function openChecked(runtime: OnnxRuntime, device: Device, d: number): Promise<ColumnSession> {
  const session = await openColumns(runtime, device, checkColumns(d));
  try {
    await checkProducts(session, d, device);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

function failure(device: Device, what: string, error: unknown): AntipodeError {
  const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0]!.slice(0, 300);
  return new AntipodeError('resource', `device ${device}: ${what} (${reason})`, {
    hint: 'close other programs that use the device, or use --device cpu',
    cause: error,
  });
}
