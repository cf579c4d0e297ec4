/**
 * @file Decides the pairs that integers leave in question, best estimates first: each cosine computed can rule out those behind it. Layout of a record:
 * kernels/scan.ts.
 */

import type { SharedRows } from './row_values.ts';
import { type EndList, exactCosine } from './verify.ts';

export const RECORD_BYTES = 24;
export const RECORD_WORDS: number = RECORD_BYTES / 4;
const RECORD_DOUBLES = RECORD_BYTES / 8;
const ENDS_AT = 3;
const ESTIMATE_AT = 2;
export const IS_FOR = { top: 1, bottom: 2 } as const;

/** Ends that a record may matter to: bits of `IS_FOR`. */
export function recordEnds(records: Int32Array, record: number): number {
  return records[record * RECORD_WORDS + ENDS_AT]!;
}

export function estimateAt(estimates: Float64Array, record: number): number {
  return estimates[record * RECORD_DOUBLES + ESTIMATE_AT]!;
}

export interface Ends {
  readonly top: EndList;
  readonly bottom: EndList;
}

export interface RecordBatch {
  /** Two views of the same records. */
  readonly records: Int32Array;
  readonly estimates: Float64Array;
  readonly count: number;
  /** Of the estimates, per row and column of the tile. */
  readonly rowBounds: Float32Array;
  readonly columnBounds: Float32Array;
  readonly rows: SharedRows;
  readonly columns: SharedRows;
  /** Row and column where the tile begins. */
  readonly first: number;
  readonly left: number;
  readonly d: number;
}

/** Fewer than these are decided in the order they come. */
const WORTH_SORTING = 16;
/** Cosines between two looks at what other workers found. */
const LOOK_EVERY = 64;

/** @returns how many cosines were computed */
export function verifyRecords(batch: RecordBatch, ends: Ends): number {
  return verifyEnd(batch, ends.top, 'top') + verifyEnd(batch, ends.bottom, 'bottom');
}

function verifyEnd(batch: RecordBatch, list: EndList, end: 'top' | 'bottom'): number {
  const { records, estimates, rowBounds, columnBounds, rows, columns, d } = batch;
  const sign = end === 'top' ? 1 : -1;
  const estimateOf = (record: number): number => sign * estimateAt(estimates, record);
  const boundOf = (record: number): number =>
    rowBounds[records[record * RECORD_WORDS]!]! + columnBounds[records[record * RECORD_WORDS + 1]!]!;
  let queue: number[] = [];
  for (let record = 0; record < batch.count; record++) {
    if ((recordEnds(records, record) & IS_FOR[end]) !== 0) queue.push(record);
  }
  if (queue.length > 2 * list.k) {
    // No cosine is below its estimate less the bound.
    const lowest = Float64Array.from(queue, (record) => estimateOf(record) - boundOf(record)).sort();
    list.raise(lowest[lowest.length - list.k]!);
    const limit = list.limit();
    queue = queue.filter((record) => estimateOf(record) + boundOf(record) >= limit);
  }
  if (queue.length > WORTH_SORTING) queue.sort((p, q) => estimateOf(q) - estimateOf(p));
  let verified = 0;
  let limit = list.limit();
  for (const record of queue) {
    const row = records[record * RECORD_WORDS]!;
    const column = records[record * RECORD_WORDS + 1]!;
    if (estimateOf(record) + boundOf(record) < limit) continue;
    const i = rows.usable[batch.first + row]!;
    const j = columns.usable[batch.left + column]!;
    if (list.isClosedTo(i, j)) continue;
    list.add(i, j, exactCosine(rows, i, columns, j, d));
    verified++;
    if (verified % LOOK_EVERY === 0) limit = list.limit();
  }
  return verified;
}
