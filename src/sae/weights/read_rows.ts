/**
 * @file The directions of some features only. Where features are stored rows and the file allows positional reads, exactly those rows
 * are read, neighbours in one go; elsewhere the matrix is walked in blocks and only the wanted rows or columns are kept. Positional
 * reads of single rows cannot check a checksum, because it covers the whole array.
 */

import { AntipodeError } from '../../errors.ts';
import { bytesOf, widenToFloat32 } from '../../tensor/dtype.ts';
import { type FeatureMatrix, type Matrix, toFeatureMatrix } from '../../tensor/matrix.ts';
import type { MatrixLayout } from '../layout.ts';
import { allocate, BlockWidener, type Scale, scaleRows } from './read_matrix.ts';
import { BLOCK_BYTES, type Storage, storageBlocks, storageOf } from './storage_blocks.ts';

/** Reads under way at once: more than the four threads that serve files gain nothing. */
const PARALLEL_READS = 8;

/** Reading a stored row in pieces costs about as much as reading four times the piece. */
const WORTH_SEGMENTS = 4;

/**
 * @param features in the order of the result, duplicates allowed
 * @throws {AntipodeError} `usage` for an index outside [0, d_sae), `format` for cut data
 */
export async function readRows(
  layout: MatrixLayout,
  features: readonly number[],
  scale: Scale = 1,
): Promise<FeatureMatrix> {
  const storage = storageOf(layout);
  const { featuresAreRows, rows, cols, tensor } = storage;
  const dSae = featuresAreRows ? rows : cols;
  for (const feature of features) {
    if (!Number.isInteger(feature) || feature < 0 || feature >= dSae) {
      throw new AntipodeError(
        'usage',
        `feature ${feature}: not in this SAE (it has features 0 to ${dSae - 1})`,
      );
    }
  }
  const target = allocate(features.length, featuresAreRows ? cols : rows, tensor.name);
  const places = placesOf(features);
  if (!featuresAreRows) await pickColumns(storage, places, target);
  else if (tensor.isRandomAccess) await readRuns(storage, places, target);
  else await pickStreamedRows(storage, places, target);
  scaleRows(target, scale, features);
  return toFeatureMatrix(target);
}

/** From feature to its places in the result, features ascending. */
type Places = ReadonlyMap<number, readonly number[]>;

function placesOf(features: readonly number[]): Places {
  const places = new Map<number, number[]>();
  for (const feature of [...new Set(features)].sort((a, b) => a - b)) places.set(feature, []);
  features.forEach((feature, place) => {
    places.get(feature)?.push(place);
  });
  return places;
}

async function readRuns(storage: Storage, places: Places, target: Matrix): Promise<void> {
  const runs = runsOf([...places.keys()], Math.max(1, Math.floor(BLOCK_BYTES / storage.rowBytes)));
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let run = runs[next++]; run; run = runs[next++]) {
      const bytes = new Uint8Array(run.count * storage.rowBytes);
      await storage.tensor.readBytes(run.first * storage.rowBytes, bytes);
      placeRows(storage, { firstRow: run.first, rows: run.count, bytes }, places, target);
    }
  };
  // All lanes end before an error is thrown, so that the file can be closed after it.
  const lanes = await Promise.allSettled(Array.from({ length: PARALLEL_READS }, lane));
  for (const result of lanes) if (result.status === 'rejected') throw result.reason;
}

interface Run {
  readonly first: number;
  readonly count: number;
}

function runsOf(ascending: readonly number[], longest: number): Run[] {
  const runs: { first: number; count: number }[] = [];
  for (const row of ascending) {
    const last = runs.at(-1);
    if (last && row === last.first + last.count && last.count < longest) last.count += 1;
    else runs.push({ first: row, count: 1 });
  }
  return runs;
}

async function pickStreamedRows(storage: Storage, places: Places, target: Matrix): Promise<void> {
  // `places` is ascending, and may be too long to spread.
  const last = [...places.keys()].at(-1) ?? -1;
  if (last < 0) return;
  for await (const block of storageBlocks(storage)) {
    placeRows(storage, block, places, target);
    if (block.firstRow + block.rows > last) return;
  }
}

function placeRows(
  storage: Storage,
  block: { readonly firstRow: number; readonly rows: number; readonly bytes: Uint8Array },
  places: Places,
  target: Matrix,
): void {
  const { rowBytes, cols, tensor } = storage;
  for (let r = 0; r < block.rows; r++) {
    const bytes = block.bytes.subarray(r * rowBytes, (r + 1) * rowBytes);
    for (const place of places.get(block.firstRow + r) ?? []) {
      widenToFloat32(bytes, tensor.dtype, target.data, place * cols);
    }
  }
}

async function pickColumns(storage: Storage, places: Places, target: Matrix): Promise<void> {
  const columns = [...places].flatMap(([column, at]) => at.map((place) => ({ column, place })));
  if (columns.length === 0) return;
  if (await pickSegments(storage, columns, target)) return;
  const widener = new BlockWidener(storage);
  for await (const block of storageBlocks(storage)) {
    const values = widener.values(block);
    for (let r = 0; r < block.rows; r++) {
      const from = r * storage.cols;
      const to = block.firstRow + r;
      for (const { column, place } of columns) target.data[place * target.cols + to] = values[from + column]!;
    }
  }
}

/** Reads only the columns between the first and the last wanted one, where that is much less than all. @returns false where nothing was read */
async function pickSegments(
  storage: Storage,
  columns: readonly { readonly column: number; readonly place: number }[],
  target: Matrix,
): Promise<boolean> {
  const { tensor } = storage;
  const first = columns[0]!.column;
  const count = columns.at(-1)!.column - first + 1;
  if (!tensor.isRandomAccess || count * WORTH_SEGMENTS > storage.cols) return false;
  const size = bytesOf(tensor.dtype);
  const values = new Float32Array(count);
  const bytes = new Uint8Array(count * size);
  for (let row = 0; row < storage.rows; row++) {
    await tensor.readBytes(row * storage.rowBytes + first * size, bytes);
    widenToFloat32(bytes, tensor.dtype, values);
    for (const { column, place } of columns) target.data[place * target.cols + row] = values[column - first]!;
  }
  return true;
}
