/** @file Rows for tests of the search on devices. */

import { allocateMatrix, type FeatureMatrix, toFeatureMatrix } from '../../src/tensor/matrix.ts';
import { createRng } from '../../src/tensor/rng.ts';

/** Independent rows with a direction each. @param edit changes them before their norms are taken */
export function gaussianRows(
  n: number,
  d: number,
  seed: number,
  edit?: (data: Float32Array) => void,
): FeatureMatrix {
  const matrix = allocateMatrix(n, d);
  const rng = createRng(seed, 'device-pass-test');
  for (let at = 0; at < n * d; at++) matrix.data[at] = rng.normal();
  edit?.(matrix.data);
  return toFeatureMatrix(matrix);
}

/** 600 rows of width 24: thirty equal ones, so that ties cross the 40th place, an antipode of row 0 at 500, a zero row and one with NaN. */
export function damagedRows(): FeatureMatrix {
  return gaussianRows(600, 24, 1, (data) => {
    for (let row = 100; row < 130; row++) data.copyWithin(row * 24, 0, 24);
    for (let c = 0; c < 24; c++) data[500 * 24 + c] = -data[c]!;
    data.fill(0, 300 * 24, 301 * 24);
    data[310 * 24 + 3] = Number.NaN;
  });
}
