/**
 * @file How a search is cut for a device: blocks of columns that stay there, chunks of rows that travel. Nothing of it changes the result.
 */

import { BLOCK_COLUMNS } from './device_pass_graph.ts';

/** Per tensor on the device: half of what every WebGPU adapter binds at once (128 MiB, WebGPU section 3.6.2). */
const TENSOR_BYTES = 64 * 2 ** 20;

/**
 * Rows and columns of one product. More columns would save traffic and cost work: within one matrix a block of columns meets rows whose pairs with
 * it lie partly below the diagonal.
 */
const MOST = 4096;

/** A chunk that takes longer is halved, one that takes less than half of it is doubled: neither Ctrl-C nor a driver's watchdog waits. */
const CHUNK_MS = 100;

export interface ColumnPart {
  /** The first column, and the one behind the last; `from` is a multiple of `BLOCK_COLUMNS`. */
  readonly from: number;
  readonly to: number;
}

/** @param count columns, > 0 */
export function columnParts(count: number, d: number): ColumnPart[] {
  const most = wholeBlocks(Math.min(MOST, TENSOR_BYTES / (4 * d)));
  const size = BLOCK_COLUMNS * Math.ceil(count / Math.ceil(count / most) / BLOCK_COLUMNS);
  const parts: ColumnPart[] = [];
  for (let from = 0; from < count; from += size) parts.push({ from, to: Math.min(count, from + size) });
  return parts;
}

/** At least one block. */
function wholeBlocks(count: number): number {
  return BLOCK_COLUMNS * Math.max(1, Math.floor(count / BLOCK_COLUMNS));
}

/** Most rows of a chunk, by the bytes of the rows themselves and of their products. */
export function mostRows(columns: number, d: number): number {
  return wholeBlocks(Math.min(MOST, TENSOR_BYTES / (4 * Math.max(columns, d))));
}

/** @param rows of the last chunk @param ms that it took */
export function nextRows(rows: number, ms: number, most: number): number {
  const wanted = ms > CHUNK_MS ? rows / 2 : ms < CHUNK_MS / 2 ? rows * 2 : rows;
  return Math.min(most, wholeBlocks(wanted));
}
