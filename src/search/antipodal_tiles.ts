/** @file Products of the same pairs in two matrices, tile by tile, on one worker: of small integers, or of float32 where this machine or this width has no exact integer products. */

import { createProductEngine, productErrorBound } from '../onnx/product.ts';
import { writeUnitRow } from '../tensor/unit_rows.ts';
import { allocateWorkspace, multiplyTile, openBlock, rowsMet } from './int8_workspace.ts';
import {
  type AntipodalJob,
  CONTROL_DONE,
  CONTROL_NEXT,
  CONTROL_STOP,
  type IntegerRows,
  type TileJob,
} from './jobs.ts';
import type { KernelModule } from './kernel_module.ts';
import type { SharedRows } from './row_values.ts';
import { TILE_COLUMNS, TILE_ROWS, tilesFor } from './tiles.ts';

/** Estimates of one matrix: cos of rows i and j is within bounds[i] + bounds[j] of product * scales[i] * scales[j]. */
export interface Estimates {
  /** `[m, stride]`. */
  readonly products: Int32Array | Float32Array;
  /** Of all rows that have a direction. */
  readonly scales: Float32Array;
  readonly bounds: Float32Array;
}

/** Rows first .. first + m - 1 with columns left .. left + columns - 1; pairs with a column beyond the row count. */
export interface ProductTile {
  readonly first: number;
  readonly m: number;
  readonly left: number;
  readonly columns: number;
  readonly stride: number;
  readonly encoder: Estimates;
  readonly decoder: Estimates;
}

type Visit = (tile: ProductTile) => void;

/** Until no block is left or the stop flag is set. */
export async function visitBothByIntegers(
  { control }: AntipodalJob,
  jobs: NonNullable<AntipodalJob['integers']>,
  modules: readonly [KernelModule, KernelModule],
  visit: Visit,
): Promise<void> {
  const { blocks, tileRows } = jobs.encoder;
  const sides = ([jobs.encoder, jobs.decoder] as const).map((job, s) => ({
    job,
    module: modules[s]!,
    space: allocateWorkspace(job, modules[s]!),
  })) as [IntegerSide, IntegerSide];
  const isStopped = (): boolean => Atomics.load(control, CONTROL_STOP) !== 0;
  for (;;) {
    const taken = 2 * Atomics.add(control, CONTROL_NEXT, 1);
    if (taken >= blocks.length || isStopped()) return;
    const [left, columns] = [blocks[taken]!, blocks[taken + 1]!];
    const until = rowsMet(jobs.encoder, left + columns);
    const [encoder, decoder] = sides;
    const block = await openBlock(encoder.job, encoder.module, encoder.space, { left, columns });
    try {
      const other = await openBlock(decoder.job, decoder.module, decoder.space, { left, columns });
      try {
        for (let first = 0; first < until && !isStopped(); first += tileRows) {
          const m = Math.min(tileRows, until - first);
          await multiplyTile(encoder.job, encoder.space, block, first, m);
          await multiplyTile(decoder.job, decoder.space, other, first, m);
          const tile = { first, m, left, columns, stride: block.padded };
          visit({ ...tile, encoder: estimatesOf(encoder), decoder: estimatesOf(decoder) });
          Atomics.add(control, CONTROL_DONE, 1);
        }
      } finally {
        await other.product.release();
      }
    } finally {
      await block.product.release();
    }
  }
}

interface IntegerSide {
  readonly job: TileJob;
  readonly module: KernelModule;
  readonly space: ReturnType<typeof allocateWorkspace>;
}

function estimatesOf({ job: { a }, space }: IntegerSide): Estimates {
  const { scales, bounds }: IntegerRows = a;
  return { products: space.products, scales, bounds };
}

/** Until no tile is left or the stop flag is set. */
export async function visitBothByFloats(
  { encoder, decoder, d, control }: AntipodalJob,
  visit: Visit,
): Promise<void> {
  const count = encoder.usable.length;
  const scales = new Float32Array(count).fill(1);
  // Half of the bound for each row of a pair, and a little for its own rounding to float32.
  const bounds = new Float32Array(count).fill(0.5001 * productErrorBound(d));
  const sides = [createSide(encoder, d), createSide(decoder, d)] as const;
  const engine = await createProductEngine();
  const tiles = tilesFor(count, undefined);
  try {
    for (;;) {
      const tile = tiles[Atomics.add(control, CONTROL_NEXT, 1)];
      if (tile === undefined || Atomics.load(control, CONTROL_STOP) !== 0) return;
      const { m, n } = tile;
      for (const { left, right, rows, products } of sides) {
        const [a, b] = [unitsOf(left, rows, tile.i0, m, d), unitsOf(right, rows, tile.j0, n, d)];
        await engine.multiply(a, b, { m, n, d }, products.subarray(0, m * n));
      }
      const [byEncoder, byDecoder] = sides.map(({ products }) => ({ products, scales, bounds }));
      const place = { first: tile.i0, m, left: tile.j0, columns: n, stride: n };
      visit({ ...place, encoder: byEncoder!, decoder: byDecoder! });
      Atomics.add(control, CONTROL_DONE, 1);
    }
  } finally {
    await engine.close();
  }
}

/** Unit rows of one matrix for a tile, in private memory, which ONNX Runtime asks for. */
interface FloatSide {
  readonly rows: SharedRows;
  readonly left: UnitBlock;
  readonly right: UnitBlock;
  readonly products: Float32Array;
}

interface UnitBlock {
  start: number;
  readonly unit: Float32Array;
}

function createSide(rows: SharedRows, d: number): FloatSide {
  const block = (most: number): UnitBlock => ({
    start: -1,
    unit: new Float32Array(Math.min(most, rows.usable.length) * d),
  });
  const products = new Float32Array(TILE_ROWS * Math.min(TILE_COLUMNS, rows.usable.length));
  return { rows, left: block(TILE_ROWS), right: block(TILE_COLUMNS), products };
}

function unitsOf(block: UnitBlock, rows: SharedRows, start: number, count: number, d: number): Float32Array {
  if (block.start !== start) {
    block.start = start;
    for (let r = 0; r < count; r++) writeUnitRow(block.unit, r * d, rows, rows.usable[start + r]!, d);
  }
  return block.unit.subarray(0, count * d);
}
