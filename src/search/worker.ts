/**
 * @file One worker of the pair search: takes tiles from a shared counter, multiplies them on ONNX Runtime and has the products looked through.
 * Ends by itself when the tiles are used up or a flag is set; it must never be terminated from outside while a product runs,
 * because ONNX Runtime then aborts the whole process.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { createProductEngine } from '../onnx/product.ts';
import { createKernelModule } from './kernel_module.ts';
import { createTileScan } from './tile_scan.ts';
import { tilesFor } from './tiles.ts';
import { createUnitBlock } from './unit_block.ts';
import {
  CONTROL_DONE,
  CONTROL_NEXT,
  CONTROL_STOP,
  CONTROL_WIDEN,
  type SearchJob,
  type WorkerAnswer,
} from './worker_protocol.ts';

async function runJob(job: SearchJob): Promise<WorkerAnswer> {
  const { a, b, d, control } = job;
  const engine = await createProductEngine();
  const module = createKernelModule();
  // Nothing may be allocated once views of the memory are made.
  const left = createUnitBlock(module, a, d);
  const right = createUnitBlock(module, b ?? a, d);
  const scan = createTileScan(job, module);
  const tiles = tilesFor(a.usable.length, b?.usable.length);
  const isOver = (): boolean =>
    Atomics.load(control, CONTROL_STOP) !== 0 || Atomics.load(control, CONTROL_WIDEN) !== 0;
  for (;;) {
    const index = Atomics.add(control, CONTROL_NEXT, 1);
    const tile = tiles[index];
    if (tile === undefined || isOver()) break;
    const { i0, j0, m, n } = tile;
    const rows = left.take(i0, m);
    const columns = right.take(j0, n);
    await engine.multiply(rows, columns, { m, n, d }, scan.cosines.subarray(0, m * n));
    scan.visit(tile, index);
    if (scan.isTooNear()) Atomics.store(control, CONTROL_WIDEN, 1);
    Atomics.add(control, CONTROL_DONE, 1);
  }
  await engine.close();
  return { type: 'finished', ...scan.finish() };
}

if (parentPort) {
  const port = parentPort;
  runJob(workerData as SearchJob).then(
    (answer) => port.postMessage(answer),
    (error: unknown) => port.postMessage({ type: 'failed', message: String(error) } satisfies WorkerAnswer),
  );
}
