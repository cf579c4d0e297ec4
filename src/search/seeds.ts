/**
 * @file Thresholds before the search: at least k pairs are known to reach them, because their float64 cosines were computed. The closer they are to the
 * k-th best, the fewer pairs the search leaves in question; wrong they cannot be.
 */

import { exactCosine } from './verify.ts';
import type { SharedRows } from './worker_protocol.ts';

/** sign * cosine that at least k pairs reach, per end; -Infinity where too few pairs were looked at. */
export interface Seeds {
  readonly top: number;
  readonly bottom: number;
}

/** Multiplications spent on a sample: some milliseconds. */
const SAMPLE_WORK = 8e6;

/** From all pairs among rows spread evenly over the matrix, or of both. */
export function sampleSeeds(a: SharedRows, b: SharedRows | undefined, d: number, k: number): Seeds {
  const most = Math.max(2, Math.floor(Math.sqrt((b ? 1 : 2) * (SAMPLE_WORK / d))));
  const rows = spread(a.usable, most);
  const others = b ? spread(b.usable, most) : rows;
  const cosines: number[] = [];
  rows.forEach((i, at) => {
    for (const j of b ? others : others.slice(at + 1)) cosines.push(exactCosine(a, i, b ?? a, j, d));
  });
  const sorted = Float64Array.from(cosines).sort();
  if (sorted.length < k) return { top: Number.NEGATIVE_INFINITY, bottom: Number.NEGATIVE_INFINITY };
  return { top: sorted[sorted.length - k]!, bottom: -sorted[k - 1]! };
}

function spread(rows: Int32Array, most: number): number[] {
  const count = Math.min(rows.length, most);
  return Array.from({ length: count }, (_, r) => rows[Math.floor((r * rows.length) / count)]!);
}
