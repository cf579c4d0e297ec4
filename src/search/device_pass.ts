/**
 * @file The search over all pairs on a device: it multiplies unit rows in float32 and returns the largest and smallest product of every block of 64
 * pairs; the host keeps the blocks that can matter and computes their pairs in float64. Exact like the search on the CPU, and the
 * same to the bit. One queue, one thread: between two chunks of rows the event loop turns.
 */

import { throwIfInterrupted } from '../errors.ts';
import type { Device } from '../onnx/device.ts';
import { createProductEngine } from '../onnx/product.ts';
import type { OnnxRuntime } from '../onnx/runtime.ts';
import { cosine, type FeatureMatrix } from '../tensor/matrix.ts';
import { writeUnitRow } from '../tensor/unit_rows.ts';
import { type BlockCandidates, createBlockCandidates } from './device_pass_blocks.ts';
import {
  BLOCK_COLUMNS,
  type BlockExtremes,
  type ColumnSession,
  type Columns,
  deviceErrorBound,
  openColumns,
} from './device_pass_graph.ts';
import { type ColumnPart, columnParts, mostRows, nextRows } from './device_pass_plan.ts';
import {
  compareBottom,
  compareTop,
  type PairRequest,
  type PairSearchResult,
  type ScoredPair,
} from './pairs.ts';
import { usableRows } from './shared_rows.ts';
import { pairCount } from './tiles.ts';

export interface DeviceSearch extends PairRequest {
  readonly runtime: OnnxRuntime;
  readonly device: Device;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What the steps of one search share. */
interface Pass extends DeviceSearch {
  readonly second: FeatureMatrix;
  /** Rows with a direction, ascending: pairs are counted by places in these lists. */
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly top: BlockCandidates;
  readonly bottom: BlockCandidates;
  /** Says that so many more pairs were visited. @throws {AntipodeError} `interrupted` */
  advance(pairs: number): void;
}

/**
 * The k highest and the k lowest pairs, as `searchPairs`.
 * @throws {AntipodeError} `interrupted` on abort, `check` where a device value is not within its bound; else what ONNX Runtime throws
 */
export async function devicePass(search: DeviceSearch): Promise<PairSearchResult> {
  const pass = preparePass(search);
  pass.advance(0);
  if (search.k > 0 && pass.rows.length > 0 && pass.columns.length > 0) {
    if (!search.b) await visitDiagonal(pass);
    for (const part of columnParts(pass.columns.length, search.a.cols)) {
      if (rowsMeeting(pass, part) > 0) await visitPart(pass, part);
    }
  }
  return { top: pass.top.finish(), bottom: pass.bottom.finish() };
}

function preparePass(search: DeviceSearch): Pass {
  const { a, b, signal, onProgress } = search;
  const second = b ?? a;
  const rows = usableRows(a.norms);
  const columns = b ? usableRows(b.norms) : rows;
  const total = pairCount(rows.length, b && columns.length);
  const k = Math.min(search.k, total);
  const errorBound = deviceErrorBound(a.cols);
  const firstColumn = (row: number, start: number): number => (b ? start : Math.max(start, row + 1));
  const firstOf = (row: number, start: number): Pick<ScoredPair, 'i' | 'j'> => {
    return { i: rows[row]!, j: columns[firstColumn(row, start)]! };
  };
  function* pairsOf(row: number, start: number): Generator<ScoredPair> {
    const end = Math.min(columns.length, start + BLOCK_COLUMNS);
    const i = rows[row]!;
    for (let at = firstColumn(row, start); at < end; at++) {
      const j = columns[at]!;
      yield { i, j, cos: cosine(a, i, second, j) };
    }
  }
  const blocks = rows.length * Math.ceil(columns.length / BLOCK_COLUMNS);
  const shared = { k, errorBound, blocks, pairsOf, firstOf };
  let done = 0;
  return {
    ...search,
    k,
    second,
    rows,
    columns,
    top: createBlockCandidates({ ...shared, sign: 1, compare: compareTop }),
    bottom: createBlockCandidates({ ...shared, sign: -1, compare: compareBottom }),
    advance(pairs) {
      throwIfInterrupted(signal);
      done += pairs;
      if (pairs > 0) onProgress?.(done, total);
    },
  };
}

/** The first block of a row that lies wholly behind the diagonal, or all of them between two matrices. */
function firstBlock({ b }: Pass, row: number): number {
  return b ? 0 : Math.floor(row / BLOCK_COLUMNS) + 1;
}

/** How many rows, from the first, have pairs in whole blocks of these columns. */
function rowsMeeting({ b, rows }: Pass, { to }: ColumnPart): number {
  return b ? rows.length : BLOCK_COLUMNS * Math.floor((to - 1) / BLOCK_COLUMNS);
}

/**
 * Within one matrix each row has one block that holds itself: squares of 64 on the diagonal, 0.4 % of the pairs of 16,384 rows. The CPU multiplies
 * them; a mask on the device would cost a pass over all products.
 */
async function visitDiagonal(pass: Pass): Promise<void> {
  const { a, rows } = pass;
  const d = a.cols;
  const engine = await createProductEngine();
  const unit = new Float32Array(Math.min(BLOCK_COLUMNS, rows.length) * d);
  const buffer = new Float32Array(BLOCK_COLUMNS ** 2);
  try {
    for (let start = 0; start < rows.length; start += BLOCK_COLUMNS) {
      const n = gather(unit, a, rows.subarray(start, start + BLOCK_COLUMNS));
      const square = unit.subarray(0, n * d);
      const products = await engine.multiply(square, square, { m: n, n, d }, buffer.subarray(0, n * n));
      for (let r = 0; r + 1 < n; r++) {
        const behind = products.subarray(r * n + r + 1, (r + 1) * n);
        offer(pass.top, Math.max(...behind), start + r, start);
        offer(pass.bottom, -Math.min(...behind), start + r, start);
      }
      pass.advance((n * (n - 1)) / 2);
    }
  } finally {
    await engine.close();
  }
}

function offer(candidates: BlockCandidates, value: number, row: number, start: number): void {
  // Not `>=`: a NaN has to get through.
  if (!(value < candidates.bar())) candidates.add(value, row, start);
}

/** Writes the unit rows `ids` one behind the other; returns how many. */
function gather(target: Float32Array, matrix: FeatureMatrix, ids: Int32Array): number {
  const d = matrix.cols;
  ids.forEach((id, r) => {
    writeUnitRow(target, r * d, matrix, id, d);
  });
  return ids.length;
}

async function visitPart(pass: Pass, part: ColumnPart): Promise<void> {
  const { a, device, rows, runtime } = pass;
  const d = a.cols;
  const columns = partColumns(pass, part);
  const end = rowsMeeting(pass, part);
  const most = mostRows(columns.n, d);
  const unit = new Float32Array(Math.min(most, end) * d);
  const session = await openColumns(runtime, device, columns);
  try {
    let height = BLOCK_COLUMNS;
    for (let from = 0; from < end; ) {
      const m = gather(unit, a, rows.subarray(from, Math.min(end, from + height)));
      const started = performance.now();
      const found = await session.run(unit.subarray(0, m * d));
      height = nextRows(height, performance.now() - started, most);
      pass.advance(scan({ pass, part, from, session }, found));
      from += m;
    }
  } finally {
    await session.close();
  }
}

/** The last block is filled up with its last column: the largest and smallest stay those of real pairs. */
function partColumns({ columns, second }: Pass, { from, to }: ColumnPart): Columns {
  const d = second.cols;
  const n = BLOCK_COLUMNS * Math.ceil((to - from) / BLOCK_COLUMNS);
  const ids = Int32Array.from({ length: n }, (_, r) => columns[Math.min(to - 1, from + r)]!);
  const data = new Float32Array(n * d);
  gather(data, second, ids);
  return { data, n, d };
}

interface Chunk {
  readonly pass: Pass;
  readonly part: ColumnPart;
  /** Place of its first row. */
  readonly from: number;
  readonly session: ColumnSession;
}

/** @returns how many pairs the blocks hold that count */
function scan({ pass, part, from, session }: Chunk, { high, low }: BlockExtremes): number {
  const { blocks } = session;
  let pairs = 0;
  for (let at = 0, row = from; at < high.length; at += blocks, row++) {
    const first = Math.max(0, firstBlock(pass, row) - part.from / BLOCK_COLUMNS);
    pairs += Math.max(0, part.to - part.from - first * BLOCK_COLUMNS);
    for (let block = first; block < blocks; block++) {
      const start = part.from + block * BLOCK_COLUMNS;
      offer(pass.top, high[at + block]!, row, start);
      offer(pass.bottom, -low[at + block]!, row, start);
    }
  }
  return pairs;
}
