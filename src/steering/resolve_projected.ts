/**
 * @file Arms of the methods `project-out`, (I - P) h, and `orthogonal`, (I - P) h + c P h, with P the projection onto the span of the arm's decoder rows.
 * Where the parts of an arm have different c, P h is split into its coordinates along the rows (least squares: they sum to P h), and each coordinate is
 * multiplied with its own c.
 */

import { AntipodeError } from '../errors.ts';
import type { Edit } from '../lm/language_model.ts';
import { orthonormalBasis, projectionEdit } from '../lm/projection_edit.ts';
import type { Arm } from './arm.ts';
import { nameWithoutFactor, readArmRows, referenceArms } from './arm_rows.ts';
import { dualBasis } from './dual_basis.ts';
import { randomDirection } from './resolve_added.ts';
import type { ArmIntervention, FeatureCoefficient, ResolveArmsOptions } from './resolve_arms.ts';

type Rows = ReadonlyMap<number, Float32Array>;

/** @throws {AntipodeError} as `resolveArms` */
export async function resolveProjected(options: ResolveArmsOptions): Promise<ArmIntervention[]> {
  const rows = await readArmRows(options.sae, options.arms);
  return options.arms.map((arm) => resolve(arm, rows, options));
}

function resolve(arm: Arm, rows: Rows, options: ResolveArmsOptions): ArmIntervention {
  const { method } = options;
  switch (arm.kind) {
    case 'control':
    case 'examples':
      return { arm, length: 0, coefficients: [] };
    case 'matched':
      throw new AntipodeError(
        'usage',
        `arm ${arm.name}: ${method} adds nothing whose length could be matched`,
        {
          hint: 'leave it out (matched: false), or take the method add or clamp',
        },
      );
    case 'steered': {
      const coefficients = factorsOf(arm, options);
      const directions = coefficients.map(({ feature }) => rows.get(feature)!);
      const edit = scaleEdit(
        directions,
        coefficients.map(({ coefficient }) => coefficient),
        { arm, options },
      );
      return { arm, edit, length: 0, coefficients };
    }
    case 'random': {
      const like = referenceArms(options.arms, arm);
      const ranks = like.map((one) => rankOf(one, rows));
      const count = Math.max(1, Math.round(mean(ranks)));
      const name = nameWithoutFactor(arm);
      const directions = Array.from({ length: count }, (_, index) =>
        randomDirection(options.sae.header.dIn, options.seed, count === 1 ? name : `${name}, ${index + 1}`),
      );
      const factor = method === 'project-out' ? 0 : mean(like.flatMap(strengthsOf));
      const factors = directions.map(() => factor);
      return { arm, edit: scaleEdit(directions, factors, { arm, options }), length: 0, coefficients: [] };
    }
  }
}

function factorsOf(arm: Arm, { method }: ResolveArmsOptions): FeatureCoefficient[] {
  const factors = new Map<number, number>();
  for (const { features, strength } of arm.parts) {
    const coefficient = method === 'project-out' ? 0 : strength;
    for (const feature of features) {
      const known = factors.get(feature);
      if (known !== undefined && known !== coefficient) {
        throw new AntipodeError(
          'usage',
          `arm ${arm.name}: feature ${feature} would be multiplied with ${known} and with ${coefficient}`,
        );
      }
      factors.set(feature, coefficient);
    }
  }
  return [...factors].map(([feature, coefficient]) => ({ feature, coefficient }));
}

interface Context {
  readonly arm: Arm;
  readonly options: ResolveArmsOptions;
}

/** x minus its coordinates along the directions, plus each times its factor. */
function scaleEdit(
  directions: readonly ArrayLike<number>[],
  factors: readonly number[],
  { arm, options: { site } }: Context,
): Edit {
  const [first] = factors;
  if (first === undefined) throw new AntipodeError('usage', `arm ${arm.name}: names no feature`);
  // One factor for all needs no coordinates: an orthonormal basis does, whatever the angles are.
  if (factors.every((factor) => factor === first)) {
    const edit = projectionEdit(site, directions);
    return first === 0 ? edit : { ...edit, keep: new Float32Array(edit.lanes).fill(first) };
  }
  const dual = dualBasis(directions);
  if (!dual) {
    throw new AntipodeError(
      'usage',
      `arm ${arm.name}: its decoder rows depend on each other, so that no part has a share of its own`,
      { hint: 'leave a feature out, or steer with add' },
    );
  }
  const flat = (vectors: readonly ArrayLike<number>[]): Float32Array =>
    Float32Array.from(vectors.flatMap((vector) => Array.from(vector)));
  return {
    at: site,
    lanes: directions.length,
    read: flat(dual),
    write: flat(directions),
    keep: Float32Array.from(factors),
  };
}

function rankOf({ parts }: Arm, rows: Rows): number {
  const features = [...new Set(parts.flatMap((part) => part.features))];
  return orthonormalBasis(features.map((feature) => rows.get(feature)!)).length;
}

function strengthsOf({ parts }: Arm): number[] {
  return parts.map(({ strength }) => Math.abs(strength));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
