import { expect, it } from 'vitest';
import { missingSentence } from './sae_plan.ts';

it('what is missing is named once, whether the problem names it or not', () => {
  const next = 'check the network';
  expect(missingSentence('org/model', { problem: 'hub: no connection', next })).toBe(
    'missing: org/model: hub: no connection; next: check the network',
  );
  expect(missingSentence('org/model', { problem: 'org/model: is gated', next: null })).toBe(
    'missing: org/model: is gated',
  );
  expect(missingSentence('org/model', { problem: null, next: null })).toBe('missing: org/model');
});
