/** @file Which places of a batch have results, and whether those are numbers. */

import type { Batch } from './batch.ts';
import type { ForwardRequest } from './language_model.ts';

export interface Place {
  /** Into rows * columns. */
  readonly source: number;
  readonly row: number;
  readonly column: number;
}

/** The tokens that `which` asks for, row by row; pads are never among them. */
export function placesOf(batch: Batch, which: NonNullable<ForwardRequest['logits']>): Place[] {
  const { columns, lastColumns, positions, rows } = batch;
  const places: Place[] = [];
  for (let row = 0; which !== 'none' && row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const source = row * columns + column;
      const isWanted = which === 'last' ? column === lastColumns[row] : positions[source]! >= 0;
      if (isWanted) places.push({ source, row, column });
    }
  }
  return places;
}

/** The first of these outputs with a NaN or an infinity in it. */
export function firstNonFinite(
  names: readonly string[],
  value: (name: string) => Float32Array,
): string | undefined {
  return names.find((name) => !areFinite(value(name)));
}

function areFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
