import { describe, expect, it } from 'vitest';
import { AntipodeError } from '../errors.ts';
import type { SaeIdentity } from '../sae/sae.ts';
import { parseHookPoint } from '../train/harvest/hook_name.ts';
import { hookOfSae, otherHookWarning } from './sae_hook.ts';

const MODEL = { layers: 4 };
const sae = (more: Partial<SaeIdentity>): SaeIdentity => ({ label: 'mine', isSynthetic: false, ...more });
const warned = (identity: SaeIdentity, hook: string): string | undefined =>
  otherHookWarning(identity, parseHookPoint(hook, MODEL));

describe('the place of an SAE', () => {
  it('is the one asked for, else the one of its files', () => {
    const own = sae({ hookName: 'blocks.2.hook_mlp_out', layer: 2 });
    expect(hookOfSae(own, {}, MODEL).hookName).toBe('blocks.2.hook_mlp_out');
    expect(hookOfSae(own, { layer: 1 }, MODEL).hookName).toBe('blocks.1.hook_resid_post');
    expect(hookOfSae(own, { hook: 'resid.0' }, MODEL).hookName).toBe('blocks.0.hook_resid_post');
    expect(hookOfSae(sae({ hookName: 'layers.3', layer: 3 }), {}, MODEL).capture).toBe('resid.3');
    expect(() => hookOfSae(sae({}), {}, MODEL)).toThrow(AntipodeError);
  });

  it.each([
    [{ hookName: 'blocks.1.hook_resid_post' }, 'resid.2'],
    [{ hookName: 'blocks.2.hook_mlp_out' }, 'resid.2'],
    [{ hookName: 'blocks.2.attn.hook_z', layer: 2 }, 'resid.2'],
    [{ hookName: 'blocks.20.hook_resid_post' }, 'resid.2'],
    [{ hookName: 'layers.1', layer: 1 }, 'resid.2'],
    [{ layer: 20 }, 'resid.2'],
  ])('%j read at %s is warned of, with both places', (identity, hook) => {
    const text = warned(sae(identity), hook);
    expect(text).toContain('mine: was trained at ');
    expect(text).toContain('blocks.2.hook_resid_post');
  });

  it.each([
    [{ hookName: 'blocks.1.hook_resid_post' }, 'resid.1'],
    // What stands in front of a layer is what stands behind the one before.
    [{ hookName: 'blocks.2.hook_resid_pre' }, 'resid.1'],
    [{ hookName: 'layers.1', layer: 1 }, 'resid.1'],
    [{ layer: 1 }, 'blocks.1.hook_resid_pre'],
    [{}, 'resid.1'],
  ])('%j read at %s is not', (identity, hook) => {
    expect(warned(sae(identity), hook)).toBeUndefined();
  });
});
