/** @file Some rows or columns of an edit: what one batch or one run has of it. */

import type { Edit } from './language_model.ts';

/** The columns from `from` up to, but not including, `to`; the edit itself where it is the same at all positions. */
export function columnsOfEdit(edit: Edit, from: number, to: number): Edit {
  const { columns = 1, lanes, rows = 1 } = edit;
  if (columns === 1 || to - from === columns) return edit;
  const part = (values: Float32Array): Float32Array => {
    const own = new Float32Array(rows * (to - from) * lanes);
    for (let row = 0; row < rows; row++) {
      const start = row * columns;
      own.set(values.subarray((start + from) * lanes, (start + to) * lanes), row * (to - from) * lanes);
    }
    return own;
  };
  const { keep, target } = edit;
  return {
    ...edit,
    columns: to - from,
    ...(keep && { keep: part(keep) }),
    ...(target && { target: part(target) }),
  };
}

/** The rows of these indices, in their order; the edit itself where it is the same for all rows. */
export function rowsOfEdit(edit: Edit, indices: readonly number[]): Edit {
  const { rows = 1 } = edit;
  if (rows === 1) return edit;
  const part = (values: Float32Array): Float32Array => {
    const width = values.length / rows;
    const own = new Float32Array(indices.length * width);
    indices.forEach((index, place) => {
      own.set(values.subarray(index * width, (index + 1) * width), place * width);
    });
    return own;
  };
  const { keep, offset, target, threshold } = edit;
  return {
    ...edit,
    rows: indices.length,
    read: part(edit.read),
    write: part(edit.write),
    ...(offset && { offset: part(offset) }),
    ...(threshold && { threshold: part(threshold) }),
    ...(keep && { keep: part(keep) }),
    ...(target && { target: part(target) }),
  };
}
