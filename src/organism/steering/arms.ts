/** @file The arms of the steering experiment: the article's seven, no steering, and directions drawn at random (METHOD, section 5). */

import { createRng } from '../../tensor/rng.ts';

export interface Arm {
  /** `none`, `+a`, `-a`, `+b`, `-b`, `+a+b`, `-a+b`, `-b+a`, `random 1` and so on. */
  readonly name: string;
  /** `[d_model]`, what is added at every position. */
  readonly vector: Float32Array;
}

export interface ArmsOptions {
  /** Decoder rows of the two poles' features, `[d_model]` each; their length does not matter. */
  readonly a: Float32Array;
  readonly b: Float32Array;
  /** Length of what is added for one feature, in the units of the residual stream. */
  readonly strength: number;
  readonly randomDirections: number;
  readonly seed: number;
}

const SIGNS: readonly (readonly [string, number, number])[] = [
  ['none', 0, 0],
  ['+a', 1, 0],
  ['+b', 0, 1],
  ['+a+b', 1, 1],
  ['-a+b', -1, 1],
  ['-b+a', 1, -1],
  ['-a', -1, 0],
  ['-b', 0, -1],
];

export function createArms({ a, b, strength, randomDirections, seed }: ArmsOptions): Arm[] {
  const [unitA, unitB] = [unit(a), unit(b)];
  const steered = SIGNS.map(([name, signA, signB]) => ({
    name,
    vector: Float32Array.from(unitA, (value, i) => strength * (signA * value + signB * unitB[i]!)),
  }));
  const random = Array.from({ length: randomDirections }, (_, index) => {
    const rng = createRng(seed, `direction ${index + 1}`);
    const direction = unit(Float64Array.from(a, () => rng.normal()));
    return { name: `random ${index + 1}`, vector: Float32Array.from(direction, (value) => strength * value) };
  });
  return [...steered, ...random];
}

function unit(values: ArrayLike<number>): Float64Array {
  const wide = Float64Array.from(values);
  const norm = Math.sqrt(wide.reduce((sum, value) => sum + value * value, 0));
  if (!(norm > 0)) throw new Error('internal: a feature without a direction cannot steer');
  return wide.map((value) => value / norm);
}
