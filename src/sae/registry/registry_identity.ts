/** @file What a registry entry's names say of the place in the model: hook and layer, by each family's naming. */

import { layerOfHook } from '../loaders/build_layout.ts';
import type { SaeIdentity } from '../sae.ts';

export interface RegistryNames {
  readonly release: string;
  readonly saeId: string;
  readonly repoId: string;
  readonly modelName: string;
  readonly neuronpediaId: string | undefined;
}

export function identityOf({ release, saeId, repoId, modelName, neuronpediaId }: RegistryNames): SaeIdentity {
  const hookName = hookOf(repoId, saeId);
  const layer = hookName === undefined ? undefined : layerOfHook(hookName);
  return {
    label: neuronpediaId?.split('/').at(-1) ?? saeId.replaceAll('/', '-'),
    release,
    saeId,
    ...(neuronpediaId !== undefined && { neuronpediaId }),
    modelName,
    ...(hookName !== undefined && { hookName }),
    ...(layer !== undefined && { layer }),
    isSynthetic: false,
  };
}

const GEMMA_SITES = { res: 'hook_resid_post', mlp: 'hook_mlp_out', att: 'attn.hook_z' } as const;
const LLAMA_SITES = { r: 'hook_resid_post', m: 'hook_mlp_out', a: 'hook_attn_out' } as const;

function hookOf(repoId: string, saeId: string): string | undefined {
  const gemma = /^google\/gemma-scope-.+-(res|mlp|att)$/.exec(repoId);
  if (gemma) {
    if (saeId.startsWith('embedding/')) return 'hook_embed';
    const layer = /^layer_(\d+)\//.exec(saeId)?.[1];
    const site = GEMMA_SITES[gemma[1] as keyof typeof GEMMA_SITES];
    return layer === undefined ? undefined : `blocks.${layer}.${site}`;
  }
  const llama = /^l(\d+)([rma])_/.exec(saeId);
  if (llama && repoId.startsWith('fnlp/'))
    return `blocks.${llama[1]}.${LLAMA_SITES[llama[2] as keyof typeof LLAMA_SITES]}`;
  const residual = /^resid_post_layer_(\d+)(?:_|$)/.exec(saeId);
  if (residual) return `blocks.${residual[1]}.hook_resid_post`;
  // Some ids carry a suffix: `blocks.8.hook_resid_pre_768`, `blocks.12.hook_resid_post__trainer_0`.
  return /^blocks\.\d+\.(?:attn\.)?hook_(?:resid_(?:pre|mid|post)|mlp_out|attn_out|z)(?=_|$)/.exec(
    saeId,
  )?.[0];
}
