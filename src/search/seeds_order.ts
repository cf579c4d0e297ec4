/**
 * @file The order in which coordinates are looked at: by energy where some carry much more than others, so that few of them say most; as stored otherwise, which is
 * cheaper to read. From a sample of rows; any order is right.
 */

import type { SharedRows } from './row_values.ts';
import { rowData, rowStart } from './row_values.ts';

export interface CoordinateOrder {
  /** Coordinates, most energetic first, over shared memory; undefined for the stored order. */
  readonly order: Uint32Array | undefined;
  /** Mean of each coordinate over sampled unit rows, in that order. */
  readonly means: Float32Array;
}

const SAMPLE_ROWS = 256;
/** Share of the row that a head may be: where an order has to show its worth. */
const HEAD = 1 / 6;
/** Gain in energy of that head that pays for reading rows in another order. */
const WORTH_ORDERING = 0.04;

export function coordinateOrder(sides: readonly SharedRows[], d: number): CoordinateOrder {
  const means = new Float64Array(d);
  // Two halves of the sample: one proposes an order, the other says what it is worth, or chance would look like structure.
  const energies = [new Float64Array(d), new Float64Array(d)] as const;
  let rows = 0;
  for (const side of sides) {
    const count = Math.min(SAMPLE_ROWS, side.usable.length);
    for (let r = 0; r < count; r++) {
      const row = side.usable[Math.floor((r * side.usable.length) / count)]!;
      const scale = 1 / side.norms[row]!;
      const data = rowData(side, row, d, 0);
      const start = rowStart(side, row, d);
      addRow(data.subarray(start, start + d), scale, means, energies[(r & 1) as 0 | 1]);
      rows++;
    }
  }
  const stays = { order: undefined, means: Float32Array.from(means, (sum) => sum / rows) };
  const head = Math.ceil(d * HEAD);
  // The half that proposes flatters its own order: where even that is not worth it, nothing is.
  if (gainOf(Float64Array.from(energies[0]).sort().reverse(), energies[0], head) <= WORTH_ORDERING)
    return stays;
  const proposed = Uint32Array.from({ length: d }, (_, c) => c);
  proposed.sort((a, b) => energies[0][b]! - energies[0][a]! || a - b);
  const seen = energies[1];
  if (
    gainOf(
      Float64Array.from(proposed, (c) => seen[c]!),
      seen,
      head,
    ) <= WORTH_ORDERING
  )
    return stays;
  const order = shareOrder(proposed);
  return { order, means: Float32Array.from(order, (c) => means[c]! / rows) };
}

/** By itself, because a function that is called for each row is compiled after a few of them. */
function addRow(row: Float32Array, scale: number, means: Float64Array, energy: Float64Array): void {
  for (let c = 0; c < row.length; c++) {
    const value = row[c]! * scale;
    means[c]! += value;
    energy[c]! += value * value;
  }
}

/** Energy in the head of an order less that in the head as stored, as a share of all. */
function gainOf(ordered: Float64Array, stored: Float64Array, head: number): number {
  let gain = 0;
  for (let c = 0; c < head; c++) gain += ordered[c]! - stored[c]!;
  return gain / stored.reduce((sum, energy) => sum + energy, 0);
}

function shareOrder(order: Uint32Array): Uint32Array {
  const copy = new Uint32Array(new SharedArrayBuffer(order.byteLength));
  copy.set(order);
  return copy;
}
