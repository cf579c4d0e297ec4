/** @file ONNX Runtime's session options for each device, and which products its graphs are made of. */

import type { InferenceSession } from 'onnxruntime-node';
import type { Device } from '../onnx/device.ts';
import type { ModelSpec } from '../onnx/model.ts';

export interface SessionSettings {
  readonly device: Device;
  /** The folder that locations of weights are relative to. */
  readonly root: string;
  readonly threads: number | undefined;
  /** Whether constants may be copied into memory in the order that their operators like. */
  readonly isPacked: boolean;
  /** Nodes that stay on the CPU beside a device, by name. */
  readonly hostNodes?: readonly string[];
}

const ERRORS_ONLY = 3;
const FATAL_ONLY = 4;

/** Results always come back as CPU tensors: asking a tensor that stayed on the GPU for its data ends the process. */
export function sessionOptions({
  device,
  hostNodes = [],
  isPacked,
  root,
  threads,
}: SessionSettings): InferenceSession.SessionOptions {
  return {
    executionProviders: providersOf(device, hostNodes),
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

/** What a device cannot do falls to the CPU. The Node binding refuses options that the browser's WebGPU has, such as powerPreference. */
function providersOf(
  device: Device,
  hostNodes: readonly string[],
): readonly InferenceSession.ExecutionProviderConfig[] {
  switch (device) {
    case 'cpu':
      return ['cpu'];
    case 'cuda':
      return ['cuda', 'cpu'];
    case 'webgpu':
      return [{ name: 'webgpu', forceCpuNodeNames: hostNodes }, 'cpu'];
  }
}

/**
 * Nodes that take a few rows out of a mapped table, and those that widen the rows. The table can then stay in its file instead of in the device's
 * memory, where it may not even fit into one binding; and 16-bit types stay away from adapters that cannot compute with them.
 */
export function tableLookUps({ nodes, initialisers = [] }: ModelSpec): string[] {
  const mapped = new Set(
    initialisers.filter(({ data }) => !ArrayBuffer.isView(data)).map(({ name }) => name),
  );
  const lookUps = nodes.filter(({ op, inputs: [table = ''] }) => op === 'Gather' && mapped.has(table));
  const rows = new Set(lookUps.flatMap(({ outputs }) => outputs));
  const casts = nodes.filter(({ op, inputs: [value = ''] }) => op === 'Cast' && rows.has(value));
  return [...lookUps, ...casts].flatMap(({ name }) => name ?? []);
}
