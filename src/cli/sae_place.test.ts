import { expect, test } from 'vitest';
import { placeOfSae, shownPlace } from './sae_place.ts';

const of = (hookName: string | undefined, layer: number) =>
  placeOfSae({ label: 'sae', isSynthetic: false, ...(hookName !== undefined && { hookName }) }, layer);

test.each([
  ['blocks.8.hook_resid_post', 8, 8, 'behind layer 8'],
  ['blocks.8.hook_resid_pre', 8, 7, 'behind layer 7'],
  ['blocks.0.hook_resid_pre', 0, 'emb', 'behind the embedding'],
  ['model.layers.5.output', 5, 5, 'behind layer 5'],
  [undefined, 3, 3, 'behind layer 3'],
] as const)('%s of layer %i', (hookName, layer, place, shown) => {
  expect([of(hookName, layer), shownPlace(place)]).toEqual([place, shown]);
});

test.each([
  'blocks.3.hook_mlp_out',
  'blocks.3.hook_attn_out',
  'blocks.3.attn.hook_z',
  'blocks.3.hook_resid_mid',
  'blocks.3.ln2.hook_normalized',
  'hook_embed',
])('%s is refused', (hookName) => {
  expect(() => of(hookName, 3)).toThrow(
    `sae: reads ${hookName}, which is not the residual stream between layers`,
  );
});
