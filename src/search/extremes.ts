/**
 * @file The k most aligned and the k most opposed pairs of directions, exactly: within one dictionary, or between two of the same width. How they are found is
 * decided inside; what comes out depends on the rows and k alone.
 */

import type { DeviceChoice, RunningDevice } from '../onnx/device.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { searchByColumns } from './by_columns.ts';
import { checkShard } from './columns.ts';
import { searchOnDevice } from './device_pass_process.ts';
import type { FoundPairs, PartOptions } from './found.ts';
import { searchInt8 } from './int8_pass.ts';
import type { PairRequest, ScoredPair } from './pairs.ts';
import { searchPairs } from './search_pairs.ts';

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
export function extremes(a: FeatureMatrix, options: ExtremesOptions): Promise<Extremes> {
  return search({ ...options, a });
}

/** Pairs (row of a, row of b). @throws {AntipodeError} as `extremes` */
export function extremesBetween(
  a: FeatureMatrix,
  b: FeatureMatrix,
  options: ExtremesOptions,
): Promise<Extremes> {
  return search({ ...options, a, b });
}

async function search(options: ExtremesOptions & PairRequest): Promise<Extremes> {
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
