/** @file A graph for a device, and ONNX Runtime's session of it on the first device that can be had. */

import type { InferenceSession } from 'onnxruntime-node';
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
import { encodeModel, type ModelSpec } from '../onnx/model.ts';
import type { OnnxRuntime } from '../onnx/runtime.ts';
import type { ModelConfig } from './config.ts';
import { buildGraph } from './graph/build_graph.ts';
import type { GraphHooks } from './graph/decoder.ts';
import type { PreparedPrecision } from './precision.ts';
import { sessionOptions, tableLookUps } from './session_options.ts';
import type { ModelWeights } from './weights.ts';

export interface SessionRequest {
  readonly config: ModelConfig;
  readonly weights: ModelWeights;
  readonly runtime: OnnxRuntime;
  readonly device: DeviceChoice;
  readonly precision: PreparedPrecision;
  readonly threads: number | undefined;
  readonly hooks: GraphHooks;
}

export interface OpenedSession {
  readonly session: InferenceSession;
  readonly device: RunningDevice;
}

/** @throws {AntipodeError} `missing` where the device cannot be had, `format` where weights do not fit, `resource` for other failures */
export async function openSession(request: SessionRequest): Promise<OpenedSession> {
  const installation = thisInstallation(request.runtime.listSupportedBackends());
  const devices = devicesFor(request.device, installation);
  let failed: AntipodeError | undefined;
  for (const name of devices) {
    const { config, weights, precision, hooks } = request;
    const model = await buildGraph(config, weights, precision.products(name), hooks);
    try {
      const session = await sessionOn(name, model, request);
      return { session, device: runningDevice(name, installation, failed) };
    } catch (error) {
      // With `auto`, a library whose driver is missing is no reason to stop.
      failed = deviceFailure(name, error);
      if (!failed) throw runtimeFailure('cannot load the model', error);
    }
  }
  throw failed ?? new Error('internal: no device was tried');
}

function sessionOn(
  device: Device,
  model: ModelSpec,
  { precision, runtime, threads, weights }: SessionRequest,
): Promise<InferenceSession> {
  prepareRuntime(runtime, device);
  const { isPacked } = precision;
  const settings = { device, root: weights.root, threads, isPacked, hostNodes: tableLookUps(model) };
  return runtime.InferenceSession.create(encodeModel(model), sessionOptions(settings));
}

export function runtimeFailure(what: string, error: unknown): AntipodeError {
  const reason = error instanceof Error ? error.message : String(error);
  return new AntipodeError('resource', `ONNX Runtime ${what} (${reason})`, {
    hint: 'check that there is memory left and that the files did not change',
    cause: error,
  });
}
