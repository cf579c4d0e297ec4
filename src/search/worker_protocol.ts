/** @file What the searching thread and its workers say to each other. All large data lies in shared memory. */

import type { ScoredPair } from './pairs.ts';
import type { FileRows } from './row_values.ts';

/** The rows of one matrix that have a direction. */
export interface SharedRows {
  /** Row-major float32 `[rows, d]`, shared; empty where the rows stay in a file. */
  readonly data: Float32Array;
  /** Where they do: see `row_values.ts`. Searches by integers alone know it. */
  readonly file?: FileRows | undefined;
  /** Norms of all rows, shared. */
  readonly norms: Float64Array;
  /** Indices of the usable rows, ascending, shared. */
  readonly usable: Int32Array;
}

export interface SearchJob {
  readonly a: SharedRows;
  /** Absent for pairs within `a`. */
  readonly b: SharedRows | undefined;
  readonly d: number;
  readonly k: number;
  /** Absent when no census was asked for. */
  readonly census: { readonly thresholds: Float64Array; readonly slack: number } | undefined;
  /** Int32, shared: see the `CONTROL_*` indices. */
  readonly control: Int32Array;
  /** Float64, shared: `SUMS_PER_TILE` sums (values, squares, cubes) per tile, so that the total does not depend on which worker did which tile. */
  readonly tileSums: Float64Array;
}

export const SUMS_PER_TILE = 3;

/** Next tile to take; tiles finished; nonzero = stop. */
export const CONTROL_NEXT = 0;
export const CONTROL_DONE = 1;
export const CONTROL_STOP = 2;
export const CONTROL_LENGTH = 3;

export type WorkerAnswer =
  | { readonly type: 'failed'; readonly message: string }
  | {
      readonly type: 'finished';
      readonly top: readonly ScoredPair[];
      readonly bottom: readonly ScoredPair[];
      readonly census?: {
        readonly counts: Float64Array;
        readonly belowInMarked: Float64Array;
        readonly largestError: number;
      };
    };
