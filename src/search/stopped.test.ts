/** @file A worker that is told to stop in the middle of a tile: it leaves the rest, and does not tell what it cut short as finished. */

import { expect, it } from 'vitest';
import { allocateMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { allocateRecords, createRecords } from './float_records.ts';
import { prepareTiles } from './int8_prepare.ts';
import { type Block, visitTiles } from './int8_workspace.ts';
import { CONTROL_LENGTH, CONTROL_NEXT, CONTROL_STOP } from './jobs.ts';
import { createKernelModule } from './kernel_module.ts';
import { shareRows } from './shared_rows.ts';
import { withWorkers } from './worker_pool.ts';

it('pieces of a tile of float32 cosines are scanned until nobody waits for them', () => {
  const module = createKernelModule();
  const places = allocateRecords(module);
  const scanned: number[] = [];
  const records = createRecords(module, places, () => scanned.length === 3);
  const scan = (row: number): number => scanned.push(row) && row + 1;
  records.drain(8, scan, () => {});
  expect(scanned).toEqual([0, 1, 2]);
});

it.each([0, 1])('a block whose last tile was cut short is not finished: %d before it', async (before) => {
  const matrix = allocateMatrix(128 * (before + 1), 16);
  for (let at = 0; at < matrix.data.length; at++) matrix.data[at] = Math.sin(at * at);
  const rows = shareRows(toFeatureMatrix(matrix));
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH));
  const columns = Array.from({ length: before + 1 }, (_, p) => ({ from: 128 * p, to: 128 * (p + 1) }));
  const job = await withWorkers(1, (workers) =>
    prepareTiles(
      { workers, rows, others: undefined, control, levels: 127, d: 16, columns },
      { head: 16, fine: 0 },
      undefined,
    ),
  );
  const finished: Block[] = [];
  const opened: Block[] = [];
  Atomics.store(control, CONTROL_NEXT, 0);
  await visitTiles(job, createKernelModule(), {
    open: (block) => void opened.push(block),
    tile: () => {
      if (opened.length === before + 1) Atomics.store(control, CONTROL_STOP, 1);
    },
    finished: (block) => void finished.push(block),
  });
  expect(finished).toEqual(opened.slice(0, before));
  expect(opened).toHaveLength(before + 1);
});
