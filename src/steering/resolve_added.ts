/** @file Arms of the method `add`: h + the sum of coefficient times decoder row, as one vector. */

import { AntipodeError } from '../errors.ts';
import { MAX_STEERING } from '../lm/request_checks.ts';
import { createRng } from '../tensor/rng.ts';
import type { Arm } from './arm.ts';
import { coefficientsOf, referenceLength, scaledTo, type WrittenRows, written } from './arm_coefficients.ts';
import { lengthOf, nameWithoutFactor, readArmRows } from './arm_rows.ts';
import type { ArmIntervention, FeatureCoefficient, ResolveArmsOptions } from './resolve_arms.ts';

/** @throws {AntipodeError} as `resolveArms` */
export async function resolveAdded(options: ResolveArmsOptions): Promise<ArmIntervention[]> {
  const rows = await readArmRows(options.sae, options.arms);
  return options.arms.map((arm) => resolve(arm, rows, options));
}

function resolve(arm: Arm, rows: WrittenRows, options: ResolveArmsOptions): ArmIntervention {
  switch (arm.kind) {
    case 'control':
    case 'examples':
      return { arm, length: 0, coefficients: [] };
    case 'steered':
      return steeredBy(arm, coefficientsOf(arm, rows, options), rows);
    case 'matched': {
      const length = referenceLength(options.arms, arm, rows, options);
      return ofCoefficients(arm, scaledTo(length, arm, rows, options), rows);
    }
    case 'random': {
      const length = referenceLength(options.arms, arm, rows, options);
      const direction = randomDirection(options.sae.header.dIn, options.seed, nameWithoutFactor(arm));
      return ofVector(
        arm,
        direction.map((value) => value * length),
        [],
      );
    }
  }
}

/** Of the lengths of its terms: float64 sums that are meant to cancel leave less. */
const CANCELLED = 1e-9;

/** An arm that adds nothing would be a second control under another name. */
function steeredBy(
  arm: Arm,
  coefficients: readonly FeatureCoefficient[],
  rows: WrittenRows,
): ArmIntervention {
  const intervention = ofCoefficients(arm, coefficients, rows);
  const terms = coefficients.reduce((sum, one) => sum + lengthOf(written([one], rows)), 0);
  const isAdded = intervention.steering?.some((value) => value !== 0) === true;
  if (isAdded && intervention.length > CANCELLED * terms) return intervention;
  const isMeant = arm.parts.some(({ strength }) => strength !== 0);
  const problem = isMeant ? 'its parts cancel out' : 'its strengths are 0';
  throw new AntipodeError('usage', `arm ${arm.name}: ${problem}, so that it would steer nothing`, {
    hint: 'leave the arm out, or give its parts other strengths',
  });
}

function ofCoefficients(
  arm: Arm,
  coefficients: readonly FeatureCoefficient[],
  rows: WrittenRows,
): ArmIntervention {
  return ofVector(arm, written(coefficients, rows), coefficients);
}

function ofVector(
  arm: Arm,
  vector: Float64Array,
  coefficients: readonly FeatureCoefficient[],
): ArmIntervention {
  const steering = Float32Array.from(vector);
  if (!steering.every((value) => Math.abs(value) <= MAX_STEERING)) {
    throw new AntipodeError(
      'usage',
      `arm ${arm.name}: what it adds is too large (expected at most ${MAX_STEERING} in each direction)`,
      { hint: 'take a smaller strength' },
    );
  }
  return { arm, steering, length: lengthOf(vector), coefficients };
}

/** Uniform on the sphere: `[width]`, of length 1, the same for the same seed and name. */
export function randomDirection(width: number, seed: number, name: string): Float64Array {
  const rng = createRng(seed, `direction ${name}`);
  const vector = Float64Array.from({ length: width }, () => rng.normal());
  const length = lengthOf(vector);
  return vector.map((value) => value / length);
}
