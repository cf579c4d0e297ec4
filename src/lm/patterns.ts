/** @file Attention patterns of one run to their places in the result: rows of keys by slot, without the slots that a past keeps free. */

import type { Batch } from './batch.ts';
import type { ModelConfig } from './config.ts';
import type { PastStore } from './past_store.ts';
import { placesOf } from './results.ts';

/** `[rows, heads, columns, keys]`. */
export function patternShape({ rows, columns }: Batch, { heads }: ModelConfig, keys: number): number[] {
  return [rows, heads, columns, keys];
}

export interface PatternCopy {
  /** `[rows, heads, columns of the part, capacity + columns of the part]`. */
  readonly source: Float32Array;
  /** `[rows, heads, columns of the whole, keys]`, zeros where nothing is written. */
  readonly target: Float32Array;
  readonly part: Batch;
  readonly whole: Batch;
  /** The column of the whole that the part begins with. */
  readonly from: number;
  /** As the run saw it: its used slots are the keys before the part's own. */
  readonly store: PastStore;
  readonly heads: number;
}

/** Pads are left out: in the graph they look at themselves. */
export function copyPattern(copy: PatternCopy): void {
  const { source, target, part, whole, from, store, heads } = copy;
  const { capacity, used } = store;
  const width = capacity + part.columns;
  const keys = target.length / (whole.rows * heads * whole.columns);
  for (const { row, column } of placesOf(part, 'all')) {
    for (let head = 0; head < heads; head++) {
      const at = ((row * heads + head) * part.columns + column) * width;
      const to = ((row * heads + head) * whole.columns + from + column) * keys;
      target.set(source.subarray(at, at + used), to);
      target.set(source.subarray(at + capacity, at + width), to + used);
    }
  }
}
