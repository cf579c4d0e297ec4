import { expect, test } from 'vitest';
import { parseHookPoint } from './hook_name.ts';

const config = { layers: 6 };

test.each([
  ['blocks.5.hook_resid_post', 'resid.5', 5],
  ['blocks.5.hook_resid_pre', 'resid.4', 5],
  ['blocks.0.hook_resid_pre', 'resid.emb', 0],
  ['blocks.3.hook_attn_out', 'attn_out.3', 3],
  ['blocks.3.hook_mlp_out', 'mlp_out.3', 3],
])('%s is %s', (name, capture, layer) => {
  expect(parseHookPoint(name, config)).toEqual({ hookName: name, layer, capture });
});

test.each([
  ['resid.2', 'blocks.2.hook_resid_post'],
  ['resid.emb', 'blocks.0.hook_resid_pre'],
  ['attn_out.0', 'blocks.0.hook_attn_out'],
  ['mlp_out.5', 'blocks.5.hook_mlp_out'],
])('%s is %s', (name, hookName) => {
  expect(parseHookPoint(name, config).hookName).toBe(hookName);
});

test.each([
  ['blocks.6.hook_resid_post', 'there is no layer 6 (the model has layers from 0 to 5)'],
  ['resid.99', 'there is no layer 99 (the model has layers from 0 to 5)'],
  [
    'blocks.1.hook_resid_mid',
    'the model shows no such place (expected one of resid_pre, resid_post, attn_out',
  ],
  ['blocks.1.attn.hook_z', 'the model shows no such place'],
  ['blocks.-1.hook_resid_post', 'the model shows no such place'],
  ['attn_out.emb', 'the model shows no such place'],
  ['pattern.1', 'the model shows no such place'],
  ['', 'hook "": the model shows no such place'],
])('%j is refused', (name, problem) => {
  expect(() => parseHookPoint(name, config)).toThrow(problem);
});
