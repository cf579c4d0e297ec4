/** @file The pass over float32 products, on one worker: pieces of work from a shared counter, multiplied tile by tile and looked through. */

import { createFixedProduct, createProductEngine, type FixedProduct } from '../onnx/product.ts';
import type { FloatAnswer, FloatJob } from './float_jobs.ts';
import { CONTROL_DONE, CONTROL_NEXT, CONTROL_WIDEN, isStopped } from './jobs.ts';
import type { KernelModule } from './kernel_module.ts';
import { createTileScan } from './tile_scan.ts';
import { piecesOf, TILE_COLUMNS, TILE_ROWS, tilesFor } from './tiles.ts';
import { createUnitBlock } from './unit_block.ts';

/** Tiles in a row from which fixing their columns pays. */
const WORTH_FIXING = 8;

/** Until no piece is left or a flag is set. */
export async function runFloatPass(job: FloatJob, module: KernelModule): Promise<FloatAnswer> {
  const { a, b, d, control, workers } = job;
  const engine = await createProductEngine();
  module.reset();
  // Nothing may be allocated once views of the memory are made.
  const left = createUnitBlock(module, a, { d, most: TILE_ROWS });
  const right = createUnitBlock(module, b ?? a, { d, most: TILE_COLUMNS });
  const isOver = (): boolean => isStopped(control) || Atomics.load(control, CONTROL_WIDEN) !== 0;
  const scan = createTileScan(job, module, isOver);
  const tiles = tilesFor(a.usable.length, b?.usable.length);
  const pieces = piecesOf(tiles, workers);
  const visit = async (index: number, fixed: FixedProduct | undefined): Promise<void> => {
    const tile = tiles[index]!;
    const { i0, j0, m, n } = tile;
    const rows = left.take(i0, m);
    const out = scan.cosines.subarray(0, m * n);
    if (fixed) await fixed.multiply(rows, m, out);
    else await engine.multiply(rows, right.take(j0, n), { m, n, d }, out);
    scan.visit(tile, index);
    if (scan.isTooNear()) Atomics.store(control, CONTROL_WIDEN, 1);
    Atomics.add(control, CONTROL_DONE, 1);
  };
  for (;;) {
    const piece = pieces[Atomics.add(control, CONTROL_NEXT, 1)];
    if (piece === undefined || isOver()) break;
    const { j0, n, isDiagonal } = tiles[piece.from]!;
    const isWorthFixing = !isDiagonal && piece.to - piece.from >= WORTH_FIXING;
    const fixed = isWorthFixing ? await createFixedProduct(right.take(j0, n), n, d) : undefined;
    for (let index = piece.from; index < piece.to && !isOver(); index++) await visit(index, fixed);
    await fixed?.close();
  }
  await engine.close();
  return scan.finish();
}
