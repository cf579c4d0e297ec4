/** @file A device for the search: is it there, does it multiply in float32, what is said where it fails on the way. Runs in the process that calls it. */

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
import type { PairSearchResult } from './pairs.ts';

export interface OpenedDevice {
  /** `cpu` where `auto` comes to that: nothing can be searched here then. */
  readonly running: RunningDevice;
  /** @throws {AntipodeError} as `devicePass`, and `resource` where the device fails on the way */
  search(request: Omit<DeviceSearch, 'runtime' | 'device'>): Promise<PairSearchResult>;
  close(): Promise<void>;
}

/**
 * @param d width of the rows to come
 * @throws {AntipodeError} `missing` where the device that was named cannot be had, `check` where its products are not float32, `resource` where it
 * does not start for another reason
 */
export async function openDevice(choice: DeviceChoice, d: number): Promise<OpenedDevice> {
  const runtime = await loadOnnxRuntime();
  const installation = thisInstallation(runtime.listSupportedBackends());
  let failed: AntipodeError | undefined;
  for (const name of devicesFor(choice, installation)) {
    try {
      // Open as long as the device is: what it compiled for one session is kept for the next ones while any is open.
      const session = name === 'cpu' ? undefined : await openChecked(runtime, name, d);
      return {
        running: runningDevice(name, installation, failed),
        search: (request) => searchOn(name, { ...request, runtime, device: name }),
        close: async () => session?.close(),
      };
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
  prepareRuntime(runtime, device);
  const session = await openColumns(runtime, device, checkColumns(d));
  try {
    await checkProducts(session, d, device);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function searchOn(name: Device, request: DeviceSearch): Promise<PairSearchResult> {
  try {
    return await devicePass(request);
  } catch (error) {
    throw error instanceof AntipodeError ? error : failure(name, 'the search stopped', error);
  }
}

function failure(device: Device, what: string, error: unknown): AntipodeError {
  const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0]!.slice(0, 300);
  return new AntipodeError('resource', `device ${device}: ${what} (${reason})`, {
    hint: 'close other programs that use the device, or use --device cpu',
    cause: error,
  });
}
