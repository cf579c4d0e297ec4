/**
 * @file What `antipode generate` does to the residual stream, out of `--steer`, `--ablate`, `--clamp` and an SAE: checked against the model, with facts for
 * the output.
 */

import { AntipodeError } from '../errors.ts';
import type { ModelConfig } from '../lm/config.ts';
import type { Edit, Steering } from '../lm/language_model.ts';
import type { SaeFile } from '../sae/sae.ts';
import { rowOf } from '../tensor/matrix.ts';
import type { CliContext } from './context.ts';
import { type EditFacts, editsOf } from './feature_edits.ts';
import type { GenerateFlags } from './generate_flags.ts';
import { checkFits } from './model_inputs.ts';
import { openNamedSae } from './open_named_sae.ts';
import { placeOfSae } from './sae_place.ts';
import {
  type ClampTerm,
  checkSameSae,
  type FeatureTerm,
  parseAblate,
  parseClamp,
  parseSteer,
  type SteerTerm,
} from './steer_option.ts';

/** Options as they were parsed, before anything is opened. */
export interface InterventionTerms {
  readonly steer: readonly SteerTerm[];
  readonly ablate: readonly FeatureTerm[];
  readonly clamp: readonly ClampTerm[];
}

export interface Interventions {
  readonly steer: readonly Steering[];
  readonly edit: readonly Edit[];
  /** For the output as JSON: null where there are none. */
  readonly facts: EditFacts & { readonly steering: Readonly<Record<string, unknown>> | null };
}

/** @throws {AntipodeError} `usage` */
export function parseInterventions(
  flags: Pick<GenerateFlags, 'ablate' | 'clamp' | 'steer'>,
): InterventionTerms {
  return {
    steer: (flags.steer ?? []).map((text) => parseSteer(text)),
    ablate: (flags.ablate ?? []).map((text) => parseAblate(text)),
    clamp: (flags.clamp ?? []).map((text) => parseClamp(text)),
  };
}

/** Undefined where nothing is steered, or its SAE is not named. */
export function namedSae(
  { sae }: Pick<GenerateFlags, 'sae'>,
  { ablate, clamp, steer }: InterventionTerms,
): string | undefined {
  const all = [...steer, ...ablate, ...clamp];
  return all.length === 0 ? undefined : (sae ?? all.find((term) => term.sae !== undefined)?.sae);
}

/** @throws {AntipodeError} `usage` where no SAE or layer is named or they do not fit the model, and as `openNamedSae` */
export async function planInterventions(
  context: CliContext,
  flags: GenerateFlags,
  terms: InterventionTerms,
  config: ModelConfig,
): Promise<Interventions> {
  const all = [...terms.steer, ...terms.ablate, ...terms.clamp];
  if (all.length === 0) {
    if (flags.sae !== undefined) {
      context
        .out()
        .warn('--sae: nothing is steered, because no feature is named (--steer, --ablate or --clamp)');
    }
    return { steer: [], edit: [], facts: { steering: null, ablation: null, clamp: null } };
  }
  const option = terms.steer.length > 0 ? '--steer' : terms.ablate.length > 0 ? '--ablate' : '--clamp';
  const ref = namedSae(flags, terms);
  if (ref === undefined) {
    throw new AntipodeError('usage', `${option}: no SAE is named`, {
      hint: 'add --sae with the SAE that the feature belongs to',
    });
  }
  const sae = await openNamedSae(context, flags, ref);
  try {
    const { identity } = sae.header;
    checkSameSae(all, identity, option);
    const layer = layerOf(all, sae, option);
    checkFits(sae.header, layer, config);
    const steered = terms.steer.length > 0 ? await steeringOf(terms.steer, sae, layer) : undefined;
    const { edit, facts } = await editsOf(terms, sae, { at: placeOfSae(identity, layer), layer });
    return {
      steer: steered ? [steered.steering] : [],
      edit: edit ? [edit] : [],
      facts: { steering: steered?.facts ?? null, ...facts },
    };
  } finally {
    await sae.close();
  }
}

function layerOf(terms: readonly FeatureTerm[], { header: { identity } }: SaeFile, option: string): number {
  const layer = terms.find((term) => term.layer !== undefined)?.layer ?? identity.layer;
  const clash = [identity.layer, ...terms.map((term) => term.layer)].find(
    (one) => one !== undefined && one !== layer,
  );
  if (layer !== undefined && clash === undefined) return layer;
  throw new AntipodeError(
    'usage',
    `${option}: the layer is ${layer === undefined ? 'not known' : `${layer} and ${clash}`}`,
    {
      hint: 'name features as LAYER:FEATURE, for --steer LAYER:FEATURE:STRENGTH, all of the layer that --sae belongs to',
    },
  );
}

/** The sum of strength times decoder row, where the SAE reads, at every position. */
async function steeringOf(
  terms: readonly SteerTerm[],
  sae: SaeFile,
  layer: number,
): Promise<{ readonly steering: Steering; readonly facts: Readonly<Record<string, unknown>> }> {
  const { identity, dIn } = sae.header;
  const rows = await sae.readRows(
    'decoder',
    terms.map(({ feature }) => feature),
  );
  const at = placeOfSae(identity, layer);
  const values = new Float32Array(dIn);
  terms.forEach(({ strength }, t) => {
    rowOf(rows, t).forEach((value, c) => {
      values[c]! += strength * value;
    });
  });
  return {
    steering: { at, values },
    facts: {
      sae: identity.label,
      layer,
      place: `resid.${at}`,
      positions: 'all, the first token included',
      length: Math.hypot(...values),
      features: terms.map(({ feature, strength }, t) => ({
        feature,
        strength,
        decoder_norm: rows.norms[t],
      })),
    },
  };
}
