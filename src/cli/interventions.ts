/** @file What `antipode generate` does to the residual stream, out of `--steer` and an SAE: checked against the model, with facts for the output. */

import { AntipodeError } from '../errors.ts';
import type { ModelConfig } from '../lm/config.ts';
import type { Steering } from '../lm/language_model.ts';
import type { SaeFile } from '../sae/sae.ts';
import { rowOf } from '../tensor/matrix.ts';
import type { CliContext } from './context.ts';
import type { GenerateFlags } from './generate_flags.ts';
import { checkFits } from './model_inputs.ts';
import { openNamedSae } from './open_named_sae.ts';
import { placeOfSae } from './sae_place.ts';
import { checkSameSae, parseSteer, type SteerTerm } from './steer_option.ts';

/** Options as they were parsed, before anything is opened. */
export interface InterventionTerms {
  readonly steer: readonly SteerTerm[];
}

export interface Interventions {
  readonly steer: readonly Steering[];
  /** For the output as JSON: null where there are none. */
  readonly facts: { readonly steering: Readonly<Record<string, unknown>> | null };
}

/** @throws {AntipodeError} `usage` */
export function parseInterventions(flags: Pick<GenerateFlags, 'steer'>): InterventionTerms {
  return { steer: (flags.steer ?? []).map((text) => parseSteer(text)) };
}

/** @throws {AntipodeError} `usage` where no SAE or layer is named or they do not fit the model, and as `openNamedSae` */
export async function planInterventions(
  context: CliContext,
  flags: GenerateFlags,
  terms: InterventionTerms,
  config: ModelConfig,
): Promise<Interventions> {
  if (terms.steer.length === 0) return { steer: [], facts: { steering: null } };
  const ref = flags.sae ?? terms.steer.find(({ sae }) => sae !== undefined)?.sae;
  if (ref === undefined) {
    throw new AntipodeError('usage', '--steer: no SAE is named', {
      hint: 'add --sae with the SAE that the feature belongs to',
    });
  }
  const sae = await openNamedSae(context, flags, ref);
  try {
    checkSameSae(terms.steer, sae.header.identity);
    const layer = layerOf(terms.steer, sae);
    checkFits(sae.header, layer, config);
    const { steering, facts } = await steeringOf(terms.steer, sae, layer);
    return { steer: [steering], facts: { steering: facts } };
  } finally {
    await sae.close();
  }
}

function layerOf(terms: readonly SteerTerm[], { header: { identity } }: SaeFile): number {
  const layer = terms.find((term) => term.layer !== undefined)?.layer ?? identity.layer;
  const clash = [identity.layer, ...terms.map((term) => term.layer)].find(
    (one) => one !== undefined && one !== layer,
  );
  if (layer !== undefined && clash === undefined) return layer;
  throw new AntipodeError(
    'usage',
    `--steer: the layer is ${layer === undefined ? 'not known' : `${layer} and ${clash}`}`,
    { hint: 'name features as LAYER:FEATURE:STRENGTH, all of the layer that --sae belongs to' },
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
