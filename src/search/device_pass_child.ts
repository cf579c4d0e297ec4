/** @file The program of the process that a search on a device runs in: `open`, then the rows (`allocate`, `fill`), then `search`, then `close`. */

import { type SendProgress, serveCalls } from '../isolation/serve_calls.ts';
import type { DeviceChoice } from '../onnx/device.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { type OpenedDevice, openDevice } from './device_pass_open.ts';
import type { PairSearchResult } from './pairs.ts';

let device: OpenedDevice | undefined;
const matrices = new Map<string, FeatureMatrix>();

serveCalls(async (method, args, sendProgress) => {
  switch (method) {
    case 'open': {
      const [choice, d] = args as [DeviceChoice, number];
      device = await openDevice(choice, d);
      return device.running;
    }
    case 'allocate': {
      const [name, { rows, cols, norms }] = args as [string, Pick<FeatureMatrix, 'rows' | 'cols' | 'norms'>];
      matrices.set(name, { rows, cols, norms, data: new Float32Array(rows * cols), defects: [] });
      return undefined;
    }
    case 'fill': {
      const [name, at, values] = args as [string, number, Float32Array];
      matrices.get(name)!.data.set(values, at);
      return undefined;
    }
    case 'search':
      return search(args[0] as number, sendProgress);
    case 'close':
      return device?.close();
    default:
      throw new Error(`internal: the process of a search knows no ${method}`);
  }
});

/** Whoever asked is not told more often: messages cost more than chunks. */
const PROGRESS_MS = 50;

async function search(k: number, sendProgress: SendProgress): Promise<PairSearchResult> {
  const [a, b] = [matrices.get('a'), matrices.get('b')];
  if (!device || !a) throw new Error('internal: search before open and the rows');
  let last = performance.now();
  return device.search({
    a,
    ...(b && { b }),
    k,
    onProgress: (done, total) => {
      const now = performance.now();
      if (now - last < PROGRESS_MS && done < total) return;
      last = now;
      void sendProgress(done, total);
    },
  });
}
