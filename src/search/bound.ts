/**
 * @file How far a cosine can be from its estimate by small integers: the inequality on which the exactness of the int8 search rests.
 *
 * Let a be a row divided by its length, so that cos = <a_i, a_j>. The coordinates, in an order common to all rows, are cut into parts and a tail. In part p
 * a row is written as a_p = u_p + e_p, where u_p is what integers say (scale times integers) and e_p what rounding lost. Then
 *
 *   cos - sum_p <u_ip, u_jp> = sum_p ( <u_ip, e_jp> + <e_ip, u_jp> + <e_ip, e_jp> ) + <tail_i, tail_j>.
 *
 * With |u_ip| <= alpha_p for all rows, |e_ip| <= eps_ip and |tail_i| <= t_i, Cauchy-Schwarz and xy <= (x^2 + y^2) / 2 give
 *
 *   |cos - sum_p <u_ip, u_jp>| <= beta_i + beta_j,   beta_i = sum_p ( alpha_p eps_ip + eps_ip^2 / 2 ) + t_i^2 / 2.
 *
 * The bound is a sum of one term per row, so that a scan over products compares each with one number per row and one per column. The integer
 * products <q_ip, q_jp> are exact. What floating point adds is in the constants below:
 * - A unit coordinate is rounded once to float32, its reconstruction scale * q once, their difference once: with u = 2^-24 the computed
 *   residual r obeys |e| <= |r| (1 + u) + (2 + 2^-6) u |a_p|, since |u_p| <= (1 + 2^-7) |a_p|. The sum of its squares adds relative 3u.
 *   Coordinates below the range of float32 lose less than 1e-37 each.
 * - The squared length of a part, taken over rounded coordinates, is off by a relative 5u.
 * - Row lengths and the reported cosine itself are float64 sums over d terms: off by (d + 16) 2^-52 together, which also covers the three
 *   roundings of the estimate (Higham 2002, section 3.1).
 */

/** Per row and part: scale, |r|, squared length of the part; float64, as the quantising kernel writes them. */
export const FIGURES_PER_ROW = 3;

const RESIDUAL_SLACK = 1e-6;
const COORDINATE_SLACK = 4e-7;
const UNDERFLOW = 1e-15;
const LENGTH_SLACK = 1e-6;

/** One part of all rows of one or two matrices. */
export interface PartFigures {
  /** `[rows * FIGURES_PER_ROW]` of each matrix. */
  readonly sides: readonly Float64Array[];
}

export interface RowBoundOptions {
  /** Parts that the estimate is made of. */
  readonly parts: readonly PartFigures[];
  /** True when the parts hold every coordinate, so that there is no tail. */
  readonly isWhole: boolean;
  /** Width of the rows. */
  readonly d: number;
}

/** eps: a bound on what rounding lost of one row in one part. */
export function lostBound(figures: Float64Array, row: number): number {
  const lost = figures[row * FIGURES_PER_ROW + 1]!;
  const squares = figures[row * FIGURES_PER_ROW + 2]!;
  return lost * (1 + RESIDUAL_SLACK) + COORDINATE_SLACK * Math.sqrt(squares) + UNDERFLOW;
}

/** alpha: a row's reconstruction in one part is not longer. */
export function lengthBound(figures: Float64Array, row: number): number {
  return Math.sqrt(figures[row * FIGURES_PER_ROW + 2]! * (1 + LENGTH_SLACK)) + lostBound(figures, row);
}

/** What float64 adds for each of the two rows of a pair. */
export function roundingPerRow(d: number): number {
  return (d + 16) * 2 ** -52;
}

/** beta of every row, per matrix, as float32 rounded up, over shared memory. */
export function rowBounds({ parts, isWhole, d }: RowBoundOptions): Float32Array[] {
  const alphas = parts.map(largestLength);
  const rounding = roundingPerRow(d);
  return parts[0]!.sides.map((_, side) => {
    const figures = parts.map((part) => part.sides[side]!);
    const rows = figures[0]!.length / FIGURES_PER_ROW;
    const bounds = new Float32Array(new SharedArrayBuffer(4 * rows));
    for (let row = 0; row < rows; row++) {
      let beta = rounding;
      let inside = 0;
      for (let p = 0; p < parts.length; p++) {
        const eps = lostBound(figures[p]!, row);
        beta += alphas[p]! * eps + (eps * eps) / 2;
        inside += figures[p]![row * FIGURES_PER_ROW + 2]!;
      }
      if (!isWhole) beta += Math.max(0, 1 - inside * (1 - LENGTH_SLACK)) / 2;
      bounds[row] = beta * (1 + 2 ** -22);
    }
    return bounds;
  });
}

/** alpha: no row's reconstruction in this part is longer. */
function largestLength({ sides }: PartFigures): number {
  let most = 0;
  for (const figures of sides) {
    for (let row = 0; row * FIGURES_PER_ROW < figures.length; row++) {
      most = Math.max(most, lengthBound(figures, row));
    }
  }
  return most;
}

/** Scales of every row of one part, as float32 over shared memory: the kernels' own values. */
export function scalesOf(figures: Float64Array): Float32Array {
  const rows = figures.length / FIGURES_PER_ROW;
  const scales = new Float32Array(new SharedArrayBuffer(4 * rows));
  for (let row = 0; row < rows; row++) scales[row] = figures[row * FIGURES_PER_ROW]!;
  return scales;
}
