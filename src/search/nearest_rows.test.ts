import { describe, expect, it } from 'vitest';
import { allocateMatrix, cosine, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import type { NearestRows } from './nearest_best.ts';
import { nearestRows } from './nearest_rows.ts';
import { searchPairs } from './search_pairs.ts';

function gaussian(n: number, d: number, seed: number, edit?: (data: Float32Array) => void): FeatureMatrix {
  const matrix = allocateMatrix(n, d);
  const rng = createRng(seed, 'nearest-test');
  for (let i = 0; i < n * d; i++) matrix.data[i] = rng.normal();
  edit?.(matrix.data);
  return toFeatureMatrix(matrix);
}

/** By the definition, in float64. */
function truth(matrix: FeatureMatrix): NearestRows {
  const n = matrix.rows;
  const found = {
    nearest: new Int32Array(n).fill(-1),
    nearestCos: new Float64Array(n).fill(Number.NaN),
    opposed: new Int32Array(n).fill(-1),
    opposedCos: new Float64Array(n).fill(Number.NaN),
  };
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const cos = i === j ? Number.NaN : cosine(matrix, i, matrix, j);
      if (Number.isNaN(cos)) continue;
      if (!(cos <= found.nearestCos[i]!)) {
        found.nearest[i] = j;
        found.nearestCos[i] = cos;
      }
      if (!(cos >= found.opposedCos[i]!)) {
        found.opposed[i] = j;
        found.opposedCos[i] = cos;
      }
    }
  }
  return found;
}

const cases: [string, FeatureMatrix][] = [
  ['gaussian, several tiles', gaussian(1500, 40, 1)],
  ['a width that is no multiple of a vector', gaussian(333, 37, 2)],
  ['width 1: every cosine a tie', gaussian(120, 1, 3)],
  ['one row', gaussian(1, 5, 4)],
  ['two rows', gaussian(2, 5, 5)],
  [
    'equal rows, opposite rows, rows without a direction',
    gaussian(700, 20, 6, (data) => {
      for (let row = 100; row < 400; row++) data.copyWithin(row * 20, 0, 20);
      for (let c = 0; c < 20; c++) data[500 * 20 + c] = -data[c]!;
      data.fill(0, 510 * 20, 512 * 20);
      data[520 * 20 + 7] = Number.NaN;
    }),
  ],
  [
    'clusters so tight that float32 hardly tells their rows apart',
    gaussian(520, 18, 8, (data) => {
      for (let at = 8 * 18; at < data.length; at++) data[at] = data[at % (8 * 18)]! * (1 + 2e-7 * data[at]!);
    }),
  ],
  [
    'one huge coordinate each, and denormal rows',
    gaussian(300, 24, 7, (data) => {
      for (let row = 0; row < 300; row++) data[row * 24 + (row % 24)]! *= 1e8;
      for (let at = 0; at < 50 * 24; at++) data[at]! *= 1e-42;
    }),
  ],
];

describe('nearestRows', () => {
  it.each(cases)('equals float64: %s', async (_, matrix) => {
    expect(await nearestRows(matrix, { threads: 2 })).toEqual(truth(matrix));
  });

  it('is the same on any number of workers', async () => {
    const matrix = gaussian(900, 60, 8);
    const one = await nearestRows(matrix, { threads: 1 });
    expect(await nearestRows(matrix, { threads: 5 })).toEqual(one);
  });

  it('is the same by floats, where integers are of no use', async () => {
    const matrix = gaussian(700, 48, 9);
    expect((await searchPairs({ a: matrix, k: 0, nearest: true })).nearest).toEqual([truth(matrix)]);
  });

  it('ends on abort', async () => {
    await expect(nearestRows(gaussian(3000, 64, 10), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'interrupted',
    });
  });
});
