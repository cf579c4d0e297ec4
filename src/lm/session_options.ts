/** @file ONNX Runtime's session options for each device, and which products its graphs are made of. */

import type { InferenceSession } from 'onnxruntime-node';
import type { OnnxRuntime } from '../onnx/runtime.ts';
import type { Device } from './device.ts';

export interface SessionSettings {
  readonly device: Device;
  /** The folder that locations of weights are relative to. */
  readonly root: string;
  readonly threads: number | undefined;
  /** Whether constants may be copied into memory in the order that their operators like. */
  readonly isPacked: boolean;
}

const ERRORS_ONLY = 3;
const FATAL_ONLY = 4;

/** Results always come back as CPU tensors: asking a tensor that stayed on the GPU for its data ends the process. */
export function sessionOptions({
  device,
  isPacked,
  root,
  threads,
}: SessionSettings): InferenceSession.SessionOptions {
  return {
    // Provider options (powerPreference and others) are refused by the Node binding. What a device cannot do falls to the CPU.
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    // Providers that do not start write pages to stderr; the error that is thrown says it once.
    logSeverityLevel: device === 'cpu' ? ERRORS_ONLY : FATAL_ONLY,
    // A plan of all buffers keeps the widened matrices of a whole run alive at once.
    enableMemPattern: false,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: {
      session: {
        model_external_initializers_file_folder_path: root,
        // Packing copies every matrix into memory of its own; without it they stay pages of the file. Quantised products are slow without.
        disable_prepacking: isPacked ? '0' : '1',
        // Spinning threads double the time of a step when the machine has other work.
        intra_op: { allow_spinning: '0' },
      },
    },
  };
}

/**
 * What has to be set in the process before its first session. cuBLAS rounds the factors of float32 products to 10 bits on newer cards unless
 * told not to, and the Node binding has no option for it; a user's own setting stays.
 */
export function prepareRuntime(runtime: OnnxRuntime, device: Device): void {
  if (device === 'cpu') return;
  runtime.env.logLevel = 'fatal';
  if (device === 'cuda') process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
}
