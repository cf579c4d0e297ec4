/**
 * @file The k most aligned and the k most opposed pairs of directions, exactly: within one dictionary, or between two of the same width. How they are found is
 * decided inside; what comes out depends on the rows and k alone.
 */

import { AntipodeError } from '../errors.ts';
import type { DeviceChoice, RunningDevice } from '../onnx/device.ts';
import { searchByColumns } from './by_columns.ts';
import { checkShard } from './columns.ts';
import { searchOnDevice } from './device_pass_process.ts';
import type { FoundPairs, PartOptions } from './found.ts';
import { searchInt8 } from './int8_pass.ts';
import type { PairRequest, ScoredPair } from './pairs.ts';
import { searchPairs } from './search_pairs.ts';
import type { SearchableRows } from './shared_rows.ts';

export interface ExtremesOptions extends PartOptions {
  /** Pairs wanted at each end, >= 0. */
  readonly k: number;
  /** Default: all cores. The result does not depend on it. */
  readonly threads?: number;
  /** What multiplies. Default: `cpu`. The result does not depend on it; `threads` is for the CPU. */
  readonly device?: DeviceChoice;
  /** Called once, before the search, with the device where another than the CPU was asked for. */
  readonly onDevice?: (device: RunningDevice) => void;
  readonly signal?: AbortSignal;
  /** @param done pairs visited so far */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Extremes {
  /** By (cos descending, i, j); i < j within one dictionary. Float64 cosines of the stored rows. */
  readonly top: readonly ScoredPair[];
  /** By (cos ascending, i, j). */
  readonly bottom: readonly ScoredPair[];
}

/** Pairs i < j of rows that have a direction. @throws {AntipodeError} as `searchPairs`, and as `searchOnDevice` for a device */
export function extremes(a: SearchableRows, options: ExtremesOptions): Promise<Extremes> {
  return search({ ...options, a });
}

/** Pairs (row of a, row of b). @throws {AntipodeError} as `extremes` */
export function extremesBetween(
  a: SearchableRows,
  b: SearchableRows,
  options: ExtremesOptions,
): Promise<Extremes> {
  return search({ ...options, a, b });
}

interface Search extends ExtremesOptions {
  readonly a: SearchableRows;
  readonly b?: SearchableRows;
}

async function search(options: Search): Promise<Extremes> {
  return isInMemory(options) ? searchMemory(options) : searchFiles(options);
}

function isInMemory(options: Search): options is ExtremesOptions & PairRequest {
  return !('file' in options.a) && !(options.b && 'file' in options.b);
}

/** Rows that stay in a file are multiplied as small integers, or not at all. */
async function searchFiles(options: Search): Promise<Extremes> {
  const { device = 'cpu', shard } = options;
  if (shard) checkShard(shard);
  const found = device === 'cpu' ? await searchInt8(options) : undefined;
  if (found) return found;
  throw new AntipodeError(
    'resource',
    `search: rows that stay in a file are multiplied as small integers on the cpu, which ${device === 'cpu' ? 'this machine or width does not allow' : `${device} does not do`}`,
    { hint: 'give the search more memory, so that the rows fit into it' },
  );
}

async function searchMemory(options: ExtremesOptions & PairRequest): Promise<Extremes> {
  const { device = 'cpu', shard, from, onFound, ...rest } = options;
  if (shard) checkShard(shard);
  const isInParts = shard !== undefined || from !== undefined || onFound !== undefined;
  if (isInParts && device === 'cpu') return (await searchInt8(options)) ?? byColumns(options, searchPairs);
  if (isInParts) return byColumns(options, searchWhole);
  return searchWhole({ ...rest, device });
}

type WholeSearch = Omit<ExtremesOptions, keyof PartOptions> & PairRequest;

async function searchWhole(options: WholeSearch): Promise<Extremes> {
  const { device = 'cpu' } = options;
  return (
    (await searchOnDevice({ ...options, device })) ?? (await searchInt8(options)) ?? searchPairs(options)
  );
}

function byColumns(
  options: ExtremesOptions & PairRequest,
  engine: (search: WholeSearch) => Promise<Extremes>,
): Promise<FoundPairs> {
  const { threads, device, onDevice, signal } = options;
  return searchByColumns(options, (request, onPairs) =>
    engine({
      ...request,
      ...(threads !== undefined && { threads }),
      ...(device && { device }),
      ...(onDevice && { onDevice }),
      ...(signal && { signal }),
      onProgress: onPairs,
    }),
  );
}
