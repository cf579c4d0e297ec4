import { describe, expect, it } from 'vitest';
import { requireSae, resolveSae } from './registry.ts';
import {
  allRegisteredSaes,
  findById,
  registeredNames,
  releaseNames,
  repositoryIds,
} from './registry_data.ts';

const LAYER_20 = {
  repoId: 'google/gemma-scope-2b-pt-res',
  path: 'layer_20/width_16k/average_l0_71',
  files: ['layer_20/width_16k/average_l0_71/params.npz'],
  loader: 'gemma_2',
  identity: {
    label: '20-gemmascope-res-16k',
    release: 'gemma-scope-2b-pt-res',
    saeId: 'layer_20/width_16k/average_l0_71',
    neuronpediaId: 'gemma-2-2b/20-gemmascope-res-16k',
    modelName: 'gemma-2-2b',
    hookName: 'blocks.20.hook_resid_post',
    layer: 20,
    isSynthetic: false,
  },
};

describe('one SAE under all its names', () => {
  it.each([
    'gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71',
    'gemma-scope-2b-pt-res-canonical/layer_20/width_16k/canonical',
    'gemma-2-2b/20-gemmascope-res-16k',
    'gemma-2-2b/20-gemmascope-res-16k/5444',
    'google/gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71',
    'google/gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71/params.npz',
    'https://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/5444?embed=true&embedexplanation=true',
    'https://neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k',
    'https://www.neuronpedia.org/api/feature/gemma-2-2b/20-gemmascope-res-16k/5444',
    'https://huggingface.co/google/gemma-scope-2b-pt-res/resolve/main/layer_20/width_16k/average_l0_71/params.npz',
    'https://huggingface.co/google/gemma-scope-2b-pt-res/blob/main/layer_20/width_16k/average_l0_71/params.npz?download=true',
    'https://huggingface.co/google/gemma-scope-2b-pt-res/tree/main/layer_20/width_16k/average_l0_71',
  ])('C17 %s', (ref) => {
    expect(resolveSae(ref)).toEqual(LAYER_20);
  });

  it('keeps a pinned revision', () => {
    const revision = '0127b340ca980c3ee81df0275cea35f350f83488';
    const url = `https://huggingface.co/google/gemma-scope-2b-pt-res/resolve/${revision}/layer_20/width_16k/average_l0_71/params.npz`;
    expect(resolveSae(url)).toEqual({ ...LAYER_20, revision });
  });
});

it('has every release with all its SAEs, each once', () => {
  const saes = allRegisteredSaes();
  expect(releaseNames()).toHaveLength(65);
  expect(repositoryIds()).toHaveLength(50);
  expect(saes).toHaveLength(4240 - 429);
  expect(new Set(saes.flatMap(({ neuronpediaIds }) => neuronpediaIds)).size).toBe(1929);
  expect(new Set(registeredNames()).size).toBe(4240 + 1929);
  expect(new Set(saes.map(({ repoId, path }) => `${repoId}/${path}`)).size).toBe(saes.length);
});

it.each([
  [
    'gpt2-small-res-jb/blocks.8.hook_resid_pre',
    'blocks.8.hook_resid_pre',
    ['cfg.json', 'sae_weights.safetensors'],
  ],
  [
    'gpt2-small-res-jb-feature-splitting/blocks.8.hook_resid_pre_768',
    'blocks.8.hook_resid_pre',
    ['cfg.json', 'sae_weights.safetensors'],
  ],
  ['gemma-scope-2b-pt-att-canonical/layer_3/width_16k/canonical', 'blocks.3.attn.hook_z', ['params.npz']],
  ['gemma-scope-2b-pt-res/embedding/width_4k/average_l0_6', 'hook_embed', ['params.npz']],
  [
    'llama_scope_lxm_8x/l5m_8x',
    'blocks.5.hook_mlp_out',
    ['hyperparams.json', 'checkpoints/final.safetensors'],
  ],
  [
    'llama_scope_r1_distill/l0r_800m_slimpajama',
    'blocks.0.hook_resid_post',
    ['config.json', 'sae_weights.safetensors'],
  ],
  [
    'sae_bench_gemma-2-2b_topk_width-2pow12_date-1109/blocks.12.hook_resid_post__trainer_0',
    'blocks.12.hook_resid_post',
    ['config.json', 'ae.pt'],
  ],
  [
    'llama-3.1-8b-instruct-andyrdt/resid_post_layer_3_trainer_1',
    'blocks.3.hook_resid_post',
    ['config.json', 'ae.pt'],
  ],
])('%s reads %s and needs %j', (id, hookName, names) => {
  const slash = id.indexOf('/');
  const sae = findById(id.slice(0, slash), id.slice(slash + 1));
  expect(sae?.identity.hookName).toBe(hookName);
  expect(sae?.files).toEqual(names.map((name) => `${sae?.path}/${name}`));
});

it('names files, not folders, of the two loaders whose SAEs are files', () => {
  expect(resolveSae('deepseek-r1-distill-llama-8b/19-qresearch-res-65k')?.files).toEqual([
    'DeepSeek-R1-Distill-Llama-8B-SAE-l19.pt',
  ]);
  const [config, weights] = resolveSae('gpt2-small/0-att-kk')?.files ?? [];
  expect(config).toMatch(/_v9_cfg\.json$/);
  expect(weights).toMatch(/_v9\.pt$/);
});

it('leads from both of two Neuronpedia ids to one SAE, which carries the canonical one', () => {
  for (const id of ['gemma-2-9b/1-gemmascope-res-16k', 'gemma-2-9b/1-gemmascope-res-16k__l0-69'])
    expect(resolveSae(id)?.identity.neuronpediaId).toBe('gemma-2-9b/1-gemmascope-res-16k');
});

it('takes a source without its model where only one has it, and lists them otherwise', () => {
  expect(resolveSae('3-sae_bench-gated-res-4k__trainer_0_step_final')?.identity.modelName).toBe(
    'pythia-70m-deduped',
  );
  expect(() => resolveSae('12-res-jb')).toThrow(/several models have an SAE of this name \(gemma-2b/);
});

it('takes an unregistered Hugging Face place as it is', () => {
  const url =
    'https://huggingface.co/google/gemma-scope-2-270m-pt/tree/main/resid_post/layer_5_width_16k_l0_medium';
  expect(resolveSae(url)).toEqual({
    repoId: 'google/gemma-scope-2-270m-pt',
    path: 'resid_post/layer_5_width_16k_l0_medium',
    files: [],
    identity: { label: 'layer_5_width_16k_l0_medium', isSynthetic: false },
  });
  expect(resolveSae('https://huggingface.co/a/b/resolve/main/ae.pt')?.files).toEqual(['ae.pt']);
});

describe('what names nothing', () => {
  it('may be long', () => {
    expect(() => requireSae('a'.repeat(5000))).toThrow(/no registered SAE/);
  });

  it('suggests the nearest names', () => {
    try {
      requireSae('gemma-2-2b/20-gemascope-res-16k');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        kind: 'missing',
        message: 'gemma-2-2b/20-gemascope-res-16k: no file of this name here, and no registered SAE',
      });
      expect(String((error as { hint?: string }).hint)).toMatch(
        /^did you mean gemma-2-2b\/20-gemmascope-res-16k or /,
      );
    }
  });

  it.each([
    ['gemma-scope-2b-pt-res', /is a release of several SAEs, not one SAE/],
    ['https://example.org/params.npz', /neither a Neuronpedia nor a Hugging Face URL/],
    ['https://www.neuronpedia.org/gemma-2-2b', /names no SAE/],
    ['https://huggingface.co/google/gemma-scope-2b-pt-res', /names no SAE/],
    ['https://evilneuronpedia.org/gemma-2-2b/20-gemmascope-res-16k', /neither a Neuronpedia/],
    ['http://', /not a URL/],
  ])('C8 %s', (ref, message) => {
    expect(() => requireSae(ref)).toThrow(message);
  });

  it('an address is not repeated with its password and its query', () => {
    for (const secret of ['https://me:word@h/a.npz', 'https://h/a.npz?t=word#1']) {
      expect(() => requireSae(secret)).toThrow(/^https:\/\/h\/a\.npz: neither a Neuronpedia/);
    }
  });

  it.each(['', '/', 'x', '__proto__', 'constructor/prototype', '../../etc/passwd', 'x/y=z'])(
    'C8 %j is not registered',
    (ref) => {
      expect(resolveSae(ref)).toBeUndefined();
    },
  );
});
