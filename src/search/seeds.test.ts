import { describe, expect, it } from 'vitest';
import { allocateMatrix, cosine, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { CONTROL_LENGTH } from './jobs.ts';
import { findSeeds, type Seeds, sampleSeeds } from './seeds.ts';
import { coordinateOrder } from './seeds_order.ts';
import { shareRows } from './shared_rows.ts';
import { withWorkers } from './worker_pool.ts';

/** Pairs (2r, 2r + 1) at cosines of about 0.9 and, every other, -0.9. */
function planted(n: number, d: number, edit?: (data: Float32Array) => void): FeatureMatrix {
  const matrix = allocateMatrix(n, d);
  const rng = createRng(n, 'seeds-test');
  const { data } = matrix;
  for (let at = 0; at < n * d; at++) data[at] = rng.normal();
  for (let row = 0; row + 1 < n / 4; row += 2) {
    const sign = row % 4 === 0 ? 1 : -1;
    for (let c = 0; c < d; c++)
      data[(row + 1) * d + c] = sign * data[row * d + c]! + 0.45 * data[(row + 1) * d + c]!;
  }
  edit?.(data);
  return toFeatureMatrix(matrix);
}

function kth(a: FeatureMatrix, b: FeatureMatrix | undefined, k: number): Seeds {
  const cosines: number[] = [];
  for (let i = 0; i < a.rows; i++) {
    for (let j = b ? 0 : i + 1; j < (b ?? a).rows; j++) {
      const cos = cosine(a, i, b ?? a, j);
      if (!Number.isNaN(cos)) cosines.push(cos);
    }
  }
  const sorted = Float64Array.from(cosines).sort();
  return { top: sorted[sorted.length - k]!, bottom: -sorted[k - 1]! };
}

function seedsOf(a: FeatureMatrix, b: FeatureMatrix | undefined, k: number): Promise<Seeds> {
  const rows = shareRows(a);
  const others = b && shareRows(b);
  const d = a.cols;
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH));
  const order = coordinateOrder(others ? [rows, others] : [rows], d);
  return withWorkers(2, (workers) => findSeeds({ workers, rows, others, d, k, order, control }));
}

describe('findSeeds', () => {
  const a = planted(1100, 256);
  const b = planted(1200, 256);
  const doubled = planted(1100, 256, (data) => {
    // A third of the rows alike: guesses meet over and over, and may count once only.
    for (let row = 600; row < 960; row++) data.copyWithin(row * 256, 0, 256);
  });
  it.each([
    ['one matrix', a, undefined, 1],
    ['one matrix, many pairs', a, undefined, 200],
    ['one matrix, more than were planted', a, undefined, 3000],
    ['two matrices', a, b, 20],
    ['many equal rows', doubled, undefined, 50],
    ['many equal rows, all their pairs', doubled, undefined, 70_000],
  ])('never claims more than is there: %s', async (_, first, second, k) => {
    const seeds = await seedsOf(first, second, k);
    const truth = kth(first, second, k);
    expect(seeds.top).toBeLessThanOrEqual(truth.top);
    expect(seeds.bottom).toBeLessThanOrEqual(truth.bottom);
  });

  it('finds near pairs, which a plain sample does not', async () => {
    const seeds = await seedsOf(a, undefined, 40);
    expect(Math.min(seeds.top, seeds.bottom)).toBeGreaterThan(0.85);
    const sampled = sampleSeeds(shareRows(a), undefined, 256, 40);
    expect(Math.min(sampled.top, sampled.bottom)).toBeLessThan(0.5);
  });

  it('knows nothing of fewer pairs than are wanted', () => {
    const few = shareRows(planted(4, 10));
    expect(sampleSeeds(few, undefined, 10, 7)).toEqual({
      top: Number.NEGATIVE_INFINITY,
      bottom: Number.NEGATIVE_INFINITY,
    });
  });
});

describe('coordinateOrder', () => {
  it('keeps the stored order of coordinates that are alike', () => {
    expect(coordinateOrder([shareRows(planted(600, 300))], 300).order).toBeUndefined();
  });

  it('puts coordinates that carry most first, each once', () => {
    const spread = planted(600, 300, (data) => {
      for (let at = 0; at < data.length; at++) data[at]! *= (1 + ((at * 7) % 300)) ** -1;
    });
    const { order } = coordinateOrder([shareRows(spread)], 300);
    const first = Array.from(order!.subarray(0, 5), (c) => (c * 7) % 300);
    expect(first).toEqual([0, 1, 2, 3, 4]);
    expect(Array.from(order!).sort((p, q) => p - q)).toEqual(Array.from({ length: 300 }, (_, c) => c));
  });
});
