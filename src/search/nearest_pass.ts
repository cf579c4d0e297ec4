/**
 * @file The pass for each row's nearest and most opposed other row, on one worker. Every row has limits of its own that rise with each look; pairs that pass the second
 * look wait until the limits are nearly final, and few are left to decide in float64.
 */

import { RECORD_WORDS } from './int8_records.ts';
import {
  type Block,
  FIRST_RECORDS,
  fetchRowWords,
  MOST_RECORDS,
  type Tile,
  visitTiles,
  type Workspace,
} from './int8_workspace.ts';
import { isStopped, type NearestAnswer, type NearestJob } from './jobs.ts';
import type { KernelModule } from './kernel_module.ts';
import { type Best, emptyAnswer, enter } from './nearest_best.ts';
import { exactCosine } from './verify.ts';

/** Steps per unit of cosine of what rows are known to reach. */
export const KNOWN_STEPS: number = 2 ** 29;
/** Below every cosine, and within 32 bits. */
export const NOTHING_KNOWN: number = -2;

/** Pairs that wait before they are looked through again: 48 MB. */
const MOST_WAITING = 2 ** 21;

interface Waiting {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly estimates: Float64Array;
  readonly ends: Uint8Array;
  count: number;
}

export async function runNearest(job: NearestJob, module: KernelModule): Promise<NearestAnswer> {
  const waiting: Waiting = {
    rows: new Int32Array(MOST_WAITING),
    columns: new Int32Array(MOST_WAITING),
    estimates: new Float64Array(MOST_WAITING),
    ends: new Uint8Array(MOST_WAITING),
    count: 0,
  };
  const answer = emptyAnswer(job.a.rows.usable.length);
  const totals = { spare: FIRST_RECORDS, emitted: 0, verified: 0 };
  await visitTiles(job, module, {
    open: (block, space) => {
      read(job.known.high, block.left, block.columns, space.figures.columnHighs);
      read(job.known.low, block.left, block.columns, space.figures.columnLows);
    },
    close: (block, space) => writeColumns(job, block, space),
    tile: (tile) => {
      const { rowHighs, rowLows } = tile.space.figures;
      read(job.known.high, tile.first, tile.m, rowHighs);
      read(job.known.low, tile.first, tile.m, rowLows);
      scanTile(tile, totals, (count) => {
        if (waiting.count + count > MOST_WAITING) {
          writeColumns(job, tile.block, tile.space);
          dropWaiting(job, waiting);
          // Ties can keep more than there is room for: then they are decided at once.
          if (waiting.count > MOST_WAITING / 2) totals.verified += decide(job, waiting, answer);
        }
        keep(tile, count, waiting);
      });
      write(job.known.high, tile.first, tile.m, rowHighs);
      write(job.known.low, tile.first, tile.m, rowLows);
    },
  });
  if (!isStopped(job.control)) {
    dropWaiting(job, waiting);
    totals.verified += decide(job, waiting, answer);
  }
  return { ...answer, emitted: totals.emitted, verified: totals.verified };
}

function writeColumns(job: NearestJob, block: Block, { figures }: Workspace): void {
  write(job.known.high, block.left, block.columns, figures.columnHighs);
  write(job.known.low, block.left, block.columns, figures.columnLows);
}

function read(known: Int32Array, from: number, count: number, into: Float32Array): void {
  // Rounded down once more: float32 has fewer bits than a step.
  for (let r = 0; r < count; r++) into[r] = Atomics.load(known, from + r) / KNOWN_STEPS - 2.5e-7;
}

/** Other workers may have written more meanwhile; what is known only rises. */
function write(known: Int32Array, from: number, count: number, values: Float32Array): void {
  for (let r = 0; r < count; r++) {
    const value = Math.floor(values[r]! * KNOWN_STEPS);
    for (let seen = Atomics.load(known, from + r); value > seen; ) {
      const before = Atomics.compareExchange(known, from + r, seen, value);
      if (before === seen) break;
      seen = before;
    }
  }
}

function scanTile(
  tile: Tile,
  totals: { spare: number; emitted: number },
  take: (count: number) => void,
): void {
  const { module, space, m, job } = tile;
  const { view } = space;
  const { kernels } = module;
  kernels.peaksOfUnknown(view.at);
  if (view.get('found') > 0) {
    fetchRowWords(tile, view.get('found'));
    // For the limits alone: the scan meets these pairs again.
    kernels.refineNearest(view.at);
  }
  for (let row = 0; row < m && !isStopped(job.control); ) {
    view.set({ found: 0, capacity: totals.spare + tile.block.padded });
    row = kernels.scanNearest(view.at, row);
    const found = view.get('found');
    if (found === 0) continue;
    totals.emitted += found;
    totals.spare = Math.min(MOST_RECORDS, 2 * totals.spare);
    fetchRowWords(tile, found);
    take(kernels.refineNearest(view.at));
  }
}

function keep({ space, first, block }: Tile, count: number, waiting: Waiting): void {
  for (let r = 0; r < count; r++) {
    const word = r * RECORD_WORDS;
    const at = waiting.count++;
    waiting.rows[at] = first + space.records[word]!;
    waiting.columns[at] = block.left + space.records[word + 1]!;
    waiting.ends[at] = space.records[word + 3]!;
    waiting.estimates[at] = space.estimates[(word >> 1) + 2]!;
  }
}

/** Forgets the pairs that can no longer be anyone's nearest or most opposed. */
function dropWaiting({ a, known }: NearestJob, waiting: Waiting): void {
  const bounds = a.words!.bounds;
  const { rows, columns, estimates, ends } = waiting;
  const knownOf = (values: Int32Array, i: number, j: number): number =>
    Math.min(Atomics.load(values, i), Atomics.load(values, j)) / KNOWN_STEPS;
  let kept = 0;
  for (let at = 0; at < waiting.count; at++) {
    const [i, j, estimate] = [rows[at]!, columns[at]!, estimates[at]!];
    const bound = bounds[i]! + bounds[j]!;
    const isHigh = (ends[at]! & 1) !== 0 && estimate + bound >= knownOf(known.high, i, j);
    const isLow = (ends[at]! & 2) !== 0 && bound - estimate >= knownOf(known.low, i, j);
    if (!isHigh && !isLow) continue;
    rows[kept] = i;
    columns[kept] = j;
    estimates[kept] = estimate;
    ends[kept] = (isHigh ? 1 : 0) | (isLow ? 2 : 0);
    kept++;
  }
  waiting.count = kept;
}

/** Float64 cosines of all that wait. @returns how many */
function decide({ a, d, control }: NearestJob, waiting: Waiting, answer: Best): number {
  const { rows } = a;
  const decided = waiting.count;
  for (let at = 0; at < decided && !isStopped(control); at++) {
    const i = waiting.rows[at]!;
    const j = waiting.columns[at]!;
    const cos = exactCosine(rows, rows.usable[i]!, rows, rows.usable[j]!, d);
    enter(answer, i, j, cos);
    enter(answer, j, i, cos);
  }
  waiting.count = 0;
  return decided;
}
