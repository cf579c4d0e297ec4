/** @file Each row's nearest and most opposed other row, as it is put together from cosines of single pairs. */

/** Per row of the matrix; -1 and NaN for rows without a direction, and where no other row has one. */
export interface NearestRows {
  /** The row with the largest cosine; the smallest index of equals. */
  readonly nearest: Int32Array;
  /** Its float64 cosine. */
  readonly nearestCos: Float64Array;
  /** The row with the smallest cosine; the smallest index of equals. */
  readonly opposed: Int32Array;
  readonly opposedCos: Float64Array;
}

/** The same by places among the rows that have a direction, of what one worker or all have decided. */
export type Best = NearestRows;

/** Nothing decided yet. */
export function emptyAnswer(rows: number): Best {
  return {
    nearest: new Int32Array(rows).fill(-1),
    nearestCos: new Float64Array(rows).fill(Number.NaN),
    opposed: new Int32Array(rows).fill(-1),
    opposedCos: new Float64Array(rows).fill(Number.NaN),
  };
}

/** Ties go to the row with the smaller index. */
export function enter(best: Best, row: number, other: number, cos: number): void {
  const { nearest, nearestCos, opposed, opposedCos } = best;
  const isFirst = nearest[row] === -1;
  if (isFirst || cos > nearestCos[row]! || (cos === nearestCos[row] && other < nearest[row]!)) {
    nearest[row] = other;
    nearestCos[row] = cos;
  }
  if (opposed[row] === -1 || cos < opposedCos[row]! || (cos === opposedCos[row] && other < opposed[row]!)) {
    opposed[row] = other;
    opposedCos[row] = cos;
  }
}

/** Enters what one worker decided. */
export function takeOver(best: Best, { nearest, nearestCos, opposed, opposedCos }: Best): void {
  for (let row = 0; row < nearest.length; row++) {
    if (nearest[row] !== -1) enter(best, row, nearest[row]!, nearestCos[row]!);
    if (opposed[row] !== -1) enter(best, row, opposed[row]!, opposedCos[row]!);
  }
}

/** From places among the rows with a direction to rows of the matrix; `others` has the rows that are pointed at, where they are of another matrix. */
export function inAllRows(
  best: Best,
  usable: Int32Array,
  rows: number,
  others: Int32Array = usable,
): NearestRows {
  const all = emptyAnswer(rows);
  usable.forEach((row, place) => {
    if (best.nearest[place] === -1) return;
    all.nearest[row] = others[best.nearest[place]!]!;
    all.nearestCos[row] = best.nearestCos[place]!;
    all.opposed[row] = others[best.opposed[place]!]!;
    all.opposedCos[row] = best.opposedCos[place]!;
  });
  return all;
}
