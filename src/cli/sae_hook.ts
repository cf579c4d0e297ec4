/** @file Which place of a model an SAE belongs to, for commands that only look there: as the user says, else as the SAE's files do. */

import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import type { ModelConfig } from '../lm/config.ts';
import type { SaeIdentity } from '../sae/sae.ts';
import { type HookPoint, parseHookPoint } from '../train/harvest/hook_name.ts';

export interface HookFlags {
  readonly hook?: string;
  /** Short for the residual stream behind it. */
  readonly layer?: number;
}

/** @throws {AntipodeError} `usage` where nothing says it, two things do, or the model does not show it */
export function hookOfSae(
  identity: SaeIdentity,
  { hook, layer: asked }: HookFlags,
  config: Pick<ModelConfig, 'layers'>,
): HookPoint {
  const { label, layer: own } = identity;
  if (hook !== undefined && asked !== undefined) {
    throw new AntipodeError(
      'usage',
      '--hook and --layer: both say where the SAE reads (expected one of them)',
    );
  }
  if (hook !== undefined) return parseHookPoint(hook, config);
  if (asked !== undefined) return hookBehindLayer(asked, config);
  const named = placeNameOf(identity) ?? (own === undefined ? undefined : `resid.${own}`);
  if (named !== undefined) return parseHookPoint(named, config);
  throw new AntipodeError('usage', `${label}: its place in the model is not known`, {
    hint: 'say it with --hook or --layer',
  });
}

/** What `--layer` says. @throws {AntipodeError} `usage` for a layer that the model does not have */
export function hookBehindLayer(layer: number, config: Pick<ModelConfig, 'layers'>): HookPoint {
  if (layer < config.layers) return parseHookPoint(`resid.${layer}`, config);
  throw new AntipodeError(
    'usage',
    `--layer ${layer}: there is no layer ${layer} (the model has layers from 0 to ${config.layers - 1})`,
    { hint: `name one of these, such as --layer ${Math.floor(config.layers / 2)}` },
  );
}

/** A sentence where `hook` is not the place that the SAE's files name; nothing where they name none. */
export function otherHookWarning(identity: SaeIdentity, hook: HookPoint): string | undefined {
  const { label, layer } = identity;
  const named = placeNameOf(identity);
  const own = named ?? (layer === undefined ? undefined : `layer ${layer}`);
  if (own === undefined) return undefined;
  const isSame = named === undefined ? hook.layer === layer : captureOf(named) === hook.capture;
  if (isSame) return undefined;
  return `${label}: was trained at ${shownName(own)} and is read at ${hook.hookName}: the numbers say nothing about it in its own place`;
}

/** In TransformerLens's words; files of other tools name places in their own, of which the layer is all that is known. */
function placeNameOf({ hookName }: SaeIdentity): string | undefined {
  return hookName !== undefined && /^blocks\.\d+\.\w*\.?hook_/.test(hookName) ? hookName : undefined;
}

/** Undefined for places that no language model of this package shows. */
function captureOf(hookName: string): HookPoint['capture'] | undefined {
  try {
    return parseHookPoint(hookName, { layers: Infinity }).capture;
  } catch {
    return undefined;
  }
}
