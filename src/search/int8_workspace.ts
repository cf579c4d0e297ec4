/**
 * @file The frame of every pass over integer products, on one worker: blocks of columns from a shared counter, each multiplied with all rows that it meets, tile by
 * tile, in memory allocated once.
 */

import { type ColumnBlock, createColumnBlock } from './int8_product.ts';
import { RECORD_BYTES, RECORD_WORDS } from './int8_records.ts';
import { CONTROL_DONE, CONTROL_NEXT, isStopped, type TileJob } from './jobs.ts';
import type { KernelModule } from './kernel_module.ts';
import { TILE_VIEW_BYTES, type TileView, viewTile } from './tile_view.ts';

/**
 * Records kept before they are decided; a tile that leaves more is scanned in pieces. Few at first, because without good thresholds every pair is
 * one, and each piece improves them.
 */
export const FIRST_RECORDS = 2048;
export const MOST_RECORDS = 32768;

export interface Workspace {
  readonly tile: Uint8Array;
  readonly columns: Uint8Array;
  readonly packed: Uint8Array;
  readonly products: Int32Array;
  readonly records: Int32Array;
  readonly estimates: Float64Array;
  /** What kernels are told about the tile; sizes and place are those of the tile at work. */
  readonly view: TileView;
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
  // What is known of each row's and column's own extremes; used where rows are asked for.
  'rowHighs',
  'rowLows',
  'columnHighs',
  'columnLows',
] as const;
type Figure = (typeof FIGURES)[number];

/** In the module's memory, which is emptied for it. */
export function allocateWorkspace(job: TileJob, module: KernelModule): Workspace {
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
    figures: FIGURES.length * edge * 4,
    groupLimits: tileColumns / 2,
    view: TILE_VIEW_BYTES,
    rowWords: tileRows * fineWidth * 2,
    columnWords: tileColumns * fineWidth * 2,
    scratch: 512,
  };
  const at = Object.fromEntries(
    Object.entries(lengths).map(([name, length]) => [name, module.allocate(length)]),
  ) as Record<keyof typeof lengths, number>;
  // Only now, because growing the memory detaches earlier views.
  const { buffer } = module;
  const view = viewTile(buffer, at.view);
  const places = FIGURES.map((name, f) => [name, at.figures + f * edge * 4] as const);
  view.set({
    ...Object.fromEntries(places),
    products: at.products,
    rowWords: at.rowWords,
    columnWords: at.columnWords,
    groupLimits: at.groupLimits,
    records: at.records,
    width: fineWidth,
  });
  return {
    tile: new Uint8Array(buffer, at.tile, lengths.tile),
    columns: new Uint8Array(buffer, at.columns, lengths.columns),
    packed: new Uint8Array(buffer, at.packed, lengths.packed),
    products: new Int32Array(buffer, at.products, lengths.products / 4),
    records: new Int32Array(buffer, at.records, lengths.records / 4),
    estimates: new Float64Array(buffer, at.records, lengths.records / 8),
    view,
    figures: Object.fromEntries(
      places.map(([name, place]) => [name, new Float32Array(buffer, place, edge)]),
    ) as Record<Figure, Float32Array>,
    rowWords: new Int16Array(buffer, at.rowWords, lengths.rowWords / 2),
    columnWords: new Int16Array(buffer, at.columnWords, lengths.columnWords / 2),
    scratch: new Uint8Array(buffer, at.scratch, lengths.scratch),
  };
}

/** One column block at work. */
export interface Block {
  readonly left: number;
  readonly columns: number;
  readonly padded: number;
  readonly product: ColumnBlock;
}

/** How many tiles the pass has: what the shared counter of finished ones runs up to. */
export function tileCount(job: TileJob): number {
  let count = 0;
  for (let at = 0; at < job.blocks.length; at += 2)
    count += Math.ceil(rowsMet(job, job.blocks[at]! + job.blocks[at + 1]!) / job.tileRows);
  return count;
}

/** Rows that a block of columns meets: within one matrix those before its last column. */
export function rowsMet({ a, b }: TileJob, until: number): number {
  return b ? a.rows.usable.length : until;
}

export interface Tile {
  readonly job: TileJob;
  readonly module: KernelModule;
  readonly space: Workspace;
  readonly block: Block;
  /** First row, and how many. */
  readonly first: number;
  readonly m: number;
}

export interface TileVisitor {
  /** Products, scales and bounds are in place. */
  tile(tile: Tile): void;
  /** Before the first and after the last tile of a block. */
  open?(block: Block, space: Workspace): void;
  close?(block: Block, space: Workspace): void;
  /** After the last tile of a block; not where the stop flag left some out. */
  finished?(block: Block): void;
}

/** Until no block is left or the stop flag is set. */
export async function visitTiles(job: TileJob, module: KernelModule, visitor: TileVisitor): Promise<void> {
  const { blocks, control, tileRows } = job;
  const space = allocateWorkspace(job, module);
  for (;;) {
    const taken = 2 * Atomics.add(control, CONTROL_NEXT, 1);
    if (taken >= blocks.length || isStopped(control)) return;
    const [left, columns] = [blocks[taken]!, blocks[taken + 1]!];
    const block = await openBlock(job, module, space, { left, columns });
    try {
      visitor.open?.(block, space);
      const until = rowsMet(job, left + columns);
      let first = 0;
      for (; first < until && !isStopped(control); first += tileRows) {
        const m = Math.min(tileRows, until - first);
        await multiplyTile(job, space, block, first, m);
        const isTriangle = job.b === undefined && first + m > left;
        space.view.set({ m, first, isTriangle: isTriangle ? 1 : 0 });
        visitor.tile({ job, module, space, block, first, m });
        Atomics.add(control, CONTROL_DONE, 1);
      }
      visitor.close?.(block, space);
      // What was going on when the flag was set may have been cut short.
      if (first >= until && !isStopped(control)) visitor.finished?.(block);
    } finally {
      await block.product.release();
    }
  }
}

/** Writes the block's products with rows first .. first + m - 1 into the workspace, with the rows' scales and bounds. */
export async function multiplyTile(
  { a, width }: TileJob,
  space: Workspace,
  block: Block,
  first: number,
  m: number,
): Promise<void> {
  const { rowScales, rowBounds } = space.figures;
  space.tile.set(a.bytes.subarray(first * width, (first + m) * width));
  rowScales.set(a.scales.subarray(first, first + m));
  rowBounds.set(a.bounds.subarray(first, first + m));
  await block.product.multiply(
    space.tile.subarray(0, m * width),
    m,
    space.products.subarray(0, m * block.padded),
  );
}

/** Fetches the finer integers of the rows that `count` records name. */
export function fetchRowWords({ job, space, first }: Tile, count: number): void {
  const { fine, a } = job;
  if (!fine || !a.words) throw new Error('internal: no finer integers to fetch');
  const { rowWordScales, rowWordBounds } = space.figures;
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
}

/** Its `product` has to be released. */
export async function openBlock(
  job: TileJob,
  module: KernelModule,
  space: Workspace,
  { left, columns }: Pick<Block, 'left' | 'columns'>,
): Promise<Block> {
  const { width, fine } = job;
  const side = job.b ?? job.a;
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
  space.view.set({ left, columns, n: padded });
  space.view.setLargestColumnBound(largestBound);
  return { left, columns, padded, product };
}
