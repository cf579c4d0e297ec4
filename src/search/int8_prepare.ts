/** @file All that precedes the pass over all pairs: thresholds, a plan, rows as integers, and the bounds that go with them. */

import { AntipodeError } from '../errors.ts';
import { FIGURES_PER_ROW, type PartFigures, rowBounds, scalesOf } from './bound.ts';
import { type ColumnRange, cutBlocks } from './columns.ts';
import { createWordStore, FINE_LEVELS, WORD_ALIGNMENT } from './int8_words.ts';
import {
  CONTROL_NEXT,
  type IntegerRows,
  type PartShape,
  type PassJob,
  type QuantisePart,
  type TileJob,
} from './jobs.ts';
import { choosePlan, type Plan, surveyStep, surveySteps } from './plan.ts';
import type { SharedRows } from './row_values.ts';
import { findSeeds, type Seeds } from './seeds.ts';
import { type CoordinateOrder, coordinateOrder } from './seeds_order.ts';
import { TALLY_LENGTH } from './verify.ts';
import type { Workers } from './worker_pool.ts';

export interface Preparation {
  readonly workers: Workers;
  readonly rows: SharedRows;
  readonly others: SharedRows | undefined;
  readonly control: Int32Array;
  /** Largest magnitude of bytes. */
  readonly levels: number;
  readonly d: number;
  readonly k: number;
  readonly pairs: number;
  /** What is to be visited; all where left out. */
  readonly columns?: readonly ColumnRange[] | undefined;
  /** sign * cosine that k pairs are known to reach before anything is looked at. */
  readonly known?: Seeds | undefined;
  /** As `PassJob` has it. */
  readonly tellEvery?: number | undefined;
  readonly forced?: Plan | undefined;
}

const BYTE_ALIGNMENT = 16;

/** Products of this shape ran fastest: a tile of products and the block of columns stay in the cache of one core. */
const TILE_ROWS = 256;
const WIDE_BLOCK = 1024;
const NARROW_BLOCK = 512;
const WIDEST_FOR_WIDE_BLOCK = 1024;
const SMALLEST_BLOCK = 64;
/** Blocks per worker at least, so that all end at about the same time. */
const BLOCKS_PER_WORKER = 3;

export async function prepare(
  preparation: Preparation,
): Promise<{ readonly job: PassJob; readonly plan: Plan }> {
  const { rows, others, d, k, known, tellEvery } = preparation;
  const order = coordinateOrder(others ? [rows, others] : [rows], d);
  const found = await findSeeds({ ...preparation, order });
  const seeds = known
    ? { top: Math.max(found.top, known.top), bottom: Math.max(found.bottom, known.bottom) }
    : found;
  const plan = preparation.forced ?? (await makePlan(preparation, order, seeds));
  const fine = plan.head < d ? plan.fine : 0;
  const tiles = await prepareTiles(preparation, { head: plan.head, fine }, order.order);
  return {
    plan,
    job: {
      kind: 'pass',
      ...tiles,
      k,
      late: plan.head === d ? wordStores(tiles) : undefined,
      seeds,
      tallies: { top: emptyTally(), bottom: emptyTally() },
      tellEvery,
    },
  };
}

function wordStores({ a, b, d }: TileJob): PassJob['late'] {
  const ofRows = createWordStore(a.rows.usable.length, d);
  const ofOthers = b && createWordStore(b.rows.usable.length, d);
  return ofRows && (!b || ofOthers) ? { a: ofRows, b: ofOthers } : undefined;
}

/** Rows as integers, with the bounds that go with them. `fine` coordinates in words go on behind the head, or begin anew where the head is the whole row. */
export async function prepareTiles(
  whole: Pick<Preparation, 'workers' | 'rows' | 'others' | 'control' | 'levels' | 'd' | 'columns'>,
  { head, fine }: Pick<Plan, 'head' | 'fine'>,
  order: Uint32Array | undefined,
): Promise<TileJob> {
  const columns = whole.columns ?? [{ from: 0, to: (whole.others ?? whole.rows).usable.length }];
  const preparation = { ...whole, ...rowsMeeting(whole, columns) };
  const { rows, others, control, d } = preparation;
  const isWhole = head === d;
  const from = isWhole ? 0 : head;
  const words = fine === 0 ? undefined : partOf(from, from + fine, WORD_ALIGNMENT);
  const [bytes, quantised] = await quantise(preparation, order, partOf(0, head, BYTE_ALIGNMENT), words);
  const bounds = rowBounds({ parts: [bytes], isWhole, d });
  const parts = quantised && (isWhole ? [quantised] : [bytes, quantised]);
  const fineBounds = parts && rowBounds({ parts, isWhole: from + fine === d, d });
  const integers = (side: SharedRows, s: number): IntegerRows => ({
    rows: side,
    bytes: bytes.values[s]!,
    scales: scalesOf(bytes.sides[s]!),
    bounds: bounds[s]!,
    words: quantised && {
      values: quantised.values[s]!,
      scales: scalesOf(quantised.sides[s]!),
      bounds: fineBounds![s]!,
    },
  });
  const tileColumns = blockColumns(preparation, head, columns);
  return {
    a: integers(rows, 0),
    b: others && integers(others, 1),
    d,
    width: bytes.part.padded,
    fine: words && { width: words.padded },
    tileRows: TILE_ROWS,
    tileColumns,
    blocks: cutBlocks(columns, tileColumns),
    control,
  };
}

async function makePlan(
  { workers, rows, others, d, pairs, control }: Preparation,
  { order }: CoordinateOrder,
  seeds: Seeds,
): Promise<Plan> {
  const steps = surveySteps(d, seeds);
  const step = surveyStep(d);
  Atomics.store(control, CONTROL_NEXT, 0);
  const surveys =
    steps === 0
      ? []
      : await workers.ask({ kind: 'survey', a: rows, b: others, d, order, step, steps, seeds, control });
  return choosePlan({ d, pairs, step, surveys, seeds });
}

/** The rows that pairs in these columns are made of: those behind the last column are in none. */
function rowsMeeting(
  { rows, others }: Pick<Preparation, 'rows' | 'others'>,
  columns: readonly ColumnRange[],
): Pick<Preparation, 'rows' | 'others'> {
  const until = Math.max(0, ...columns.map(({ to }) => to));
  const cut = (side: SharedRows): SharedRows => ({ ...side, usable: side.usable.subarray(0, until) });
  return others ? { rows, others: cut(others) } : { rows: cut(rows), others };
}

function blockColumns(
  { workers }: Pick<Preparation, 'workers'>,
  head: number,
  columns: readonly ColumnRange[],
): number {
  const largest = head <= WIDEST_FOR_WIDE_BLOCK ? WIDE_BLOCK : NARROW_BLOCK;
  const share =
    columns.reduce((sum, { from, to }) => sum + to - from, 0) / (BLOCKS_PER_WORKER * workers.count);
  return Math.min(largest, Math.max(SMALLEST_BLOCK, Math.ceil(share / 16) * 16));
}

function partOf(from: number, to: number, alignment: number): PartShape {
  return { from, to, padded: Math.ceil((to - from) / alignment) * alignment };
}

interface Quantised<T> extends PartFigures {
  readonly part: PartShape;
  readonly values: readonly T[];
}

/** Parts of both matrices as integers: bytes, and words where they are asked for. */
async function quantise(
  {
    workers,
    rows,
    others,
    control,
    levels,
    d,
  }: Pick<Preparation, 'workers' | 'rows' | 'others' | 'control' | 'levels' | 'd'>,
  order: Uint32Array | undefined,
  head: PartShape,
  words: PartShape | undefined,
): Promise<[Quantised<Uint8Array>, Quantised<Int16Array> | undefined]> {
  const sides = others ? [rows, others] : [rows];
  const figures = (): Float64Array[] =>
    sides.map(({ usable }) => new Float64Array(allocate(usable.length * FIGURES_PER_ROW * 8)));
  const bytes = {
    part: head,
    values: sides.map(({ usable }) => new Uint8Array(allocate(usable.length * head.padded))),
    sides: figures(),
  };
  const fine = words && {
    part: words,
    values: sides.map(({ usable }) => new Int16Array(allocate(usable.length * words.padded * 2))),
    sides: figures(),
  };
  for (const [s, side] of sides.entries()) {
    const parts: QuantisePart[] = [
      { shape: head, levels, out: bytes.values[s]!, figures: bytes.sides[s]! },
      ...(fine
        ? [{ shape: fine.part, levels: FINE_LEVELS, out: fine.values[s]!, figures: fine.sides[s]! }]
        : []),
    ];
    Atomics.store(control, CONTROL_NEXT, 0);
    await workers.ask({ kind: 'quantise', rows: side, d, order, parts, control });
  }
  return [bytes, fine];
}

function allocate(byteLength: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(byteLength);
  } catch (error) {
    throw new AntipodeError(
      'resource',
      `search: not enough memory for the rows as integers (needs ${Math.ceil(byteLength / 2 ** 20)} MiB)`,
      { hint: 'close other programs, or search fewer features', cause: error },
    );
  }
}

function emptyTally(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * TALLY_LENGTH));
}
