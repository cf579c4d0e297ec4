/** @file What the searching thread asks of the workers by float32 products, and what they answer. All large arrays lie in shared memory. */

import type { CensusCounts, CensusOptions } from './census.ts';
import type { Best } from './nearest_best.ts';
import type { ScoredPair } from './pairs.ts';
import type { SharedRows } from './row_values.ts';

export interface FloatQuestion {
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
  /** `CONTROL_WIDEN` is set where an error came too near the slack of the census: then the answers are worth nothing. */
  readonly control: Int32Array;
  /** Float64, shared: `POWERS` sums per tile, so that the total does not depend on which worker did which tile. */
  readonly tileSums: Float64Array;
}

export interface FloatJob extends FloatQuestion {
  readonly kind: 'floats';
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

export interface FloatAnswer {
  readonly top: readonly ScoredPair[];
  readonly bottom: readonly ScoredPair[];
  readonly census: CensusCounts | undefined;
  /** Per query: rows with a larger cosine. */
  readonly better: Float64Array;
  /** By places among the rows that have a direction: of `a`, and of `b` where there is one. Empty where not asked for. */
  readonly nearest: readonly Best[];
}
