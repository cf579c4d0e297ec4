/**
 * @file From one row, the place of another among all rows: rank 1 is the most aligned. Float32 products place every row; rows too close
 * to call (within the proven error bound) are decided in float64, so the rank is exact.
 */

import { createProductEngine, productErrorBound } from '../onnx/product.ts';
import { cosine, type FeatureMatrix } from '../tensor/matrix.ts';
import { writeUnitRow } from '../tensor/unit_rows.ts';

export interface RankQuery {
  readonly from: number;
  readonly to: number;
}

/** Columns per product: about 5 ms of work for a hundred queries, and 9 MB at d = 2304. */
const BLOCK_ROWS = 1024;
/** Rows that are looked out from at a time: their directions and products take 14 MB at d = 2304. */
const MOST_SOURCES = 1024;

/**
 * For each query, 1 + the number of rows j (other than `from`) with cos(from, j) > cos(from, to); ties do not push a row down.
 * Rows without a direction are not ranked: NaN where `from` or `to` is one, or where they are equal.
 */
export async function rankPairs(matrix: FeatureMatrix, queries: readonly RankQuery[]): Promise<Float64Array> {
  const ranks = new Float64Array(queries.length).fill(Number.NaN);
  const isUsable = (row: number): boolean => matrix.norms[row]! > 0;
  const asked = queries
    .map((query, index) => ({ ...query, index }))
    .filter(({ from, to }) => from !== to && isUsable(from) && isUsable(to));
  const sources = [...new Set(asked.map(({ from }) => from))];
  for (let first = 0; first < sources.length; first += MOST_SOURCES) {
    const some = new Set(sources.slice(first, first + MOST_SOURCES));
    await rankFrom(
      matrix,
      asked.filter(({ from }) => some.has(from)),
      ranks,
    );
  }
  return ranks;
}

async function rankFrom(
  matrix: FeatureMatrix,
  asked: readonly (RankQuery & { readonly index: number })[],
  ranks: Float64Array,
): Promise<void> {
  const isUsable = (row: number): boolean => matrix.norms[row]! > 0;
  const sources = [...new Set(asked.map(({ from }) => from))];
  const slotOf = new Map(sources.map((from, slot) => [from, slot]));
  const targets = asked.map(({ from, to }) => cosine(matrix, from, matrix, to));
  const better = new Float64Array(asked.length);
  const d = matrix.cols;
  const bound = productErrorBound(d);
  const left = unitRows(matrix, sources);
  const engine = await createProductEngine();
  try {
    for (let start = 0; start < matrix.rows; start += BLOCK_ROWS) {
      const block = Array.from({ length: Math.min(BLOCK_ROWS, matrix.rows - start) }, (_, r) => start + r);
      const n = block.length;
      const sizes = { m: sources.length, n, d };
      const out = new Float32Array(sources.length * n);
      const products = await engine.multiply(left, unitRows(matrix, block), sizes, out);
      asked.forEach(({ from }, q) => {
        const at = slotOf.get(from)! * n;
        const target = targets[q]!;
        for (let r = 0; r < n; r++) {
          const row = start + r;
          const value = products[at + r]!;
          if (value < target - bound || row === from || !isUsable(row)) continue;
          if (value > target + bound || cosine(matrix, from, matrix, row) > target) better[q]! += 1;
        }
      });
    }
  } finally {
    await engine.close();
  }
  asked.forEach(({ index }, q) => {
    ranks[index] = 1 + better[q]!;
  });
}

/** Float32 unit rows in private memory, which ONNX Runtime asks for. */
function unitRows(matrix: FeatureMatrix, rows: readonly number[]): Float32Array {
  const unit = new Float32Array(rows.length * matrix.cols);
  rows.forEach((row, r) => {
    writeUnitRow(unit, r * matrix.cols, matrix, row, matrix.cols);
  });
  return unit;
}
