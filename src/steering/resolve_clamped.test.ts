import { describe, expect, test } from 'vitest';
import { openFixture } from '../../test/support/sae_fixtures.ts';
import type { Edit } from '../lm/language_model.ts';
import { decode, encode } from '../sae/encode.ts';
import { createRng } from '../tensor/rng.ts';
import type { Arm } from './arm.ts';
import { type ArmIntervention, resolveArms } from './resolve_arms.ts';

const ARMS: readonly Arm[] = [
  {
    name: 'x',
    kind: 'steered',
    parts: [
      { features: [1, 3], strength: 0.8 },
      { features: [5], strength: -0.3 },
    ],
    factor: 1,
  },
  { name: 'y', kind: 'steered', parts: [{ features: [2, 4], strength: 1 }], factor: 1 },
  { name: 'random 1', kind: 'random', parts: [], factor: 1 },
];

/** What `Edit` says it does, in float64. */
function applied(edit: Edit, x: readonly number[]): number[] {
  const after = [...x];
  for (let lane = 0; lane < edit.lanes; lane++) {
    const from = lane * x.length;
    const v = x.reduce((sum, value, c) => sum + value * edit.read[from + c]!, edit.offset![lane]!);
    const change = edit.target![lane]! + (edit.keep![lane]! - 1) * (v > edit.threshold![lane]! ? v : 0);
    for (let c = 0; c < x.length; c++) after[c]! += change * edit.write[from + c]!;
  }
  return after;
}

describe('decode(f’) - decode(f) on top of x, lengths in the units of the stream', () => {
  test.each([
    'gemma_scope/params.npz',
    'llama_scope/Llama3_1-8B-Base-L9R-8x',
    'saelens_v6_jumprelu',
    'saelens_v6_standard',
    'saelens_v6_gated',
    'dictionary_learning/jump_relu',
    'dictionary_learning/batch_top_k',
    'dictionary_learning/gated',
  ])('%s', async (path) => {
    const file = await openFixture(path);
    const sae = await file.load();
    const resolved = await resolveArms({
      sae: file,
      site: 2,
      arms: ARMS,
      unit: 'mean-norm',
      method: 'clamp',
      meanNorm: 4,
      seed: 1,
    });
    const rng = createRng(3, path);
    for (const { arm, coefficients, edit, length } of resolved) {
      const x = Array.from({ length: sae.dIn }, () => 3 * rng.normal());
      const rows = { data: Float32Array.from(x), rows: 1, cols: sae.dIn };
      const before = await encode(sae, rows);
      const acts = { ...before, data: before.data.slice() };
      for (const { coefficient, feature } of coefficients) acts.data[feature] = coefficient;
      const [from, to] = [
        await decode(sae, before, { input: rows }),
        await decode(sae, acts, { input: rows }),
      ];
      const expected = x.map((value, c) => value + to.data[c]! - from.data[c]!);
      applied(edit!, x).forEach((value, c) => {
        expect(value).toBeCloseTo(expected[c]!, 4);
      });
      const none = { ...before, data: new Float32Array(before.data.length) };
      const set = { ...none, data: none.data.slice() };
      for (const { coefficient, feature } of coefficients) set.data[feature] = coefficient;
      const [zero, written] = [
        await decode(sae, none, { input: rows }),
        await decode(sae, set, { input: rows }),
      ];
      expect(length).toBeCloseTo(Math.hypot(...written.data.map((value, c) => value - zero.data[c]!)), 4);
      if (arm.name !== 'x') expect(length).toBeCloseTo(4, 4);
    }
    await file.close();
  });
});

test.each(['saelens_v6_topk', 'saelens_v6_layer_norm'])(
  '%s cannot be clamped, with what to do instead',
  async (path) => {
    const file = await openFixture(path);
    const asked = (): Promise<ArmIntervention[]> =>
      resolveArms({ sae: file, site: 2, arms: ARMS, unit: 'absolute', method: 'clamp', seed: 1 });
    await expect(asked()).rejects.toMatchObject({
      kind: 'usage',
      hint: expect.stringContaining('decoder rows'),
    });
    await file.close();
  },
);

test('a dictionary too small for random features says so', async () => {
  const file = await openFixture('saelens_v6_standard');
  const { dSae } = file.header;
  const features = Array.from({ length: dSae - 1 }, (_, feature) => feature);
  const arms: Arm[] = [
    { name: 'all', kind: 'steered', parts: [{ features, strength: 1 }], factor: 1 },
    ARMS[2]!,
  ];
  const asked = resolveArms({ sae: file, site: 2, arms, unit: 'absolute', method: 'clamp', seed: 1 });
  await expect(asked).rejects.toThrow('arm random 1: the SAE has not enough other features to draw');
  await file.close();
});
