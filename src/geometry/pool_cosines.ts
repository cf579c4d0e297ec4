/**
 * @file All cosines among a pool of features, in float32: what tests look their draws up in. A pool holds the features of the concepts and others of the
 * dictionary drawn at random. Given the pool, the concepts' features are as random a part of it as of the dictionary, so tests within it stay exact; a larger one
 * only brings more different draws.
 */

import { throwIfInterrupted } from '../errors.ts';
import { createProductEngine } from '../onnx/product.ts';
import { shuffle } from '../stats/permutation.ts';
import { cosine } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { writeUnitRow } from '../tensor/unit_rows.ts';
import type { Centring } from './centring.ts';
import type { SpaceRows } from './measure_space.ts';

export interface PoolCosines {
  /** Features of the pool; a position is an index into it. */
  readonly features: readonly number[];
  /** `[size, size]` by positions, symmetric bit for bit; errors below 1e-6. */
  readonly cosines: Float32Array;
}

/** 16 MB of cosines, 0.2 seconds at d = 2304; the twenty-fold of the article's features. */
export const POOL_FEATURES = 2048;
/** 256 MB of cosines. */
export const MOST_POOL_FEATURES = 8192;
const TILE = 1024;
/** A few milliseconds: to start the engine takes as long. */
const FEW_PRODUCTS = 2 ** 23;

/**
 * `given`, then others drawn without replacement, ascending: `POOL_FEATURES` together, or twice as many as are given where that is more (at most `MOST_POOL_FEATURES`).
 * @param others features that may be drawn; those of `given` are passed over
 */
export function drawPool(
  given: readonly number[],
  others: readonly number[],
  seed: number,
): readonly number[] {
  const taken = new Set(given);
  const rest = Int32Array.from(others.filter((feature) => !taken.has(feature)));
  const size = Math.min(MOST_POOL_FEATURES, Math.max(POOL_FEATURES, 2 * given.length));
  const room = size - given.length;
  if (rest.length > room) shuffle(rest, createRng(seed, 'antonym-pool'));
  return [...given, ...rest.subarray(0, room).sort()];
}

/** @param features each with a direction */
export async function poolCosines(
  space: SpaceRows,
  features: readonly number[],
  signal?: AbortSignal,
): Promise<PoolCosines> {
  const { rows, rowOf } = space;
  const size = features.length;
  if (size * size * rows.cols <= FEW_PRODUCTS) return oneByOne(space, features);
  const cosines = new Float32Array(size * size);
  const d = rows.cols;
  const engine = await createProductEngine();
  const units = (from: number, count: number): Float32Array => {
    const unit = new Float32Array(count * d);
    for (let r = 0; r < count; r++) writeUnitRow(unit, r * d, rows, rowOf(features[from + r]!), d);
    return unit;
  };
  try {
    for (let i0 = 0; i0 < size; i0 += TILE) {
      const m = Math.min(TILE, size - i0);
      const left = units(i0, m);
      for (let j0 = i0; j0 < size; j0 += TILE) {
        throwIfInterrupted(signal);
        const n = Math.min(TILE, size - j0);
        const right = i0 === j0 ? left : units(j0, n);
        const tile = await engine.multiply(left, right, { m, n, d }, new Float32Array(m * n));
        writeTile(cosines, tile, { i0, j0, m, n, size });
        // Products run on this thread: others get their turn here.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  } finally {
    await engine.close();
  }
  return { features, cosines };
}

function oneByOne({ rows, rowOf }: SpaceRows, features: readonly number[]): PoolCosines {
  const size = features.length;
  const cosines = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) {
      const value = cosine(rows, rowOf(features[i]!), rows, rowOf(features[j]!));
      cosines[i * size + j] = value;
      cosines[j * size + i] = value;
    }
  }
  return { features, cosines };
}

interface Place {
  readonly i0: number;
  readonly j0: number;
  readonly m: number;
  readonly n: number;
  readonly size: number;
}

/** What lies above the diagonal, on both sides of it. */
function writeTile(cosines: Float32Array, tile: Float32Array, { i0, j0, m, n, size }: Place): void {
  for (let r = 0; r < m; r++) {
    for (let q = i0 === j0 ? r : 0; q < n; q++) {
      const value = tile[r * n + q]!;
      cosines[(i0 + r) * size + j0 + q] = value;
      cosines[(j0 + q) * size + i0 + r] = value;
    }
  }
}

/** The same pool after the mean direction of the dictionary is removed; NaN where nothing is left of a feature. */
export function centredPool({ features, cosines }: PoolCosines, centring: Centring): PoolCosines {
  const size = features.length;
  const along = Float64Array.from(features, (feature) => centring.alongMean(feature));
  const centred = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) {
      const value = centring.centre(cosines[i * size + j]!, along[i]!, along[j]!);
      centred[i * size + j] = value;
      centred[j * size + i] = value;
    }
  }
  return { features, cosines: centred };
}
