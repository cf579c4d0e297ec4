/** @file Decoder rows of the features that arms name, checked; and with which arms a control has to be compared. */

import { AntipodeError } from '../errors.ts';
import type { SaeFile } from '../sae/sae.ts';
import { type FeatureMatrix, rowOf } from '../tensor/matrix.ts';
import type { Arm } from './arm.ts';
import { sweepSuffix } from './article_arms.ts';

/** Distinct features of the arms, in the order in which they are first named. */
export function featuresOfArms(arms: readonly Arm[]): number[] {
  return [...new Set(arms.flatMap(({ parts }) => parts.flatMap(({ features }) => features)))];
}

/** `[d_in]` each. @throws {AntipodeError} `usage` for a feature that is not there, or whose row has no direction */
export async function readArmRows(
  sae: SaeFile,
  arms: readonly Arm[],
): Promise<ReadonlyMap<number, Float32Array>> {
  const features = featuresOfArms(arms);
  if (features.length === 0) return new Map();
  const rows = await sae.readRows('decoder', features);
  checkDirections(rows, features);
  return new Map(features.map((feature, index) => [feature, rowOf(rows, index)]));
}

/** @throws {AntipodeError} `usage` */
export function checkDirections({ defects }: FeatureMatrix, features: readonly number[]): void {
  const [first] = defects;
  if (!first) return;
  const problem = first.defect === 'zero-norm' ? 'is all zeros' : 'holds NaN or infinite values';
  throw new AntipodeError(
    'usage',
    `feature ${features[first.row]}: its decoder row ${problem}, so it has no direction`,
  );
}

/**
 * What `matched` and `random` arms are made like: the arms of one pole of the same sweep factor; where there are none, all that steer; where there are none
 * of that factor, those of any.
 * @throws {AntipodeError} `usage` where no arm steers
 */
export function referenceArms(arms: readonly Arm[], { factor, name }: Arm): Arm[] {
  const steered = arms.filter(({ kind }) => kind === 'steered');
  const alike = steered.filter((arm) => arm.factor === factor);
  const single = alike.filter(({ parts }) => parts.length === 1);
  const found = [single, alike, steered].find((group) => group.length > 0);
  if (found) return found;
  throw new AntipodeError('usage', `arm ${name}: there is no steered arm whose length it could have`, {
    hint: 'add an arm with features, or leave the control out',
  });
}

/** One name in all steps of a sweep, so that a random direction stays the same while its length changes. */
export function nameWithoutFactor({ factor, name }: Pick<Arm, 'factor' | 'name'>): string {
  const suffix = sweepSuffix(factor);
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}

/** Arms that repeat another at a further strength, for its curve. In a sweep all arms are of one rank: none is. */
export function repeatedArms(arms: readonly Pick<Arm, 'factor' | 'name'>[]): ReadonlySet<string> {
  const names = new Set(arms.map(({ name }) => name));
  return new Set(
    arms.flatMap((arm) => {
      const first = nameWithoutFactor(arm);
      return first !== arm.name && names.has(first) ? [arm.name] : [];
    }),
  );
}

/** Every arm once, at the strength of the run; of a sweep all. */
export function withoutRepeated<One extends Pick<Arm, 'factor' | 'name'>>(arms: readonly One[]): One[] {
  const repeated = repeatedArms(arms);
  return arms.filter(({ name }) => !repeated.has(name));
}

/** Float64 sum of coefficient times row, `[d_in]`. */
export function combine(
  terms: Iterable<readonly [row: ArrayLike<number>, coefficient: number]>,
  width: number,
): Float64Array {
  const sum = new Float64Array(width);
  for (const [row, coefficient] of terms) {
    for (let c = 0; c < width; c++) sum[c]! += coefficient * row[c]!;
  }
  return sum;
}

/** Euclidean. */
export function lengthOf(vector: ArrayLike<number>): number {
  let sum = 0;
  for (let c = 0; c < vector.length; c++) sum += vector[c]! ** 2;
  return Math.sqrt(sum);
}
