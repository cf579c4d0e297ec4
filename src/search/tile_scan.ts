/** @file All that one worker finds out from tiles of float32 cosines: extremes, census, row neighbours, ranks. Each tile is looked through once per question, by kernels. */

import { productErrorBound } from '../onnx/product.ts';
import { createCandidates } from './candidates.ts';
import { allocateAsk, allocateCensus, createCensus, POWERS, setEnds } from './census.ts';
import type { FloatAnswer, FloatJob } from './float_jobs.ts';
import { allocateRecords, createRecords } from './float_records.ts';
import type { KernelModule } from './kernel_module.ts';
import { compareBottom, compareTop } from './pairs.ts';
import { createRankCounter } from './ranks.ts';
import { allocateLimits, createRowEnds } from './row_ends.ts';
import { TILE_COLUMNS, TILE_ROWS, type Tile } from './tiles.ts';
import { exactCosine } from './verify.ts';

const TOP = 1;
const BOTTOM = 2;
const CLOSE = 4;

/** Pairs per tile whose float32 cosine is held against float64, whatever they are. */
const CHECKED_PER_TILE = 16;

export interface TileScan {
  /** Room for the products of one tile. */
  readonly cosines: Float32Array;
  /** @param index of the tile among all */
  visit(tile: Tile, index: number): void;
  /** True where the census has to be repeated with a wider slack. */
  isTooNear(): boolean;
  finish(): FloatAnswer;
}

/** @param isOver true once nobody waits for the answer */
export function createTileScan(job: FloatJob, module: KernelModule, isOver: () => boolean): TileScan {
  const { a, d, k } = job;
  const b = job.b ?? a;
  const errorBound = productErrorBound(d);
  const exact = (i: number, j: number): number => exactCosine(a, i, b, j, d);
  const exactAt = (i: number, j: number): number => exact(a.usable[i]!, b.usable[j]!);
  const at = module.allocate(4 * TILE_ROWS * TILE_COLUMNS);
  const ask = allocateAsk(module);
  const places = {
    records: allocateRecords(module),
    census: job.census && allocateCensus(module, job.census.limits.length),
    limits: allocateLimits(module),
  };
  const cosines = new Float32Array(module.buffer, at, TILE_ROWS * TILE_COLUMNS);
  const records = createRecords(module, places.records, isOver);
  const top = createCandidates({ k, sign: 1, errorBound, exactCosine: exact, compare: compareTop });
  const bottom = createCandidates({ k, sign: -1, errorBound, exactCosine: exact, compare: compareBottom });
  const census = job.census && places.census && createCensus(job.census, module.buffer, ask, places.census);
  const sizes = [a, job.b].flatMap((rows) => rows?.usable.length ?? []);
  const ends = job.nearest
    ? createRowEnds({ sizes, errorBound, exactCosine: exactAt, isOver }, module, places.limits)
    : undefined;
  const isWithin = job.b === undefined;
  const ranks = createRankCounter({ queries: job.ranks, errorBound, exactCosine: exactAt, isWithin });

  const scanPairs = ({ i0, m, j0, n, isDiagonal }: Tile): void => {
    records.drain(
      m,
      (row, capacity) => {
        setEnds(module.buffer, ask, top.bar(), -bottom.bar());
        const place = [ask, records.at, capacity, records.count];
        return module.kernels.scanFloats(at, row, m, n, isDiagonal ? 1 : 0, ...place);
      },
      (row, column, value, why) => {
        const i = a.usable[i0 + row]!;
        const j = b.usable[j0 + column]!;
        if ((why & TOP) !== 0) top.add(value, i, j);
        if ((why & BOTTOM) !== 0) bottom.add(-value, i, j);
        if ((why & CLOSE) !== 0) census?.add(value, exact(i, j));
      },
    );
  };
  const check = ({ i0, m, j0, n, isDiagonal }: Tile): void => {
    const step = Math.max(1, Math.floor((m * n) / CHECKED_PER_TILE));
    for (let place = 0; place < m * n; place += step) {
      const [row, column] = [Math.floor(place / n), place % n];
      if (!isDiagonal || column > row) census?.check(cosines[place]!, exactAt(i0 + row, j0 + column));
    }
  };
  return {
    cosines,
    visit(tile, index) {
      const { m, n } = tile;
      census?.open(m * n);
      if (census || k > 0) scanPairs(tile);
      if (census) check(tile);
      census?.close(job.tileSums.subarray(POWERS * index, POWERS * (index + 1)));
      ends?.scan(tile, at, records);
      ranks.scan(tile, cosines);
    },
    isTooNear: () => census?.isTooNear() ?? false,
    finish: () => ({
      top: top.finish(),
      bottom: bottom.finish(),
      census: census?.finish(),
      better: ranks.better,
      nearest: ends?.finish() ?? [],
    }),
  };
}
