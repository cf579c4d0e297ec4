/**
 * @file Where activations are taken, by any of its names: TransformerLens's (`blocks.5.hook_resid_post`) or antipode's own (`resid.5`). Leaves out
 * places that language models of this package do not show: inside attention, inside the MLP, between the two.
 */

import { AntipodeError } from '../../errors.ts';
import { shownName } from '../../formats/shown_name.ts';
import type { ModelConfig } from '../../lm/config.ts';
import type { Capture } from '../../lm/language_model.ts';

export interface HookPoint {
  /** TransformerLens's name, which SAE files carry: `blocks.5.hook_resid_post`. */
  readonly hookName: string;
  /** The layer that the name says: that of `blocks.5.hook_resid_pre` is 5. */
  readonly layer: number;
  /** What the model is asked for: what stands in front of a layer is what stands behind the one before. */
  readonly capture: Exclude<Capture, `pattern.${number}`>;
}

const KNOWN = 'resid_pre, resid_post, attn_out and mlp_out';

/** @throws {AntipodeError} `usage` for a place that this model does not have or show, with those that it has */
export function parseHookPoint(name: string, { layers }: Pick<ModelConfig, 'layers'>): HookPoint {
  const refuse = (problem: string): never => {
    throw new AntipodeError('usage', `hook ${shownName(name)}: ${problem}`, {
      hint: `name a place like blocks.${Math.floor(layers / 2)}.hook_resid_post`,
    });
  };
  if (name === 'resid.emb') return hookPoint('resid_pre', 0);
  const [, block, point] = /^blocks\.(\d{1,6})\.hook_(\w+)$/.exec(name) ?? [];
  const [, short, at] = /^(resid|attn_out|mlp_out)\.(\d{1,6})$/.exec(name) ?? [];
  const kind = point ?? (short === 'resid' ? 'resid_post' : short);
  const layer = Number(block ?? at);
  if (kind === undefined || !isPlace(kind)) {
    return refuse(
      `the model shows no such place (expected one of ${KNOWN} of a layer from 0 to ${layers - 1})`,
    );
  }
  if (layer >= layers)
    return refuse(`there is no layer ${layer} (the model has layers from 0 to ${layers - 1})`);
  return hookPoint(kind, layer);
}

type Place = 'resid_pre' | 'resid_post' | 'attn_out' | 'mlp_out';

function isPlace(kind: string): kind is Place {
  return ['resid_pre', 'resid_post', 'attn_out', 'mlp_out'].includes(kind);
}

function hookPoint(place: Place, layer: number): HookPoint {
  return { hookName: `blocks.${layer}.hook_${place}`, layer, capture: captureOf(place, layer) };
}

function captureOf(place: Place, layer: number): HookPoint['capture'] {
  if (place === 'resid_pre') return layer === 0 ? 'resid.emb' : `resid.${layer - 1}`;
  return place === 'resid_post' ? `resid.${layer}` : `${place}.${layer}`;
}
