/**
 * @file Cosines after the mean direction of the whole dictionary is removed. A dictionary whose directions share a common part has positive
 * cosines between unrelated features; the centred cosine tells that apart from a relation of the two.
 */

import { cosine, type FeatureMatrix } from '../tensor/matrix.ts';

/** Squared lengths below this are what rounding leaves of zero: float32 rows equal the mean to about 1e-7 of their length. */
const ROUNDING = 1e-12;

export interface Centring {
  /** cos(u_i - mean, u_j - mean) of the unit rows u, float64; NaN where a row has no direction or equals the mean. */
  centredCosine(i: number, j: number): number;
  /** <u_i, mean>, float64. */
  alongMean(i: number): number;
  /** As `centredCosine`, from a cosine and what `alongMean` gives for its two rows. */
  centre(cos: number, alongI: number, alongJ: number): number;
  /** |mean|, in [0, 1]: 0 for directions that cancel out, 1 when all are equal. */
  readonly meanLength: number;
}

/** Mean over all rows that have a direction, each scaled to length 1; float64. */
export function createCentring(matrix: FeatureMatrix): Centring {
  const { data, norms, rows, cols } = matrix;
  const sum = new Float64Array(cols);
  let usable = 0;
  for (let row = 0; row < rows; row++) {
    const norm = norms[row]!;
    if (!(norm > 0)) continue;
    usable += 1;
    const scale = 1 / norm;
    for (let c = 0; c < cols; c++) sum[c]! += data[row * cols + c]! * scale;
  }
  const center = sum.map((value) => value / Math.max(1, usable));
  let squaredLength = 0;
  for (const value of center) squaredLength += value * value;
  const along = (row: number): number => {
    let dot = 0;
    for (let c = 0; c < cols; c++) dot += data[row * cols + c]! * center[c]!;
    return dot / norms[row]!;
  };
  const centre = (cos: number, alongI: number, alongJ: number): number => {
    const numerator = cos - alongI - alongJ + squaredLength;
    const restI = 1 - 2 * alongI + squaredLength;
    const restJ = 1 - 2 * alongJ + squaredLength;
    if (!(restI > ROUNDING && restJ > ROUNDING)) return Number.NaN;
    return Math.max(-1, Math.min(1, numerator / Math.sqrt(restI * restJ)));
  };
  return {
    meanLength: Math.sqrt(squaredLength),
    centredCosine: (i, j) => centre(cosine(matrix, i, matrix, j), along(i), along(j)),
    alongMean: along,
    centre,
  };
}
