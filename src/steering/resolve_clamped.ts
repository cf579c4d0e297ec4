/** @file Arms of the method `clamp`: features set to an activation, what the SAE does not explain kept (`lm/clamp_edit.ts`). */

import { AntipodeError } from '../errors.ts';
import { clampEdit } from '../lm/clamp_edit.ts';
import type { Sae } from '../sae/sae.ts';
import { rowOf } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import type { Arm } from './arm.ts';
import { coefficientsOf, referenceLength, scaledTo, type WrittenRows, written } from './arm_coefficients.ts';
import { checkDirections, featuresOfArms, lengthOf, nameWithoutFactor, referenceArms } from './arm_rows.ts';
import type { ArmIntervention, FeatureCoefficient, ResolveArmsOptions } from './resolve_arms.ts';

/** Drawn for each random feature that is wanted, because some have weights that nothing can be done with. */
const DRAWS_PER_FEATURE = 16;

interface Part {
  readonly sae: Sae;
  /** Which feature of the SAE each of the part's is. */
  readonly features: readonly number[];
}

/** @throws {AntipodeError} as `resolveArms` */
export async function resolveClamped(options: ResolveArmsOptions): Promise<ArmIntervention[]> {
  const features = featuresOfArms(options.arms);
  const sae = await options.sae.loadFeatures(features);
  checkDirections(sae.W_dec, features);
  checkDetectors(sae, features);
  const part = { sae, features };
  const rows = writtenRows(part);
  const resolved: ArmIntervention[] = [];
  for (const arm of options.arms) resolved.push(await resolve(arm, part, rows, options));
  return resolved;
}

async function resolve(
  arm: Arm,
  part: Part,
  rows: WrittenRows,
  options: ResolveArmsOptions,
): Promise<ArmIntervention> {
  switch (arm.kind) {
    case 'control':
    case 'examples':
      return { arm, length: 0, coefficients: [] };
    case 'steered':
      return clamped(arm, coefficientsOf(arm, rows, options), part, options);
    case 'matched': {
      const length = referenceLength(options.arms, arm, rows, options);
      return clamped(arm, scaledTo(length, arm, rows, options), part, options);
    }
    case 'random': {
      const length = referenceLength(options.arms, arm, rows, options);
      const drawn = await drawFeatures(arm, part, options);
      const ones = drawn.features.map((feature) => ({ feature, coefficient: 1 }));
      const each = length / lengthOf(written(ones, writtenRows(drawn)));
      return clamped(
        arm,
        ones.map(({ feature }) => ({ feature, coefficient: each })),
        drawn,
        options,
      );
    }
  }
}

function clamped(
  arm: Arm,
  coefficients: readonly FeatureCoefficient[],
  part: Part,
  { site }: ResolveArmsOptions,
): ArmIntervention {
  const clamps = coefficients.map(({ coefficient, feature }) => ({
    feature: part.features.indexOf(feature),
    to: coefficient,
  }));
  const length = lengthOf(written(coefficients, writtenRows(part)));
  return { arm, edit: clampEdit(site, part.sae, clamps), length, coefficients };
}

/** What one unit of activation writes: not the stored row where activations are counted in its length, or the SAE's input is scaled. */
function writtenRows({ features, sae }: Part): WrittenRows {
  return new Map(
    features.map((feature, index) => {
      const unit = sae.inputScale * (sae.rescaleActsByDecoderNorm ? sae.W_dec.norms[index]! : 1);
      return [feature, Float64Array.from(rowOf(sae.W_dec, index), (value) => value / unit)];
    }),
  );
}

/** As many as the arms that it stands beside have, none of the features of any arm. */
async function drawFeatures(arm: Arm, named: Part, { arms, sae, seed }: ResolveArmsOptions): Promise<Part> {
  const { dSae } = sae.header;
  const like = referenceArms(arms, arm);
  const count = Math.round(
    like.reduce((sum, { parts }) => sum + parts.flatMap(({ features }) => features).length, 0) / like.length,
  );
  const rng = createRng(seed, `features ${nameWithoutFactor(arm)}`);
  const candidates = new Set<number>();
  const taken = new Set(named.features);
  for (let draw = 0; draw < count * DRAWS_PER_FEATURE; draw++) {
    const feature = rng.integer(dSae);
    if (!taken.has(feature)) candidates.add(feature);
  }
  const drawn = [...candidates];
  const loaded = await sae.loadFeatures(drawn);
  const isBroken = (index: number): boolean =>
    [loaded.W_dec, loaded.W_enc].some(({ defects }) => defects.some(({ row }) => row === index));
  const chosen = drawn.filter((_, index) => !isBroken(index)).slice(0, count);
  if (chosen.length === count) return { sae: await sae.loadFeatures(chosen), features: chosen };
  throw new AntipodeError('usage', `arm ${arm.name}: the SAE has not enough other features to draw ${count}`);
}

function checkDetectors({ W_enc }: Sae, features: readonly number[]): void {
  const broken = W_enc.defects.find(({ defect }) => defect === 'non-finite');
  if (!broken) return;
  throw new AntipodeError(
    'usage',
    `feature ${features[broken.row]}: its encoder row holds NaN or infinite values`,
  );
}
