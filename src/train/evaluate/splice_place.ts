/**
 * @file Where a change of an activation can be made with steering, which adds to the residual stream between layers. What an MLP adds is the last
 * thing that a layer adds, so that a change of it is the same change behind the layer. What attention adds is read by the MLP of the layer first,
 * except where both read the layer's input.
 */

import type { ModelConfig } from '../../lm/config.ts';
import type { Site } from '../../lm/language_model.ts';
import type { HookPoint } from '../harvest/hook_name.ts';

export type SplicePlace = { readonly at: Site } | { readonly unavailable: string };

export function splicePlaceOf({ capture, hookName, layer }: HookPoint, config: ModelConfig): SplicePlace {
  const [kind, site] = capture.split('.');
  if (kind === 'resid') return { at: site === 'emb' ? 'emb' : Number(site) };
  const isParallel = config.family === 'gpt_neox' && config.isParallel;
  if (kind === 'mlp_out' || isParallel) return { at: layer };
  return {
    unavailable: `not available at ${hookName}: the MLP of the layer reads what attention adds, and only places between layers can be changed`,
  };
}
