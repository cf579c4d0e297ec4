/** @file From the strengths of an arm to one coefficient per feature, in each of the units; lengths of what they add; what controls are scaled to. */

import { AntipodeError } from '../errors.ts';
import type { Arm, ArmPart } from './arm.ts';
import { combine, lengthOf, referenceArms } from './arm_rows.ts';
import type { FeatureCoefficient, ResolveArmsOptions } from './resolve_arms.ts';

/** What features write per unit of their coefficient, `[d_model]` each. */
export type WrittenRows = ReadonlyMap<number, ArrayLike<number>>;

type Units = Pick<ResolveArmsOptions, 'maxActivations' | 'meanNorm' | 'unit'>;

/** @throws {AntipodeError} `usage` where the unit cannot be had */
export function coefficientsOf(arm: Arm, rows: WrittenRows, units: Units): FeatureCoefficient[] {
  const sums = new Map<number, number>();
  for (const part of arm.parts) {
    for (const feature of part.features) {
      sums.set(feature, (sums.get(feature) ?? 0) + coefficientOf(feature, part, rows, units));
    }
  }
  return [...sums].map(([feature, coefficient]) => ({ feature, coefficient }));
}

function coefficientOf(
  feature: number,
  { features, strength }: ArmPart,
  rows: WrittenRows,
  { maxActivations, meanNorm, unit }: Units,
): number {
  switch (unit) {
    case 'absolute':
      return strength;
    case 'max-activation': {
      const largest = maxActivations?.get(feature);
      if (largest !== undefined && largest > 0 && Number.isFinite(largest)) return strength * largest;
      throw new AntipodeError('usage', `feature ${feature}: its largest activation is not known`, {
        hint: 'import explanations that hold it (antipode features import), or take the unit absolute or mean-norm',
      });
    }
    case 'mean-norm': {
      if (meanNorm === undefined || !(meanNorm > 0 && Number.isFinite(meanNorm))) {
        throw new AntipodeError(
          'usage',
          `mean norm: got ${meanNorm}, expected the length of the residual stream`,
        );
      }
      const length = lengthOf(sumOf(features, rows));
      if (length > 0) return (strength * meanNorm) / length;
      throw new AntipodeError(
        'usage',
        `features ${features.join(', ')}: their decoder rows sum to zero, which has no direction`,
      );
    }
  }
}

function sumOf(features: readonly number[], rows: WrittenRows): Float64Array {
  return written(
    features.map((feature) => ({ feature, coefficient: 1 })),
    rows,
  );
}

/** What the coefficients write together, `[d_model]`, float64. */
export function written(coefficients: readonly FeatureCoefficient[], rows: WrittenRows): Float64Array {
  const row = (feature: number): ArrayLike<number> => {
    const found = rows.get(feature);
    if (!found) throw new Error(`internal: feature ${feature} was not read`);
    return found;
  };
  const [first] = coefficients;
  return combine(
    coefficients.map(({ coefficient, feature }) => [row(feature), coefficient] as const),
    first ? row(first.feature).length : 0,
  );
}

/** Mean length of the arms that a control is compared with. @throws {AntipodeError} `usage` where none steers */
export function referenceLength(arms: readonly Arm[], control: Arm, rows: WrittenRows, units: Units): number {
  const lengths = referenceArms(arms, control).map((arm) =>
    lengthOf(written(coefficientsOf(arm, rows, units), rows)),
  );
  return lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
}

/** The parts, scaled so that together they have this length. @throws {AntipodeError} `usage` where they cancel out */
export function scaledTo(length: number, arm: Arm, rows: WrittenRows, units: Units): FeatureCoefficient[] {
  const coefficients = coefficientsOf(arm, rows, units);
  const own = lengthOf(written(coefficients, rows));
  if (!(own > 0)) {
    throw new AntipodeError(
      'usage',
      `arm ${arm.name}: its parts cancel out, so no length can be given to them`,
    );
  }
  return coefficients.map(({ coefficient, feature }) => ({
    feature,
    coefficient: (coefficient * length) / own,
  }));
}
