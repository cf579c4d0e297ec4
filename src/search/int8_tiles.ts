/**
 * @file The pass over all pairs on one worker: blocks of columns from a shared counter, each multiplied with all rows that it meets, tile by tile;
 * what a tile leaves is looked at again with finer integers where there are some, and decided in float64.
 */

import { CONTROL_DONE, CONTROL_NEXT, CONTROL_STOP, type PassAnswer, type PassJob } from './int8_jobs.ts';
import { type ColumnBlock, createColumnBlock } from './int8_product.ts';
import { type Ends, RECORD_BYTES, RECORD_WORDS, type RecordBatch, verifyRecords } from './int8_records.ts';
import type { KernelModule } from './kernel_module.ts';
import { createEndList, type EndList } from './verify.ts';

/**
 * Records kept before they are decided; a tile that leaves more is scanned in pieces. Few at first, because without good thresholds every pair is
 * one, and each piece improves them.
 */
const FIRST_RECORDS = 2048;
const MOST_RECORDS = 32768;

interface Workspace {
  readonly tile: Uint8Array;
  readonly columns: Uint8Array;
  readonly packed: Uint8Array;
  readonly products: Int32Array;
  readonly records: Int32Array;
  readonly estimates: Float64Array;
  readonly count: Int32Array;
  /** Scales and bounds of the tile's rows and the block's columns; then the same of the fine integers. */
  readonly figures: Readonly<Record<Figure, Float32Array>>;
  readonly rowWords: Int16Array;
  readonly columnWords: Int16Array;
  readonly scratch: Uint8Array;
}

const FIGURES = [
  'rowScales',
  'rowBounds',
  'columnScales',
  'columnBounds',
  'rowWordScales',
  'rowWordBounds',
  'columnWordScales',
  'columnWordBounds',
] as const;
type Figure = (typeof FIGURES)[number];

function allocateWorkspace(job: PassJob, module: KernelModule): Workspace {
  const { tileRows, tileColumns, width, fine } = job;
  module.reset();
  const edge = Math.max(tileRows, tileColumns);
  const fineWidth = fine?.width ?? 0;
  const lengths = {
    tile: tileRows * width,
    columns: tileColumns * width,
    packed: tileColumns * width,
    products: tileRows * tileColumns * 4,
    records: (MOST_RECORDS + tileColumns) * RECORD_BYTES,
    count: 4,
    figures: FIGURES.length * edge * 4,
    rowWords: tileRows * fineWidth * 2,
    columnWords: tileColumns * fineWidth * 2,
    scratch: 512,
  };
  const at = Object.fromEntries(
    Object.entries(lengths).map(([name, length]) => [name, module.allocate(length)]),
  ) as Record<keyof typeof lengths, number>;
  // Only now, because growing the memory detaches earlier views.
  const { buffer } = module;
  return {
    tile: new Uint8Array(buffer, at.tile, lengths.tile),
    columns: new Uint8Array(buffer, at.columns, lengths.columns),
    packed: new Uint8Array(buffer, at.packed, lengths.packed),
    products: new Int32Array(buffer, at.products, lengths.products / 4),
    records: new Int32Array(buffer, at.records, lengths.records / 4),
    estimates: new Float64Array(buffer, at.records, lengths.records / 8),
    count: new Int32Array(buffer, at.count, 1),
    figures: Object.fromEntries(
      FIGURES.map((name, f) => [name, new Float32Array(buffer, at.figures + f * edge * 4, edge)]),
    ) as Record<Figure, Float32Array>,
    rowWords: new Int16Array(buffer, at.rowWords, lengths.rowWords / 2),
    columnWords: new Int16Array(buffer, at.columnWords, lengths.columnWords / 2),
    scratch: new Uint8Array(buffer, at.scratch, lengths.scratch),
  };
}

/** One column block at work. */
interface Block {
  readonly left: number;
  readonly columns: number;
  readonly padded: number;
  readonly largestBound: number;
  readonly product: ColumnBlock;
}

/** How many tiles the pass has: what the shared counter of finished ones runs up to. */
export function tileCount(
  job: Pick<PassJob, 'tileRows' | 'tileColumns'>,
  rows: number,
  others: number | undefined,
): number {
  let count = 0;
  for (let left = 0; left < (others ?? rows); left += job.tileColumns) {
    count += Math.ceil(rowsOf(left, job.tileColumns, rows, others) / job.tileRows);
  }
  return count;
}

/** Rows that a column block meets: within one matrix those before its last column. */
function rowsOf(left: number, columns: number, rows: number, others: number | undefined): number {
  return others === undefined ? Math.min(rows, left + columns) : rows;
}

export async function runPass(job: PassJob, module: KernelModule): Promise<PassAnswer> {
  const { control, tileColumns, tileRows } = job;
  const columnRows = (job.b ?? job.a).rows.usable.length;
  const rows = job.a.rows.usable.length;
  const blocks = Math.ceil(columnRows / tileColumns);
  const space = allocateWorkspace(job, module);
  const ends = { top: endList(job, 'top'), bottom: endList(job, 'bottom') };
  const totals = { emitted: 0, verified: 0, spare: FIRST_RECORDS };
  const isStopped = (): boolean => Atomics.load(control, CONTROL_STOP) !== 0;
  for (;;) {
    const taken = Atomics.add(control, CONTROL_NEXT, 1);
    if (taken >= blocks || isStopped()) break;
    // The last block meets most rows: taken first, so that the end of the pass is made of small pieces.
    const left = (blocks - 1 - taken) * tileColumns;
    const block = await openBlock(job, module, space, left);
    try {
      const until = rowsOf(left, tileColumns, rows, job.b?.rows.usable.length);
      for (let first = 0; first < until && !isStopped(); first += tileRows) {
        await runTile(
          { job, module, space, block, first, m: Math.min(tileRows, until - first) },
          ends,
          totals,
        );
        Atomics.add(control, CONTROL_DONE, 1);
      }
    } finally {
      await block.product.release();
    }
  }
  const { emitted, verified } = totals;
  return { top: ends.top.finish(), bottom: ends.bottom.finish(), emitted, verified };
}

function endList(job: PassJob, end: 'top' | 'bottom'): EndList {
  return createEndList({ k: job.k, end, seed: job.seeds[end], tally: job.tallies[end] });
}

async function openBlock(job: PassJob, module: KernelModule, space: Workspace, left: number): Promise<Block> {
  const { width, fine } = job;
  const side = job.b ?? job.a;
  const columns = Math.min(job.tileColumns, side.rows.usable.length - left);
  const padded = Math.ceil(columns / 16) * 16;
  space.columns.set(side.bytes.subarray(left * width, (left + columns) * width));
  // Columns that only fill up the block are zeros; the scan never reports them.
  space.columns.fill(128, columns * width, padded * width);
  const { columnScales, columnBounds, columnWordScales, columnWordBounds } = space.figures;
  columnScales.fill(0);
  columnScales.set(side.scales.subarray(left, left + columns));
  columnBounds.set(side.bounds.subarray(left, left + columns));
  if (fine && side.words) {
    space.columnWords.set(side.words.values.subarray(left * fine.width, (left + columns) * fine.width));
    columnWordScales.set(side.words.scales.subarray(left, left + columns));
    columnWordBounds.set(side.words.bounds.subarray(left, left + columns));
  }
  module.kernels.packColumns(
    space.columns.byteOffset,
    padded,
    width,
    space.packed.byteOffset,
    space.scratch.byteOffset,
  );
  const product = await createColumnBlock(space.packed.subarray(0, padded * width), width, padded);
  const largestBound = side.bounds.subarray(left, left + columns).reduce((most, b) => Math.max(most, b), 0);
  return { left, columns, padded, largestBound, product };
}

interface Tile {
  readonly job: PassJob;
  readonly module: KernelModule;
  readonly space: Workspace;
  readonly block: Block;
  /** First row, and how many. */
  readonly first: number;
  readonly m: number;
}

interface Totals {
  emitted: number;
  verified: number;
  /** Records that the next piece of a tile may leave. */
  spare: number;
}

async function runTile(tile: Tile, ends: Ends, totals: Totals): Promise<void> {
  const { job, module, space, block, first, m } = tile;
  const { width } = job;
  const { rowScales, rowBounds, columnScales, columnBounds } = space.figures;
  space.tile.set(job.a.bytes.subarray(first * width, (first + m) * width));
  rowScales.set(job.a.scales.subarray(first, first + m));
  rowBounds.set(job.a.bounds.subarray(first, first + m));
  await block.product.multiply(
    space.tile.subarray(0, m * width),
    m,
    space.products.subarray(0, m * block.padded),
  );
  const isWithin = job.b === undefined;
  for (let row = 0; row < m; ) {
    space.count[0] = 0;
    row = module.kernels.scanTile(
      space.products.byteOffset,
      row,
      m,
      block.padded,
      block.columns,
      first,
      block.left,
      isWithin && first + m > block.left ? 1 : 0,
      rowScales.byteOffset,
      rowBounds.byteOffset,
      columnScales.byteOffset,
      columnBounds.byteOffset,
      block.largestBound,
      ends.top.limit(),
      -ends.bottom.limit(),
      space.records.byteOffset,
      totals.spare + block.padded,
      space.count.byteOffset,
    );
    const found = space.count[0]!;
    if (found === 0) continue;
    totals.emitted += found;
    totals.spare = Math.min(MOST_RECORDS, 2 * totals.spare);
    const count = refineRecords(tile, ends, found);
    totals.verified += verifyRecords({ ...batchOf(tile), count }, ends);
  }
}

function batchOf({ job, space, block, first }: Tile): Omit<RecordBatch, 'count'> {
  const { figures, records, estimates } = space;
  const isFine = job.fine !== undefined;
  return {
    records,
    estimates,
    rowBounds: isFine ? figures.rowWordBounds : figures.rowBounds,
    columnBounds: isFine ? figures.columnWordBounds : figures.columnBounds,
    rows: job.a.rows,
    columns: (job.b ?? job.a).rows,
    first,
    left: block.left,
    d: job.d,
  };
}

/** Drops the records that finer integers rule out; returns how many are left. */
function refineRecords({ job, module, space, first }: Tile, ends: Ends, count: number): number {
  const { fine, a } = job;
  if (!fine || !a.words) return count;
  const { rowWordScales, rowWordBounds, columnWordScales, columnWordBounds } = space.figures;
  let copied = -1;
  for (let r = 0; r < count; r++) {
    // Records come row by row.
    const row = space.records[r * RECORD_WORDS]!;
    if (row === copied) continue;
    copied = row;
    const from = (first + row) * fine.width;
    space.rowWords.set(a.words.values.subarray(from, from + fine.width), row * fine.width);
    rowWordScales[row] = a.words.scales[first + row]!;
    rowWordBounds[row] = a.words.bounds[first + row]!;
  }
  return module.kernels.refine(
    space.records.byteOffset,
    count,
    fine.width,
    fine.keepsFirst ? 1 : 0,
    space.figures.rowScales.byteOffset,
    space.figures.columnScales.byteOffset,
    space.rowWords.byteOffset,
    space.columnWords.byteOffset,
    rowWordScales.byteOffset,
    columnWordScales.byteOffset,
    rowWordBounds.byteOffset,
    columnWordBounds.byteOffset,
    ends.top.limit(),
    -ends.bottom.limit(),
  );
}
