/**
 * @file One worker of the pair search: takes tiles from a shared counter, multiplies them on ONNX Runtime and scans the products.
 * Ends by itself when the tiles are used up or the stop flag is set; it must never be terminated from outside while a product runs,
 * because ONNX Runtime then aborts the whole process.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { createProductEngine, productErrorBound } from '../onnx/product.ts';
import { writeUnitRow } from '../tensor/unit_rows.ts';
import { type Candidates, createCandidates } from './candidates.ts';
import { type Census, createCensus, FINE_BINS } from './census.ts';
import { compareBottom, compareTop } from './pairs.ts';
import { TILE_ROWS, type Tile, tilesFor } from './tiles.ts';
import { exactCosine } from './verify.ts';
import {
  CONTROL_DONE,
  CONTROL_NEXT,
  CONTROL_STOP,
  type SearchJob,
  type SharedRows,
  SUMS_PER_TILE,
  type WorkerAnswer,
} from './worker_protocol.ts';

interface Scanners {
  readonly top: Candidates;
  readonly bottom: Candidates;
  readonly census: Census | undefined;
}

/** One gathered block of unit rows, in private memory. */
interface Block {
  start: number;
  readonly unit: Float32Array;
}

function gather(block: Block, rows: SharedRows, start: number, d: number): number {
  const count = Math.min(TILE_ROWS, rows.usable.length - start);
  if (block.start === start) return count;
  block.start = start;
  for (let r = 0; r < count; r++) {
    writeUnitRow(block.unit, r * d, rows, rows.usable[start + r]!, d);
  }
  return count;
}

interface TileScan {
  readonly products: Float32Array;
  readonly m: number;
  readonly n: number;
  /** On the diagonal of one matrix only the part above the diagonal counts. */
  readonly isDiagonal: boolean;
  readonly rowIds: Int32Array;
  readonly columnIds: Int32Array;
  /** Receives the sums of values, squares and cubes. */
  readonly sums: Float64Array;
}

function scanTile(tile: TileScan, { top, bottom, census }: Scanners): void {
  const { products, m, n, isDiagonal, rowIds, columnIds, sums } = tile;
  const half = FINE_BINS / 2;
  let high = top.bar();
  let low = -bottom.bar();
  let sum = 0;
  let squares = 0;
  let cubes = 0;
  for (let r = 0; r < m; r++) {
    const i = rowIds[r]!;
    for (let q = isDiagonal ? r + 1 : 0, at = r * n + q; q < n; q++, at++) {
      const value = products[at]!;
      if (census) {
        sum += value;
        const square = value * value;
        squares += square;
        cubes += square * value;
        let bin = ((value + 1) * half) | 0;
        if (bin < 0) bin = 0;
        else if (bin >= FINE_BINS) bin = FINE_BINS - 1;
        census.counts[bin]!++;
        if (census.marked[bin] !== 0) census.closeCall(bin, value, i, columnIds[q]!);
      }
      if (value >= high) {
        top.add(value, i, columnIds[q]!);
        high = top.bar();
      }
      if (value <= low) {
        bottom.add(-value, i, columnIds[q]!);
        low = -bottom.bar();
      }
    }
  }
  sums[0] = sum;
  sums[1] = squares;
  sums[2] = cubes;
}

function createScanners(job: SearchJob): Scanners {
  const { a, d, k } = job;
  const b = job.b ?? a;
  const errorBound = productErrorBound(d);
  const exact = (i: number, j: number): number => exactCosine(a, i, b, j, d);
  return {
    top: createCandidates({ k, sign: 1, errorBound, exactCosine: exact, compare: compareTop }),
    bottom: createCandidates({ k, sign: -1, errorBound, exactCosine: exact, compare: compareBottom }),
    census: job.census && createCensus(job.census.thresholds, job.census.slack, exact),
  };
}

async function runJob(job: SearchJob): Promise<WorkerAnswer> {
  const { a, b, d, control } = job;
  const second = b ?? a;
  const engine = await createProductEngine();
  const scanners = createScanners(job);
  const block = (rows: SharedRows): Block => ({
    start: -1,
    unit: new Float32Array(Math.min(TILE_ROWS, rows.usable.length) * d),
  });
  const rowBlock = block(a);
  const columnBlock = block(second);
  const products = new Float32Array(TILE_ROWS * TILE_ROWS);
  const tiles: readonly Tile[] = tilesFor(a.usable.length, b?.usable.length);
  for (;;) {
    const index = Atomics.add(control, CONTROL_NEXT, 1);
    const tile = tiles[index];
    if (tile === undefined || Atomics.load(control, CONTROL_STOP) !== 0) break;
    const m = gather(rowBlock, a, tile.i0, d);
    const n = gather(columnBlock, second, tile.j0, d);
    const result = await engine.multiply(
      rowBlock.unit.subarray(0, m * d),
      columnBlock.unit.subarray(0, n * d),
      { m, n, d },
      products.subarray(0, m * n),
    );
    scanTile(
      {
        products: result,
        m,
        n,
        isDiagonal: b === undefined && tile.i0 === tile.j0,
        rowIds: a.usable.subarray(tile.i0, tile.i0 + m),
        columnIds: second.usable.subarray(tile.j0, tile.j0 + n),
        sums: job.tileSums.subarray(SUMS_PER_TILE * index, SUMS_PER_TILE * (index + 1)),
      },
      scanners,
    );
    Atomics.add(control, CONTROL_DONE, 1);
  }
  await engine.close();
  const { top, bottom, census } = scanners;
  return {
    type: 'finished',
    top: top.finish(),
    bottom: bottom.finish(),
    ...(census && {
      census: {
        counts: census.counts,
        belowInMarked: census.belowInMarked,
        largestError: census.largestError(),
      },
    }),
  };
}

if (parentPort) {
  const port = parentPort;
  runJob(workerData as SearchJob).then(
    (answer) => port.postMessage(answer),
    (error: unknown) => port.postMessage({ type: 'failed', message: String(error) } satisfies WorkerAnswer),
  );
}
