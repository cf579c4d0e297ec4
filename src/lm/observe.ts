/** @file What the model had at each position of the rows that it generates: position by position, each once, in order, and nothing of rows that ended. */

import type { Capture, Edit, ForwardResult, Steering } from './language_model.ts';
import { isChanged } from './steered_places.ts';

/** Those with one vector per position. */
export type VectorCapture = Exclude<Capture, `pattern.${number}`>;

export interface ObservedPlace {
  readonly row: number;
  /** From 0, the first token of the prompt. */
  readonly position: number;
  /** What the model was fed there. */
  readonly token: number;
  /** Whether steering or an edit that is not nothing was fed with it, looked up in what was fed. */
  readonly isSteered: boolean;
}

export interface Observation {
  readonly captures: readonly VectorCapture[];
  /** @param values `[d_model]` per capture, views that hold during the call only */
  take(place: ObservedPlace, values: ReadonlyMap<VectorCapture, Float32Array>): void;
}

/** One row of a batch, as far as it matters here. */
export interface ObservedRow {
  readonly index: number;
  readonly end: unknown;
  /** Positions that were taken; counted up here. */
  observed: number;
}

/** What one forward pass was fed. */
export interface FedRequest {
  /** Per row: its positions so far, these tokens included. */
  readonly lengths: readonly number[];
  readonly tokens: readonly ArrayLike<number>[];
  readonly steer: readonly Steering[];
  readonly edit: readonly Edit[];
}

/** @param rows as they were before the pass: a row that had ended is passed over; one that was computed anew from its start is taken up where it was left */
export function observe(
  { captures, take }: Observation,
  rows: readonly ObservedRow[],
  request: FedRequest,
  result: ForwardResult,
): void {
  rows.forEach((row, r) => {
    if (row.end !== undefined) return;
    const fed = request.tokens[r]!;
    const first = request.lengths[r]! - fed.length;
    for (let column = Math.max(0, row.observed - first); column < fed.length; column++) {
      const values = new Map(captures.map((name) => [name, vectorAt(result, name, r, column)]));
      take(
        {
          row: row.index,
          position: first + column,
          token: fed[column]!,
          isSteered: isChanged(request, r, column),
        },
        values,
      );
      row.observed = first + column + 1;
    }
  });
}

function vectorAt(
  { captures }: ForwardResult,
  name: VectorCapture,
  row: number,
  column: number,
): Float32Array {
  const captured = captures.get(name);
  if (!captured) throw new Error(`internal: ${name} was not captured`);
  const [, columns = 0, width = 0] = captured.shape;
  const from = (row * columns + column) * width;
  return captured.values.subarray(from, from + width);
}
