/**
 * @file Directional ablation: the edit that takes the span of some directions out of the residual stream (x minus U Uᵀ x, U an orthonormal basis).
 * Arditi et al. 2024 (arXiv 2406.11717) do it at every site for one direction.
 */

import { AntipodeError } from '../errors.ts';
import type { Edit, Site } from './language_model.ts';

/**
 * What is left of a unit vector, once the directions before it are taken out, below this counts as nothing: directions that depend on each other
 * leave about 1e-7 of float32 rounding, and a basis vector made of that would be noise.
 */
const MIN_REMAINDER = 1e-6;

/**
 * The projection onto the complement of the span of the directions, at every position. `steer` at the same site is added behind it, as is every
 * part of the directions that a later layer writes: `Edit` says what follows from that.
 * @param directions `[count][d_model]`, at least one, of any lengths and angles; what depends on others adds nothing
 * @throws {AntipodeError} `usage` for no directions, different widths, a zero or non-finite direction
 */
export function projectionEdit(at: Site, directions: readonly ArrayLike<number>[]): Edit {
  const basis = orthonormalBasis(directions);
  const width = basis[0]!.length;
  const lanes = new Float32Array(basis.length * width);
  basis.forEach((vector, lane) => {
    lanes.set(vector, lane * width);
  });
  return { at, lanes: basis.length, read: lanes, write: lanes };
}

/**
 * An orthonormal basis of the span, in float64: Gram-Schmidt with the farthest direction next, each taken out twice, so that the basis is
 * orthogonal to rounding whatever the angles are.
 * @returns `[rank][d_model]`, the rank at least 1
 * @throws {AntipodeError} as `projectionEdit`
 */
export function orthonormalBasis(directions: readonly ArrayLike<number>[]): Float64Array[] {
  let rest = directions.map((direction, index) => unit(direction, index, directions[0]!.length));
  if (rest.length === 0) throw new AntipodeError('usage', 'projection: no directions were given');
  const basis: Float64Array[] = [];
  while (rest.length > 0) {
    const lengths = rest.map(lengthOf);
    const farthest = lengths.reduce((best, length, i) => (length > lengths[best]! ? i : best), 0);
    if (lengths[farthest]! < MIN_REMAINDER) break;
    const vector = rest[farthest]!;
    for (const earlier of basis) takeOut(vector, earlier);
    scale(vector, 1 / lengthOf(vector));
    basis.push(vector);
    rest = rest.filter((_, i) => i !== farthest);
    for (const other of rest) takeOut(other, vector);
  }
  return basis;
}

function unit(direction: ArrayLike<number>, index: number, width: number): Float64Array {
  const refuse = (problem: string): never => {
    throw new AntipodeError('usage', `projection: direction ${index} ${problem}`);
  };
  if (direction.length !== width) refuse(`has ${direction.length} values (expected ${width}, as the first)`);
  const vector = Float64Array.from(direction);
  if (!vector.every(Number.isFinite)) refuse('holds NaN or infinite values');
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) refuse('is zero: it points nowhere');
  // Scaled first, so that squares of tiny or huge values stay in range.
  for (let c = 0; c < width; c++) vector[c]! /= largest;
  scale(vector, 1 / lengthOf(vector));
  return vector;
}

function lengthOf(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c]! * b[c]!;
  return sum;
}

function scale(vector: Float64Array, factor: number): void {
  for (let c = 0; c < vector.length; c++) vector[c]! *= factor;
}

/** @param axis of length 1 */
function takeOut(vector: Float64Array, axis: Float64Array): void {
  const along = dot(vector, axis);
  for (let c = 0; c < vector.length; c++) vector[c]! -= along * axis[c]!;
}
