/**
 * @file Each row's nearest and most opposed other row by float32 products, for machines and widths without exact integer products: a band of rows against all, and
 * float64 for what lies within twice the error bound of the band's best. On the calling thread.
 */

import { throwIfInterrupted } from '../errors.ts';
import { createProductEngine, productErrorBound } from '../onnx/product.ts';
import { writeUnitRow } from '../tensor/unit_rows.ts';
import { type Best, emptyAnswer, enter } from './nearest_pass.ts';
import type { NearestRowsOptions } from './nearest_rows.ts';
import { exactCosine } from './verify.ts';
import type { SharedRows } from './worker_protocol.ts';

/** Products kept at a time: 64 MB, and no band holds more rows than a product needs to run at full speed. */
const MOST_PRODUCTS = 2 ** 24;
const MOST_ROWS = 256;
const COLUMNS = 1024;

export async function nearestByFloats(
  rows: SharedRows,
  d: number,
  { signal, onProgress }: NearestRowsOptions,
): Promise<Best> {
  const n = rows.usable.length;
  const band = Math.max(1, Math.min(MOST_ROWS, n, Math.floor(MOST_PRODUCTS / n)));
  const best = emptyAnswer(n);
  const total = (n * (n - 1)) / 2;
  const engine = await createProductEngine();
  const units = (from: number, count: number): Float32Array => {
    const unit = new Float32Array(count * d);
    for (let r = 0; r < count; r++) writeUnitRow(unit, r * d, rows, rows.usable[from + r]!, d);
    return unit;
  };
  try {
    for (let first = 0; first < n; first += band) {
      const m = Math.min(band, n - first);
      const left = units(first, m);
      const products = Array.from({ length: m }, () => new Float32Array(n));
      for (let from = 0; from < n; from += COLUMNS) {
        throwIfInterrupted(signal);
        const count = Math.min(COLUMNS, n - from);
        const sizes = { m, n: count, d };
        const out = await engine.multiply(left, units(from, count), sizes, new Float32Array(m * count));
        products.forEach((line, r) => {
          line.set(out.subarray(r * count, (r + 1) * count), from);
        });
      }
      products.forEach((line, r) => {
        decideRow(best, first + r, line, rows, d);
      });
      onProgress?.((total * (first + m)) / n, total);
      // Products run on this thread: others get their turn here.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await engine.close();
  }
  return best;
}

function decideRow(best: Best, row: number, line: Float32Array, rows: SharedRows, d: number): void {
  let high = Number.NEGATIVE_INFINITY;
  let low = Number.POSITIVE_INFINITY;
  for (let j = 0; j < line.length; j++) {
    if (j === row) continue;
    if (line[j]! > high) high = line[j]!;
    if (line[j]! < low) low = line[j]!;
  }
  const slack = 2 * productErrorBound(d);
  for (let j = 0; j < line.length; j++) {
    if (j === row || (line[j]! < high - slack && line[j]! > low + slack)) continue;
    // In the order of the pair, as every engine computes it.
    const [i, other] = row < j ? [row, j] : [j, row];
    enter(best, row, j, exactCosine(rows, rows.usable[i]!, rows, rows.usable[other]!, d));
  }
}
