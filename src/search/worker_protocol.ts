/** @file What the searching thread and its workers say to each other. All large data lies in shared memory. */

import type { CensusCounts, CensusOptions } from './census.ts';
import type { Best } from './nearest_best.ts';
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

export interface SearchQuestion {
  readonly a: SharedRows;
  /** Absent for pairs within `a`. */
  readonly b: SharedRows | undefined;
  readonly d: number;
  readonly k: number;
  /** Absent when no census was asked for. */
  readonly census: CensusOptions | undefined;
  /** Whether each row's nearest and most opposed are asked for. */
  readonly nearest: boolean;
  readonly ranks: readonly PlacedQuery[];
  /** Int32, shared: see the `CONTROL_*` indices. */
  readonly control: Int32Array;
  /** Float64, shared: `POWERS` sums per tile, so that the total does not depend on which worker did which tile. */
  readonly tileSums: Float64Array;
}

export interface SearchJob extends SearchQuestion {
  /** How many share it. */
  readonly workers: number;
}

/** Places among the rows that have a direction, and the float64 cosine of the two. */
export interface PlacedQuery {
  readonly from: number;
  readonly to: number;
  readonly except: number | undefined;
  readonly cos: number;
}

/** Next piece to take; tiles finished; nonzero = stop; nonzero = an error came too near the slack of the census. */
export const CONTROL_NEXT = 0;
export const CONTROL_DONE = 1;
export const CONTROL_STOP = 2;
export const CONTROL_WIDEN = 3;
export const CONTROL_LENGTH = 4;

export type WorkerAnswer =
  | { readonly type: 'failed'; readonly message: string }
  | {
      readonly type: 'finished';
      readonly top: readonly ScoredPair[];
      readonly bottom: readonly ScoredPair[];
      readonly census: CensusCounts | undefined;
      /** Per query: rows with a larger cosine. */
      readonly better: Float64Array;
      /** By places among the rows that have a direction: of `a`, and of `b` where there is one. Empty where not asked for. */
      readonly nearest: readonly Best[];
    };
