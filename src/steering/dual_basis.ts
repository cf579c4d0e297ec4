/** @file The dual basis of some directions: what reads the coordinates of a vector's projection onto their span. Float64. */

/** A direction of which less than this share of its length stands on the others has coordinates that are rounding noise in float32. */
const MIN_SHARE = 1e-3;

/**
 * Vectors d_i in the span with d_i . w_j = 1 for i = j, else 0: then sum of (x . d_i) w_i is the orthogonal projection of x onto the span.
 * @param directions w, `[count][width]`, finite and not zero
 * @returns `[count][width]`; undefined where a direction nearly lies in the span of the others
 */
export function dualBasis(directions: readonly ArrayLike<number>[]): Float64Array[] | undefined {
  const rows = directions.map((direction) => Float64Array.from(direction));
  const dual = rows.map((row, index) => {
    // What stands on all others, in turn: twice, so that it does to rounding.
    const others = basisOf(rows.filter((_, other) => other !== index));
    const rest = Float64Array.from(row);
    for (let pass = 0; pass < 2; pass++) for (const other of others) takeOut(rest, other);
    const share = Math.sqrt(dot(rest, rest) / dot(row, row));
    return share < MIN_SHARE ? undefined : scaled(rest, 1 / dot(rest, row));
  });
  return dual.every((vector) => vector !== undefined) ? dual : undefined;
}

/** Orthonormal, of the span; what depends on those before it adds nothing that matters here, because the caller then finds a share of zero. */
function basisOf(rows: readonly Float64Array[]): Float64Array[] {
  const basis: Float64Array[] = [];
  for (const row of rows) {
    const rest = Float64Array.from(row);
    for (let pass = 0; pass < 2; pass++) for (const earlier of basis) takeOut(rest, earlier);
    const length = Math.sqrt(dot(rest, rest));
    if (length > MIN_SHARE * Math.sqrt(dot(row, row))) basis.push(scaled(rest, 1 / length));
  }
  return basis;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c]! * b[c]!;
  return sum;
}

function scaled(vector: Float64Array, factor: number): Float64Array {
  return vector.map((value) => value * factor);
}

/** @param axis of length 1 */
function takeOut(vector: Float64Array, axis: Float64Array): void {
  const along = dot(vector, axis);
  for (let c = 0; c < vector.length; c++) vector[c]! -= along * axis[c]!;
}
