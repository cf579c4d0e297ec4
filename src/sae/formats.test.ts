import { describe, expect, it } from 'vitest';
import { fixture, golden, openFixture, UNKNOWN_MAP } from '../../test/support/sae_fixtures.ts';
import { cosine, rowOf } from '../tensor/matrix.ts';
import { decode, encode } from './encode.ts';
import { openSae } from './open.ts';

describe.each(Object.entries(golden))('%s', (name, expected) => {
  const options = name === 'unknown' ? { map: UNKNOWN_MAP } : {};
  const dtype = {
    'sparsify/layers.3.mlp': 'F16',
    'llama_scope/Llama3_1-8B-Base-L9R-8x': 'BF16',
    goodfire: 'F64',
  }[name];

  it('is recognised and both axes are right', async () => {
    const file = await openFixture(name, options);
    expect(file.header).toMatchObject({
      format: expected.format,
      architecture: expected.architecture,
      dIn: expected.d_in,
      dSae: expected.d_sae,
      dtype: dtype ?? 'F32',
    });
    await file.close();
  });

  it('gives the weights of numpy feature-major, with their norms and same-feature cosines', async () => {
    const file = await openFixture(name, options);
    const { W_enc, W_dec } = await file.load();
    await file.close();
    expect(Array.from(W_enc.data)).toEqual(expected.W_enc.map(Math.fround));
    expect(Array.from(W_dec.data)).toEqual(expected.W_dec.map(Math.fround));
    expected.encoder_norms.forEach((norm, i) => {
      expect(W_enc.norms[i]).toBeCloseTo(norm, 11);
      expect(W_dec.norms[i]).toBeCloseTo(expected.decoder_norms[i]!, 11);
      expect(cosine(W_enc, i, W_dec, i)).toBeCloseTo(expected.same_feature_cosines[i]!, 12);
    });
  });

  it('reads single rows to the same bits as the whole matrix, in any order and repeated', async () => {
    const file = await openFixture(name, options);
    const features = [5, 0, 3, 2, 3, expected.d_sae - 1];
    for (const space of ['encoder', 'decoder'] as const) {
      const whole = await file.readSpace(space);
      const rows = await file.readRows(space, features);
      expect([rows.rows, rows.cols]).toEqual([features.length, expected.d_in]);
      features.forEach((feature, i) => {
        expect(rows.norms[i]).toBe(whole.norms[feature]);
        const row = rows.data.subarray(i * expected.d_in, (i + 1) * expected.d_in);
        expect(row).toEqual(whole.data.slice(feature * expected.d_in, (feature + 1) * expected.d_in));
      });
    }
    await file.close();
  });

  it('loads some features alone with the numbers that they have among all', async () => {
    const file = await openFixture(name, options);
    const features = [5, 0, 3, 3, expected.d_sae - 1];
    const [whole, some] = [await file.load(), await file.loadFeatures(features)];
    expect(await file.readThresholds?.()).toEqual(whole.threshold);
    await expect(file.loadFeatures([expected.d_sae])).rejects.toMatchObject({ kind: 'usage' });
    expect((await file.loadFeatures([])).W_dec.rows).toBe(0);
    await file.close();
    expect(some).toMatchObject({ dSae: 5, dIn: whole.dIn, b_dec: whole.b_dec, inputScale: whole.inputScale });
    expect(Object.keys(some).sort()).toEqual(Object.keys(whole).sort());
    features.forEach((feature, i) => {
      for (const vector of ['b_enc', 'threshold', 'b_gate', 'r_mag'] as const) {
        expect(some[vector]?.[i]).toBe(whole[vector]?.[feature]);
      }
      for (const matrix of ['W_enc', 'W_dec'] as const) {
        expect(some[matrix].norms[i]).toBe(whole[matrix].norms[feature]);
        expect(rowOf(some[matrix], i)).toEqual(rowOf(whole[matrix], feature));
      }
    });
  });

  // Activations are rounded to float32, so reconstructions carry a relative error of about 1e-7 times their sums.
  it('encodes and decodes as the published definition in float64', async () => {
    const file = await openFixture(name, options);
    const sae = await file.load();
    await file.close();
    const x = {
      data: Float32Array.from(expected.x),
      rows: expected.x.length / expected.d_in,
      cols: expected.d_in,
    };
    const acts = await encode(sae, x);
    expected.acts.forEach((act, i) => {
      expect(acts.data[i]).toBeCloseTo(act, 5);
      expect(acts.data[i] === 0).toBe(act === 0);
    });
    const recon = await decode(sae, acts, { input: x });
    expected.reconstruction.forEach((value, i) => {
      expect(recon.data[i]).toBeCloseTo(value, 4);
    });
  });
});

it('lies over shared memory, for workers', async () => {
  const file = await openFixture('gemma_scope');
  expect((await file.readSpace('encoder')).data.buffer).toBeInstanceOf(SharedArrayBuffer);
  await file.close();
});

it('states what it took and found', async () => {
  const file = await openFixture('bad_rows');
  const { facts, W_enc, W_dec } = await file.load();
  await file.close();
  expect(W_enc.defects).toEqual([
    { row: 3, defect: 'zero-norm' },
    { row: 5, defect: 'non-finite' },
  ]);
  expect(W_dec.defects).toEqual([
    { row: 0, defect: 'zero-norm' },
    { row: 7, defect: 'non-finite' },
    { row: 9, defect: 'zero-norm' },
  ]);
  expect(facts).toEqual(
    expect.arrayContaining([
      'W_enc is stored [d_in, d_sae] = [6, 10]: features are columns, transposed on reading',
      'W_dec is stored [d_sae, d_in] = [10, 6]: features are rows',
      'W_enc: 1 feature is all zero (no direction; left out of every statistic): 3',
      'W_enc: 1 feature is not finite (NaN or infinity; left out of every statistic): 5',
      'W_dec: 2 features are all zero (no direction; left out of every statistic): 0, 9',
    ]),
  );
});

it('has firing densities where SAELens ships them, and none elsewhere', async () => {
  const file = await openFixture('saelens_v6_standard');
  const densities = await file.readDensities?.();
  expect(densities).toHaveLength(10);
  expect(densities?.[0]).toBeCloseTo(0.5, 6);
  expect(densities?.[2]).toBeLessThan(1e-9);
  expect(file.header.files.map(({ path }) => path.split('/').at(-1))).toEqual([
    'sae_weights.safetensors',
    'cfg.json',
    'sparsity.safetensors',
  ]);
  await file.close();
  const other = await openFixture('gemma_scope');
  expect(other.readDensities).toBeUndefined();
  await other.close();
});

describe('facts and identity from configurations', () => {
  it.each([
    [
      'gemma_scope_2/resid_post/layer_5_width_16k_l0_medium',
      'google/gemma-3-270m',
      'blocks.5.hook_resid_post',
      5,
    ],
    ['saelens_v6_standard', 'gpt2-small', 'blocks.8.hook_resid_pre', 8],
    ['saelens_v5_standard', 'gpt2-small', 'blocks.0.hook_resid_pre', 0],
    ['sparsify/layers.3.mlp', undefined, 'blocks.3.hook_mlp_out', 3],
    ['llama_scope/Llama3_1-8B-Base-L9R-8x', undefined, 'blocks.9.hook_resid_post', 9],
    ['dictionary_learning/top_k', 'EleutherAI/pythia-70m-deduped', 'blocks.3.hook_resid_post', 3],
    ['hook_z', undefined, 'blocks.0.attn.hook_z', 0],
  ])('%s', async (name, modelName, hookName, layer) => {
    const file = await openFixture(name);
    const { identity } = file.header;
    await file.close();
    expect({ ...identity, label: undefined }).toEqual({
      label: undefined,
      isSynthetic: false,
      ...(modelName && { modelName }),
      hookName,
      layer,
    });
  });

  it.each([
    ['saelens_v5_standard', /does not say architecture: standard, SAELens's default/],
    ['saelens_v5_standard', /does not say apply_b_dec_to_input: true/],
    ['saelens_v5_finetuned', /multiplied by scaling_factor/],
    ['saelens_v6_jumprelu', /threshold: 0\.7 for every feature/],
    ['saelens_square', /W_enc is stored \[d_in, d_sae\] = \[6, 6\].*square: by what the format/],
    ['gemma_scope_deflated', /W_enc is compressed/],
    ['gemma_scope_transcoder', /a transcoder/],
    ['dictionary_learning/batch_top_k', /k = 3 per batch; encoded with its one threshold, 0\.5, as jumprelu/],
    ['dictionary_learning/top_k', /AutoEncoderTopK encodes by k/],
    ['llama_scope/Llama3_1-8B-Base-L9R-8x', /the input is multiplied by sqrt\(d_model\) \/ 4/],
    [
      'gemma_scope_2/resid_post/layer_5_width_16k_l0_medium',
      /the folder says width_16k, the file has 10 features/,
    ],
  ])('%s says %s', async (name, pattern) => {
    const file = await openFixture(name);
    const { facts } = await file.load();
    await file.close();
    expect(facts.filter((fact) => pattern.test(fact))).toHaveLength(1);
  });
});

it('reads a k of topk from every format that has one', async () => {
  const ks = [
    'saelens_v6_topk',
    'saelens_v5_topk',
    'sparsify/layers.3.mlp',
    'dictionary_learning/top_k',
    'openai',
  ];
  const found = await Promise.all(
    ks.map(async (name) => {
      const file = await openFixture(name);
      await file.close();
      return file.header.k;
    }),
  );
  expect(found).toEqual([3, 4, 3, 3, 4]);
});

it('can be told the format, and refuses one that does not exist', async () => {
  const file = await openFixture('dictionary_learning/auto_encoder', { format: 'dictionary-learning' });
  await file.close();
  await expect(openFixture('gemma_scope', { format: 'nonsense' })).rejects.toThrow(
    /format nonsense: unknown \(expected gemma-scope, /,
  );
  await expect(openFixture('gemma_scope', { format: 'openai' })).rejects.toThrow(
    /params\.npz: has no tensor/,
  );
});

it('takes the folder or the file', async () => {
  const file = await openSae(fixture('gemma_scope/params.npz'), { env: {}, cwd: '/' });
  expect(file.header.identity.label).toBe('gemma_scope');
  await file.close();
  await expect(openFixture('sparsify')).rejects.toMatchObject({ kind: 'missing' });
});
