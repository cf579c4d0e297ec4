/**
 * @file The pass that finds the extreme pairs, on one worker: what a tile leaves in question is looked at again with finer integers where there are some, and decided
 * in float64.
 */

import type { ColumnRange } from './columns.ts';
import type { FoundPairs, WorkerNews } from './found.ts';
import { createDeferred, type Deferred } from './int8_deferred.ts';
import { type Ends, type RecordBatch, verifyRecords } from './int8_records.ts';
import {
  type Block,
  FIRST_RECORDS,
  fetchRowWords,
  MOST_RECORDS,
  type Tile,
  visitTiles,
} from './int8_workspace.ts';
import { isStopped, type PassAnswer, type PassJob } from './jobs.ts';
import type { KernelModule } from './kernel_module.ts';
import { createEndList, type EndList } from './verify.ts';

/** Telling takes at most this share of the time. */
const TELLING = 1 / 30;

export async function runPass(
  job: PassJob,
  module: KernelModule,
  tell: (news: WorkerNews) => void,
): Promise<PassAnswer> {
  const ends = { top: endList(job, 'top'), bottom: endList(job, 'bottom') };
  const totals = { emitted: 0, verified: 0, spare: FIRST_RECORDS };
  let deferred: Deferred | undefined;
  const finish = (): FoundPairs => {
    deferred?.settle();
    return { top: ends.top.finish(), bottom: ends.bottom.finish() };
  };
  const finished = job.tellEvery === undefined ? undefined : teller(job.tellEvery, finish, tell);
  await visitTiles(job, module, {
    tile(tile) {
      // Leading coordinates alone estimate too loosely to tell the best pairs from others: those are looked at again at once, with finer integers.
      if (!job.fine) deferred ??= createDeferred(job, ends);
      scanTile(tile, ends, totals, deferred);
    },
    ...(finished && { finished }),
  });
  const found = isStopped(job.control) ? { top: [], bottom: [] } : finish();
  return { ...found, emitted: totals.emitted, verified: totals.verified + (deferred?.verified() ?? 0) };
}

function endList(job: PassJob, end: 'top' | 'bottom'): EndList {
  return createEndList({ k: job.k, end, seed: job.seeds[end], tally: job.tallies[end] });
}

/** Tells what is found whenever a block is finished and some time has passed since the last. */
function teller(
  every: number,
  finish: () => FoundPairs,
  tell: (news: WorkerNews) => void,
): (block: Block) => void {
  let finished: ColumnRange[] = [];
  let next = performance.now() + every;
  return ({ left, columns }) => {
    finished.push({ from: left, to: left + columns });
    const begun = performance.now();
    if (begun < next) return;
    tell({ finished, ...finish() });
    finished = [];
    const now = performance.now();
    next = now + Math.max(every, (now - begun) / TELLING);
  };
}

interface Totals {
  emitted: number;
  verified: number;
  /** Records that the next piece of a tile may leave. */
  spare: number;
}

function scanTile(tile: Tile, ends: Ends, totals: Totals, deferred: Deferred | undefined): void {
  const { module, space, m, job } = tile;
  const { kernels } = module;
  const { view } = space;
  for (let row = 0; row < m && !isStopped(job.control); ) {
    view.set({ found: 0, capacity: totals.spare + tile.block.padded });
    row = kernels.scanTile(view.at, row, ends.top.limit(), -ends.bottom.limit());
    let count = view.get('found');
    if (count === 0) continue;
    totals.emitted += count;
    totals.spare = Math.min(MOST_RECORDS, 2 * totals.spare);
    if (deferred) {
      const { first, block } = tile;
      deferred.take({ records: space.records, estimates: space.estimates, count, first, left: block.left });
      continue;
    }
    fetchRowWords(tile, count);
    count = kernels.refine(view.at, ends.top.limit(), -ends.bottom.limit());
    totals.verified += verifyRecords({ ...batchOf(tile), count }, ends);
  }
}

/** Of records that were looked at with finer integers. */
function batchOf({ job, space, block, first }: Tile): Omit<RecordBatch, 'count'> {
  const { figures, records, estimates } = space;
  return {
    records,
    estimates,
    rowBounds: figures.rowWordBounds,
    columnBounds: figures.columnWordBounds,
    rows: job.a.rows,
    columns: (job.b ?? job.a).rows,
    first,
    left: block.left,
    d: job.d,
  };
}
