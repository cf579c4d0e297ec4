/**
 * @file Where in a model an SAE reads and writes: its hook name (TransformerLens's words) as a place that can be steered and captured. Only the
 * residual stream between layers is such a place; SAEs of what a sublayer adds, or of its insides, are refused.
 */

import { AntipodeError } from '../errors.ts';
import type { Site } from '../lm/language_model.ts';
import type { SaeIdentity } from '../sae/sae.ts';

const SUBLAYERS = /(?:hook_(?:resid_mid|mlp_out|attn_out|z|normalized|mlp_in|attn_in)|hook_embed)$/;

/**
 * `hook_resid_pre` of a layer is what stands behind the layer before. An SAE that names no hook, or one of other words, is taken to belong behind
 * its layer (`hook_resid_post`).
 * @param layer that the SAE's name or the user says
 * @throws {AntipodeError} `usage` for other places of the model
 */
export function placeOfSae({ hookName, label }: SaeIdentity, layer: number): Site {
  if (hookName === undefined) return layer;
  if (hookName.endsWith('hook_resid_pre')) return layer === 0 ? 'emb' : layer - 1;
  if (!SUBLAYERS.test(hookName)) return layer;
  throw new AntipodeError(
    'usage',
    `${label}: reads ${hookName}, which is not the residual stream between layers (expected hook_resid_post or hook_resid_pre)`,
    { hint: 'use an SAE of the residual stream: antipode sae list' },
  );
}

/** For people. */
export function shownPlace(place: Site): string {
  return place === 'emb' ? 'behind the embedding' : `behind layer ${place}`;
}
