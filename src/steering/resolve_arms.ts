/**
 * @file Arms as what a model is given: a vector that is added to the residual stream, or an edit of it. Definitions: METHOD, section 5, and `arm.ts`.
 * Everything is computed in float64 from the stored rows and rounded to float32 once.
 */

import type { Edit, Site } from '../lm/language_model.ts';
import type { SaeFile } from '../sae/sae.ts';
import type { Arm, SteerMethod, StrengthUnit } from './arm.ts';
import { resolveAdded } from './resolve_added.ts';
import { resolveClamped } from './resolve_clamped.ts';
import { resolveProjected } from './resolve_projected.ts';

export interface FeatureCoefficient {
  readonly feature: number;
  /**
   * `add`: what its decoder row is multiplied with. `clamp`: the activation that it is set to. `orthogonal`: what is left of its share of the stream is
   * multiplied with this. `project-out`: 0.
   */
  readonly coefficient: number;
}

/** Neither `steering` nor `edit` is there where the arm steers nothing. */
export interface ArmIntervention {
  readonly arm: Arm;
  /** `[d_model]`, finite; for `add`. */
  readonly steering?: Float32Array;
  /** For the other methods; rows and columns 1. */
  readonly edit?: Edit;
  /**
   * Euclidean length of the sum of coefficient times decoder row: for `add` that of what is added; for `clamp`, which adds what is missing to the
   * coefficients, only what controls are matched by. 0 for `project-out` and `orthogonal`, which add nothing of their own.
   */
  readonly length: number;
  /** In the order of the parts, a feature of several parts once; empty where random directions are taken. */
  readonly coefficients: readonly FeatureCoefficient[];
}

export interface ResolveArmsOptions {
  readonly sae: SaeFile;
  /** Where the SAE reads and writes. */
  readonly site: Site;
  /** Names unique. */
  readonly arms: readonly Arm[];
  readonly unit: StrengthUnit;
  readonly method: SteerMethod;
  /** Mean Euclidean norm of the residual stream at the site; for `mean-norm`. */
  readonly meanNorm?: number;
  /** By feature; for `max-activation`. */
  readonly maxActivations?: ReadonlyMap<number, number>;
  /** Of random directions and features. */
  readonly seed: number;
}

/**
 * @returns one per arm, in their order
 * @throws {AntipodeError} `usage` for features that are not there or have no direction, a missing mean norm or largest activation, arms without a length
 * to match, and what the method cannot do with this SAE
 */
export async function resolveArms(options: ResolveArmsOptions): Promise<ArmIntervention[]> {
  switch (options.method) {
    case 'add':
      return resolveAdded(options);
    case 'clamp':
      return resolveClamped(options);
    case 'project-out':
    case 'orthogonal':
      return resolveProjected(options);
  }
}
