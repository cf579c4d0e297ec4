/** @file Which place of a model an SAE belongs to, for commands that only look there: as the user says, else as the SAE's files do. */

import { AntipodeError } from '../errors.ts';
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
  { hookName, label, layer: own }: SaeIdentity,
  { hook, layer: asked }: HookFlags,
  config: Pick<ModelConfig, 'layers'>,
): HookPoint {
  if (hook !== undefined && asked !== undefined) {
    throw new AntipodeError(
      'usage',
      '--hook and --layer: both say where the SAE reads (expected one of them)',
    );
  }
  if (hook !== undefined) return parseHookPoint(hook, config);
  const named = hookName !== undefined && /^blocks\.\d+\.\w*\.?hook_/.test(hookName) ? hookName : undefined;
  const layer = asked ?? own;
  const name = asked === undefined && named !== undefined ? named : `resid.${layer}`;
  if (named !== undefined || layer !== undefined) return parseHookPoint(name, config);
  throw new AntipodeError('usage', `${label}: its place in the model is not known`, {
    hint: 'say it with --hook or --layer',
  });
}
