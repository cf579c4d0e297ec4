/** @file `--ablate` and `--clamp` as one edit of the residual stream where the SAE reads, and what the output says about it. */

import { AntipodeError } from '../errors.ts';
import { clampEdit } from '../lm/clamp_edit.ts';
import { mergeEdits } from '../lm/combine_edits.ts';
import type { Edit, Site } from '../lm/language_model.ts';
import { projectionEdit } from '../lm/projection_edit.ts';
import type { Sae, SaeFile } from '../sae/sae.ts';
import { type FeatureMatrix, rowOf } from '../tensor/matrix.ts';
import type { ClampTerm, FeatureTerm } from './steer_option.ts';

type Facts = Readonly<Record<string, unknown>>;

/** Null where the option was not given. */
export interface EditFacts {
  readonly ablation: Facts | null;
  readonly clamp: Facts | null;
}

export interface EditTerms {
  readonly ablate: readonly FeatureTerm[];
  readonly clamp: readonly ClampTerm[];
}

interface Planned {
  readonly edit: Edit;
  readonly facts: Facts;
}

/**
 * Both look at the same stream where both are given: a direction that is taken out is written again as far as a clamped feature writes it.
 * @throws {AntipodeError} `usage` for features that are not there, given twice or without a direction, and SAEs that cannot be clamped
 */
export async function editsOf(
  { ablate, clamp }: EditTerms,
  sae: SaeFile,
  { at, layer }: { readonly at: Site; readonly layer: number },
): Promise<{ readonly edit: Edit | undefined; readonly facts: EditFacts }> {
  const place = {
    sae: sae.header.identity.label,
    layer,
    place: `resid.${at}`,
    positions: 'all, the first token included',
  };
  const ablation = ablate.length > 0 ? await ablationOf(ablate, sae, at) : undefined;
  const clamped = clamp.length > 0 ? await clampOf(clamp, sae, at) : undefined;
  const edits = [ablation, clamped].flatMap((planned) => planned?.edit ?? []);
  return {
    edit: edits.length > 0 ? mergeEdits(edits) : undefined,
    facts: {
      ablation: ablation ? { ...place, ...ablation.facts } : null,
      clamp: clamped ? { ...place, ...clamped.facts } : null,
    },
  };
}

async function ablationOf(terms: readonly FeatureTerm[], sae: SaeFile, at: Site): Promise<Planned> {
  const features = featuresOf(terms, '--ablate');
  const rows = await sae.readRows('decoder', features);
  checkDirections(rows, features, '--ablate');
  const directions = features.map((_, i) => rowOf(rows, i));
  const edit = projectionEdit(at, directions);
  const facts = {
    rank: edit.lanes,
    features: features.map((feature, i) => ({ feature, decoder_norm: rows.norms[i] })),
  };
  return { edit, facts };
}

async function clampOf(terms: readonly ClampTerm[], sae: SaeFile, at: Site): Promise<Planned> {
  const features = featuresOf(terms, '--clamp');
  const part = await sae.loadFeatures(features);
  checkDirections(part.W_dec, features, '--clamp');
  checkNumbers(part, features);
  // Feature i of the part is the i-th that was named.
  const clamps = terms.map(({ to }, feature) => ({ feature, to }));
  const facts = { features: terms.map(({ feature, to }) => ({ feature, activation: to })) };
  return { edit: clampEdit(at, part, clamps), facts };
}

function featuresOf(terms: readonly FeatureTerm[], option: string): number[] {
  const features = terms.map(({ feature }) => feature);
  const twice = features.find((feature, i) => features.indexOf(feature) !== i);
  if (twice === undefined) return features;
  throw new AntipodeError('usage', `${option}: feature ${twice} was given twice`);
}

function checkDirections({ defects }: FeatureMatrix, features: readonly number[], option: string): void {
  const [first] = defects;
  if (!first) return;
  const problem = first.defect === 'zero-norm' ? 'is all zeros' : 'holds NaN or infinite values';
  throw new AntipodeError(
    'usage',
    `${option}: the decoder row of feature ${features[first.row]} ${problem}, so it has no direction`,
  );
}

/** Zeros may stand in the encoder: such a feature is as active as its bias says. */
function checkNumbers({ W_enc }: Sae, features: readonly number[]): void {
  const broken = W_enc.defects.find(({ defect }) => defect === 'non-finite');
  if (!broken) return;
  throw new AntipodeError(
    'usage',
    `--clamp: the encoder row of feature ${features[broken.row]} holds NaN or infinite values`,
  );
}
