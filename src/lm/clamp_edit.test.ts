import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maxDifference, readGolden } from '../../test/support/lm_goldens.ts';
import { decode, encode } from '../sae/encode.ts';
import type { Sae } from '../sae/sae.ts';
import { type Matrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { clampEdit, type FeatureClamp } from './clamp_edit.ts';
import { editPerRow } from './combine_edits.ts';
import type { LanguageModel } from './language_model.ts';
import { openLanguageModel } from './session.ts';

const LAYER = 1;
const FEATURES = 16;

/** Of the largest value: float32 sums of 20 products in the model, float32 activations from the encoder. */
const RELATIVE = 1e-5;

let model: LanguageModel;
let x: Matrix;
let tokens: number[];
beforeAll(async () => {
  const folder = fileURLToPath(new URL('../../test/fixtures/lm/gemma2', import.meta.url));
  model = await openLanguageModel(folder, { threads: 1, editSites: [LAYER] });
  tokens = [...(await readGolden(`${folder}/expected.safetensors`)).get('tokens')!];
  x = { data: await stream(), rows: tokens.length, cols: model.config.dModel };
});
afterAll(() => model?.close());

async function stream(clamps?: readonly FeatureClamp[], sae?: Sae): Promise<Float32Array> {
  const edit = clamps && sae ? [clampEdit(LAYER, sae, clamps)] : [];
  const { captures } = await model.forward({
    tokens: [tokens],
    edit,
    capture: [`resid.${LAYER}`],
    logits: 'none',
  });
  return captures.get(`resid.${LAYER}`)!.values;
}

/** A random dictionary of the model's width whose features are active at about half of the positions. */
function dictionary(changes: Partial<Sae>, seed = 1): Sae {
  const rng = createRng(seed, 'clamp-test');
  const dIn = model.config.dModel;
  const draw = (length: number, spread: number): Float32Array =>
    Float32Array.from({ length }, () => spread * rng.normal());
  const matrix = () => toFeatureMatrix({ data: draw(FEATURES * dIn, 0.4), rows: FEATURES, cols: dIn });
  return {
    identity: { label: 'test', isSynthetic: true },
    format: 'test',
    architecture: 'standard',
    dIn,
    dSae: FEATURES,
    dtype: 'F32',
    files: [],
    facts: [],
    W_enc: matrix(),
    W_dec: matrix(),
    b_enc: draw(FEATURES, 0.3),
    b_dec: draw(dIn, 0.5),
    applyBDecToInput: false,
    inputNormalisation: 'none',
    inputScale: 1,
    rescaleActsByDecoderNorm: false,
    ...changes,
  };
}

const random = (length: number, spread: number, seed: number): Float32Array => {
  const rng = createRng(seed, 'clamp-vectors');
  return Float32Array.from({ length }, () => spread * rng.normal());
};
const positive = (spread: number): Float32Array => random(FEATURES, spread, 5).map(Math.abs);
const gates = { b_gate: random(FEATURES, 0.5, 6), r_mag: random(FEATURES, 0.7, 7) };

const KINDS: [string, Partial<Sae>][] = [
  ['standard', {}],
  ['standard, b_dec taken off the input', { applyBDecToInput: true }],
  ['standard, scaled input', { applyBDecToInput: true, inputNormalisation: 'factor', inputScale: 0.37 }],
  ['jumprelu', { architecture: 'jumprelu', threshold: positive(0.8) }],
  ['jumprelu, thresholds below zero', { architecture: 'jumprelu', threshold: random(FEATURES, 0.5, 8) }],
  [
    'jumprelu in units of the reconstruction, scaled input',
    {
      architecture: 'jumprelu',
      threshold: positive(0.5),
      rescaleActsByDecoderNorm: true,
      inputNormalisation: 'factor',
      inputScale: 2.2,
    },
  ],
  ['gated', { architecture: 'gated', ...gates }],
  [
    'gated, b_dec taken off the input, in units of the reconstruction',
    { architecture: 'gated', ...gates, applyBDecToInput: true, rescaleActsByDecoderNorm: true },
  ],
];

describe.each(KINDS)('clamping features of a %s SAE', (_, changes) => {
  test('is decode(changed acts) + (x - decode(acts)) of the captured stream, active or not', async () => {
    const sae = dictionary(changes);
    const acts = await encode(sae, x);
    const reconstruction = await decode(sae, acts);
    const clamps: FeatureClamp[] = [
      { feature: 3, to: 0 },
      { feature: 15, to: 2.5 },
      { feature: 0, times: -1.5 },
      { feature: 8, times: 3 },
      { feature: 5, to: -1 },
    ];
    const changed = { ...acts, data: acts.data.slice() };
    let [active, idle] = [0, 0];
    for (let t = 0; t < x.rows; t++) {
      for (const clamp of clamps) {
        const at = t * FEATURES + clamp.feature;
        if (acts.data[at]! > 0) active += 1;
        else idle += 1;
        changed.data[at] = 'to' in clamp ? clamp.to : clamp.times * acts.data[at]!;
      }
    }
    expect(Math.min(active, idle)).toBeGreaterThan(8);
    const target = await decode(sae, changed);
    const expected = x.data.map((value, i) => target.data[i]! + (value - reconstruction.data[i]!));
    const scale = [...expected, ...acts.data, ...target.data].reduce(
      (most, v) => Math.max(most, Math.abs(v)),
      1,
    );
    expect(maxDifference(expected, x.data)).toBeGreaterThan(0.1);
    expect(maxDifference(await stream(clamps, sae), expected)).toBeLessThan(RELATIVE * scale);
  });

  test('to 1 times its activation, each feature changes nothing but rounding', async () => {
    const sae = dictionary(changes, 2);
    const clamps = Array.from({ length: FEATURES }, (_, feature) => ({ feature, times: 1 }));
    expect(await stream(clamps, sae)).toEqual(x.data);
  });
});

describe('edges', () => {
  /** Feature 0 reads coordinate 2 of x as it is. */
  const reader = (changes: Partial<Sae>): Sae => {
    const sae = dictionary(changes);
    sae.W_enc.data.fill(0, 0, sae.dIn);
    sae.W_enc.data[2] = 1;
    sae.b_enc[0] = 0;
    return sae;
  };

  test('a value on the threshold is not active, the next larger one is', async () => {
    const positions = Array.from({ length: x.rows }, (_, t) => t).filter((t) => x.data[t * x.cols + 2]! > 0);
    expect(positions.length).toBeGreaterThan(1);
    for (const t of positions) {
      const value = x.data[t * x.cols + 2]!;
      const below = new Float32Array(
        Int32Array.of(new Int32Array(Float32Array.of(value).buffer)[0]! - 1).buffer,
      )[0]!;
      for (const [edge, isActive] of [
        [value, false],
        [below, true],
      ] as const) {
        const sae = reader({ architecture: 'jumprelu', threshold: new Float32Array(FEATURES).fill(edge) });
        expect((await encode(sae, x)).data[t * FEATURES]! > 0).toBe(isActive);
        const after = await stream([{ feature: 0, times: 2 }], sae);
        const difference = maxDifference(
          after.subarray(t * x.cols, (t + 1) * x.cols),
          x.data.subarray(t * x.cols, (t + 1) * x.cols),
        );
        if (isActive) expect(difference).toBeGreaterThan(1e-3 * value);
        else expect(difference).toBe(0);
      }
    }
  });

  test('a feature that reads nothing is set all the same', async () => {
    const sae = dictionary({});
    sae.W_enc.data.fill(0, 0, sae.dIn);
    sae.b_enc[0] = -1;
    const after = await stream([{ feature: 0, to: 2 }], sae);
    const expected = x.data.map((value, i) => value + 2 * sae.W_dec.data[i % x.cols]!);
    expect(maxDifference(after, expected)).toBeLessThan(1e-5);
  });

  test('rows of one batch with clamps of their own', async () => {
    const sae = dictionary({ architecture: 'jumprelu', threshold: positive(0.8) });
    const own: FeatureClamp[][] = [
      [{ feature: 1, to: 3 }],
      [
        { feature: 2, to: 0 },
        { feature: 4, times: 2 },
      ],
    ];
    const { captures } = await model.forward({
      tokens: [tokens, tokens, tokens],
      edit: [editPerRow([...own.map((clamps) => clampEdit(LAYER, sae, clamps)), undefined])],
      capture: [`resid.${LAYER}`],
      logits: 'none',
    });
    const all = captures.get(`resid.${LAYER}`)!.values;
    const rows = [await stream(own[0], sae), await stream(own[1], sae), x.data];
    rows.forEach((row, r) => {
      expect(maxDifference(all.subarray(r * row.length, (r + 1) * row.length), row)).toBeLessThan(1e-5);
    });
  });
});

describe('clamps that are refused', () => {
  const one: readonly FeatureClamp[] = [{ feature: 0, to: 1 }];
  const cases: [string, Partial<Sae>, readonly FeatureClamp[], string][] = [
    [
      'topk',
      { architecture: 'topk', k: 4 },
      one,
      'test: cannot be clamped, because which 4 features are active depends on all of them (topk)',
    ],
    ['layer_norm', { inputNormalisation: 'layer_norm' }, one, "the token's own statistics (layer_norm)"],
    ['constant_norm', { inputNormalisation: 'constant_norm' }, one, 'statistics (constant_norm)'],
    ['nothing', {}, [], 'clamp: no features were given'],
    [
      'no such feature',
      {},
      [{ feature: 16, to: 1 }],
      'clamp: feature 16 is not in this SAE (it has features 0 to 15)',
    ],
    ['a feature twice', {}, [...one, { feature: 0, times: 2 }], 'clamp: feature 0 was given twice'],
    ['no number', {}, [{ feature: 0, times: Number.NaN }], 'clamp: feature 0 cannot be set to NaN'],
  ];
  test.each(cases)('%s', (_, changes, clamps, message) => {
    expect(() => clampEdit(0, dictionary(changes), clamps)).toThrowError(
      expect.objectContaining({ kind: 'usage', message: expect.stringContaining(message) }),
    );
  });

  test('weights that are no numbers, and activations in units of nothing', () => {
    const withRow = (value: number): Sae => {
      const sae = dictionary({ rescaleActsByDecoderNorm: true });
      const data = sae.W_dec.data.slice().fill(value, 0, sae.dIn);
      return { ...sae, W_dec: toFeatureMatrix({ ...sae.W_dec, data }) };
    };
    expect(() => clampEdit(0, withRow(Number.NaN), one)).toThrowError(
      'clamp: feature 0 has weights that are NaN',
    );
    expect(() => clampEdit(0, withRow(0), one)).toThrowError('clamp: feature 0 has a decoder row of zeros');
  });
});
