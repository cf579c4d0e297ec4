/**
 * @file Steering and edits at some positions only: what one value for all positions becomes where places are left alone, and which places of a call the
 * model changes. Leaves out which positions those are: `generate.ts` is told.
 */

import type { Edit, Steering } from './language_model.ts';
import { allocateFloats } from './memory_limit.ts';

/** Per row of a batch, per column of one call; columns beyond a row's own tokens are pads, whatever is said of them. */
export type Places = readonly (readonly boolean[])[];

/**
 * The steering with zeros where a place is left alone; as it is where none is.
 * @param steering with `columns` 1, of all rows or one for each of `places`
 */
export function steerPlaces(steering: Steering, places: Places): Steering {
  if (places.every((row) => row.every(Boolean))) return steering;
  const { at, rows = 1, values } = steering;
  const width = values.length / rows;
  const columns = columnsOf(places);
  const spread = allocateFloats(places.length * columns * width, {
    what: `steering of ${places.length} x ${columns} places one by one`,
    hint: 'steer at all positions, shorten the prompt, or ask for fewer rows at a time',
  });
  places.forEach((row, r) => {
    const own = rows === 1 ? values : values.subarray(r * width, (r + 1) * width);
    row.forEach((isSteered, column) => {
      if (isSteered) spread.set(own, (r * columns + column) * width);
    });
  });
  return { at, values: spread, rows: places.length, columns };
}

/** As `steerPlaces`: where a place is left alone every lane keeps what is there and adds nothing. */
export function editPlaces(edit: Edit, places: Places): Edit {
  if (places.every((row) => row.every(Boolean))) return edit;
  const { lanes, rows = 1 } = edit;
  const columns = columnsOf(places);
  const perRow = (values: Float32Array): Float32Array => {
    if (rows !== 1) return values;
    const repeated = new Float32Array(places.length * values.length);
    places.forEach((_, r) => {
      repeated.set(values, r * values.length);
    });
    return repeated;
  };
  const perPlace = (values: Float32Array | undefined, alone: number): Float32Array => {
    const spread = new Float32Array(places.length * columns * lanes).fill(alone);
    places.forEach((row, r) => {
      const from = rows === 1 ? 0 : r * lanes;
      const own = values?.subarray(from, from + lanes) ?? new Float32Array(lanes);
      row.forEach((isSteered, column) => {
        if (isSteered) spread.set(own, (r * columns + column) * lanes);
      });
    });
    return spread;
  };
  return {
    at: edit.at,
    lanes,
    rows: places.length,
    columns,
    read: perRow(edit.read),
    write: perRow(edit.write),
    ...(edit.offset && { offset: perRow(edit.offset) }),
    ...(edit.threshold && { threshold: perRow(edit.threshold) }),
    keep: perPlace(edit.keep, 1),
    target: perPlace(edit.target, 0),
  };
}

/** Whether what a request feeds can change the stream at this place: something not zero is added, or a lane neither keeps all nor adds nothing. */
export function isChanged(
  { edit, steer }: { readonly edit: readonly Edit[]; readonly steer: readonly Steering[] },
  row: number,
  column: number,
): boolean {
  const isNotZero = (value: number): boolean => value !== 0;
  return (
    steer.some((one) => partOf(one.values, one, row, column).some(isNotZero)) ||
    edit.some((one) => {
      if (one.keep === undefined) return true;
      const shape = { rows: one.rows, columns: one.columns };
      return (
        partOf(one.keep, shape, row, column).some((keep) => keep !== 1) ||
        (one.target !== undefined && partOf(one.target, shape, row, column).some(isNotZero))
      );
    })
  );
}

function partOf(
  values: Float32Array,
  { rows = 1, columns = 1 }: { readonly rows?: number | undefined; readonly columns?: number | undefined },
  row: number,
  column: number,
): Float32Array {
  const width = values.length / (rows * columns);
  const place = (rows === 1 ? 0 : row) * columns + (columns === 1 ? 0 : column);
  return values.subarray(place * width, (place + 1) * width);
}

function columnsOf(places: Places): number {
  return places.reduce((most, row) => Math.max(most, row.length), 0);
}
