import { copyFile, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, openFixture, temporaryFolder, UNKNOWN_MAP } from '../../test/support/sae_fixtures.ts';
import type { AntipodeError } from '../errors.ts';
import { writeSafetensors } from '../formats/safetensors/safetensors.ts';
import { type OpenSaeOptions, openSae } from './open.ts';

async function refusal(path: string, options: Partial<OpenSaeOptions> = {}): Promise<AntipodeError> {
  try {
    await (await openSae(path, { env: {}, cwd: '/', ...options })).close();
  } catch (error) {
    return error as AntipodeError;
  }
  throw new Error(`${path} was not refused`);
}

type Shapes = Readonly<Record<string, readonly number[]>>;

const GOOD: Shapes = { W_enc: [6, 10], W_dec: [10, 6], b_enc: [10], b_dec: [6] };

/** A SAELens v6 folder with tensors of these shapes, filled with 1, 2, 3, … */
async function saeLensFolder(shapes: Shapes, cfg: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const folder = await temporaryFolder();
  const tensors = Object.entries(shapes).map(([name, shape]) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const data = new Uint8Array(Float32Array.from({ length: count }, (_, i) => i + 1).buffer);
    return { name, dtype: 'F32' as const, shape, data };
  });
  await writeSafetensors(join(folder, 'sae_weights.safetensors'), tensors);
  const base = JSON.parse(await readFile(fixture('saelens_v6_standard/cfg.json'), 'utf8'));
  await writeFile(join(folder, 'cfg.json'), JSON.stringify({ ...base, ...cfg }));
  return folder;
}

describe('axes are asserted apart', () => {
  it.each<[string, Shapes, RegExp]>([
    ['W_enc of another d_sae', { ...GOOD, W_enc: [6, 9] }, /W_enc has shape \[6, 9\], expected \[6, 10\]/],
    ['W_dec of another d_in', { ...GOOD, W_dec: [10, 5] }, /W_dec has shape \[10, 5\], expected \[10, 6\]/],
    ['a third axis', { ...GOOD, W_dec: [10, 6, 1] }, /W_dec has shape \[10, 6, 1\]/],
    [
      'b_enc as long as d_in',
      { ...GOOD, b_enc: [6] },
      /b_enc has shape \[6\], expected \[10\] \(d_sae by cfg\.json d_sae\)/,
    ],
    [
      'b_dec as long as d_sae',
      { ...GOOD, b_dec: [10] },
      /b_dec has shape \[10\], expected \[6\] \(d_in by cfg\.json d_in\)/,
    ],
    [
      'a missing tensor',
      { W_enc: [6, 10], W_dec: [10, 6], b_dec: [6] },
      /has no tensor b_enc \(it has W_dec, W_enc, b_dec\)/,
    ],
  ])('%s', async (_, shapes, message) => {
    const error = await refusal(await saeLensFolder(shapes));
    expect(error).toMatchObject({ name: 'AntipodeError', kind: 'format' });
    expect(error.message).toMatch(message);
  });

  it('refuses a transposed matrix with the option that reads it, and then reads it', async () => {
    const folder = await saeLensFolder({ ...GOOD, W_enc: [10, 6] });
    const error = await refusal(folder);
    expect(error.message).toMatch(/W_enc has shape \[10, 6\], expected \[6, 10\] .*: it is the transpose$/);
    expect(error.hint).toBe('if the file really stores it so, add --transpose W_enc');
    const file = await openSae(folder, { env: {}, cwd: '/', transpose: ['W_enc'] });
    const { W_enc } = await file.load();
    await file.close();
    expect(Array.from(W_enc.data.subarray(0, 6))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(file.header.facts).toContain('W_enc is taken as transposed, as the user says, against its format');
    const wrong = await refusal(await saeLensFolder(GOOD), { transpose: ['W_dec'] });
    expect(wrong.hint).toBe('leave out --transpose W_dec');
  });

  it('takes a square matrix by the format’s convention, and the other way only when told', async () => {
    const folder = await saeLensFolder(
      { W_enc: [3, 3], W_dec: [3, 3], b_enc: [3], b_dec: [3] },
      { d_in: 3, d_sae: 3 },
    );
    for (const [transpose, first] of [
      [[], [1, 4, 7]],
      [['W_enc'], [1, 2, 3]],
    ] as const) {
      const file = await openSae(folder, { env: {}, cwd: '/', transpose });
      expect(Array.from((await file.readRows('encoder', [0])).data)).toEqual(first);
      await file.close();
    }
  });
});

describe('configurations that contradict or lack something', () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ['d_sae', { d_sae: 12 }, /W_enc has shape \[6, 10\], expected \[6, 12\]/],
    ['no d_in', { d_in: null }, /cfg\.json: d_in is missing \(expected a whole number from 1 on\)/],
    ['d_in as text', { d_in: '6' }, /cfg\.json: d_in is "6" \(expected a whole number/],
    [
      'no architecture in 6.0',
      { architecture: undefined },
      /cfg\.json: architecture is missing \(expected one of standard, gated/,
    ],
    ['an unknown architecture', { architecture: 'temporal' }, /architecture is "temporal" \(expected one of/],
    ['topk without k', { architecture: 'topk' }, /cfg\.json: k is missing/],
    [
      'k past d_sae',
      { architecture: 'topk', k: 11 },
      /k is 11 \(expected a whole number from 1 to d_sae, 10\)/,
    ],
    ['an unknown normalisation', { normalize_activations: 'batch' }, /normalize_activations is "batch"/],
    [
      'a yes for true',
      { apply_b_dec_to_input: 'yes' },
      /apply_b_dec_to_input is "yes" \(expected true or false\)/,
    ],
    ['jumprelu without threshold', { architecture: 'jumprelu' }, /has no tensor threshold/],
    ['gated without a gate', { architecture: 'gated' }, /has no tensor b_/],
    [
      'a transcoder of two widths',
      { architecture: 'transcoder', d_out: 7 },
      /d_out is 7, expected d_in \(6\)/,
    ],
  ])('%s', async (_, cfg, message) => {
    const error = await refusal(await saeLensFolder(GOOD, cfg));
    expect(error).toMatchObject({ name: 'AntipodeError', kind: 'format' });
    expect(error.message).toMatch(message);
  });

  it('names a configuration that is not there, not JSON, or not an object', async () => {
    const folder = await temporaryFolder();
    await copyFile(
      fixture('saelens_v6_standard/sae_weights.safetensors'),
      join(folder, 'sae_weights.safetensors'),
    );
    expect(await refusal(folder)).toMatchObject({
      kind: 'missing',
      message: 'cfg.json: not found beside sae_weights.safetensors, which needs it',
    });
    for (const [text, message] of [
      ['{"d_in": 6,', /cfg\.json: not JSON/],
      ['[1]', /cfg\.json: expected a JSON object/],
      ['\xff\xfe', /cfg\.json: not JSON/],
    ] as const) {
      await writeFile(join(folder, 'cfg.json'), text, 'latin1');
      expect((await refusal(folder)).message).toMatch(message);
    }
  });

  it('takes the default of expected_average_only_in as a fact', async () => {
    const folder = await saeLensFolder(GOOD, { normalize_activations: 'expected_average_only_in' });
    const file = await openSae(folder, { env: {}, cwd: '/' });
    await file.close();
    expect(file.header.facts.join('\n')).toMatch(/expected_average_only_in: unless the factor was folded/);
  });

  it.each<[string, string, Record<string, unknown>, RegExp]>([
    [
      'sparsify/layers.3.mlp',
      'cfg.json',
      { activation: 'groupmax' },
      /cfg\.json: activation is "groupmax" \(expected topk\)/,
    ],
    ['sparsify/layers.3.mlp', 'cfg.json', { signed: true }, /signed is true/],
    [
      'sparsify/layers.3.mlp',
      'cfg.json',
      { num_latents: 0 },
      /expected \[192, 6\].*d_in times expansion_factor/,
    ],
    [
      'llama_scope/Llama3_1-8B-Base-L9R-8x',
      'hyperparams.json',
      { act_fn: 'relu' },
      /act_fn is "relu" \(expected jumprelu\)/,
    ],
    [
      'llama_scope/Llama3_1-8B-Base-L9R-8x',
      'hyperparams.json',
      { dataset_average_activation_norm: {} },
      /dataset_average_activation_norm\.in is missing/,
    ],
    [
      'llama_scope/Llama3_1-8B-Base-L9R-8x',
      'hyperparams.json',
      { hook_point_out: 'blocks.9.hook_mlp_out' },
      /hook_point_out is blocks\.9\.hook_mlp_out, expected blocks\.9\.hook_resid_post/,
    ],
    [
      'dictionary_learning/top_k',
      'config.json',
      { trainer: { dict_class: 'GatedAutoEncoder' } },
      /dict_class is GatedAutoEncoder, the tensors are those of AutoEncoderTopK or BatchTopKSAE/,
    ],
    [
      'dictionary_learning/top_k',
      'config.json',
      { trainer: { dict_size: 11 } },
      /trainer\.dict_size is 11, expected 10/,
    ],
    [
      'gemma_scope_2/resid_post/layer_5_width_16k_l0_medium',
      'config.json',
      { architecture: 'topk' },
      /architecture is "topk" \(expected one of jump_relu, jumprelu\)/,
    ],
  ])('%s: %s with %j', async (name, configName, change, message) => {
    const folder = await temporaryFolder();
    await cp(fixture(name), folder, { recursive: true });
    const path = join(folder, configName);
    const config = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...config, ...change }));
    const error = await refusal(folder);
    expect(error).toMatchObject({ name: 'AntipodeError', kind: 'format' });
    expect(error.message).toMatch(message);
  });
});

describe('--map', () => {
  it('is proposed for an unknown file, and the proposal works', async () => {
    const error = await refusal(fixture('unknown/dictionary.pt'));
    expect(error.message).toBe(
      `${fixture('unknown/dictionary.pt')}: not a known SAE layout (it has pre_bias [6], encoder_bias [10], decoder_weights [10, 6], encoder_weights [6, 10])`,
    );
    const map = [...(error.hint ?? '').matchAll(/--map (\S+)/g)].map(([, entry]) => entry!);
    expect(map).toEqual(UNKNOWN_MAP.slice(0, 4));
    const file = await openFixture('unknown', { map });
    await file.close();
    expect(file.header).toMatchObject({ architecture: 'standard', dIn: 6, dSae: 10 });
    expect(file.header.facts).toContain('neither k, threshold nor gate is mapped: taken as standard (ReLU)');
  });

  it('infers the axes from the matrices where no vector is mapped, and says so', async () => {
    const file = await openFixture('unknown', { map: UNKNOWN_MAP.slice(0, 2) });
    const { b_enc } = await file.load();
    await file.close();
    expect(file.header).toMatchObject({ dIn: 6, dSae: 10 });
    expect(file.header.facts).toContain('no vector says which axis is d_sae: the longer one, 10');
    expect(Array.from(b_enc)).toEqual(new Array(10).fill(0));
  });

  it('wants a square matrix stated, in any of the ways', async () => {
    const square = fixture('saelens_square/sae_weights.safetensors');
    const map = ['W_enc=W_enc', 'W_dec.rows=W_dec'];
    const error = await refusal(square, { map });
    expect(error).toMatchObject({ kind: 'usage' });
    expect(error.message).toMatch(
      /W_enc is square \[6, 6\]: nothing says whether features are rows or columns/,
    );
    expect(error.hint).toBe('state it: --map W_enc.rows=W_enc or --map W_enc.columns=W_enc');
    const firstRow = async (entry: string, transpose: readonly 'W_enc'[] = []): Promise<number[]> => {
      const file = await openSae(square, { env: {}, cwd: '/', map: [entry, 'W_dec.rows=W_dec'], transpose });
      const row = await file.readRows('encoder', [0]);
      await file.close();
      return Array.from(row.data);
    };
    const columns = await firstRow('W_enc.columns=W_enc');
    const rows = await firstRow('W_enc.rows=W_enc');
    expect(rows).not.toEqual(columns);
    expect(await firstRow('W_enc.T=W_enc')).toEqual(rows);
    expect(await firstRow('W_enc=W_enc', ['W_enc'])).toEqual(rows);
  });

  it.each<[readonly string[], RegExp]>([
    [['W_enc'], /--map W_enc: expected NAME=TENSOR/],
    [['=x'], /expected NAME=TENSOR/],
    [['W_enc=a'], /--map: W_dec is missing/],
    [['W_enc=a', 'W_enc=b'], /W_enc is given twice/],
    [['W_foo=a'], /expected NAME=TENSOR with NAME one of W_enc, W_dec, b_enc/],
    [['W_enc.X=a'], /\.X is none of \.T, \.rows, \.columns/],
    [['b_enc.T=a'], /only W_enc and W_dec take/],
    [['W_enc=a', 'W_dec=b', 'k=many'], /expected k=NUMBER/],
    [['W_enc=a', 'W_dec=b', 'apply_b_dec_to_input=1'], /expected true or false/],
    [
      ['W_enc=encoder_weights', 'W_dec=decoder_weights', 'k=4', 'threshold=encoder_bias'],
      /jumprelu and topk at once/,
    ],
    [
      ['W_enc=encoder_weights', 'W_dec=decoder_weights', 'b_gate=encoder_bias'],
      /needs both b_gate and r_mag/,
    ],
  ])('refuses %j', async (map, message) => {
    const error = await refusal(fixture('unknown/dictionary.pt'), { map });
    expect(error).toMatchObject({ kind: 'usage' });
    expect(error.message).toMatch(message);
  });

  it.each<[readonly string[], RegExp]>([
    [['W_enc=nowhere', 'W_dec=decoder_weights'], /has no tensor nowhere/],
    [['W_enc=pre_bias', 'W_dec=decoder_weights'], /pre_bias has shape \[6\], expected two axes for W_enc/],
    [['W_enc=encoder_weights', 'W_dec=decoder_weights', 'b_dec=decoder_weights'], /expected one axis/],
    [
      ['W_enc=encoder_weights', 'W_dec=decoder_weights', 'b_dec=pre_bias', 'b_enc=pre_bias'],
      /expected \[6, 6\]/,
    ],
  ])('names what does not fit: %j', async (map, message) => {
    const error = await refusal(fixture('unknown/dictionary.pt'), { map });
    expect(error).toMatchObject({ kind: 'format' });
    expect(error.message).toMatch(message);
  });
});

it('refuses features outside the dictionary, by number', async () => {
  const file = await openFixture('gemma_scope');
  for (const feature of [-1, 10, 1.5, Number.NaN]) {
    await expect(file.readRows('decoder', [0, feature])).rejects.toMatchObject({
      kind: 'usage',
      message: `feature ${feature}: not in this SAE (it has features 0 to 9)`,
    });
  }
  expect((await file.readRows('encoder', [])).rows).toBe(0);
  await file.close();
});

it('closes its file once, and again without harm', async () => {
  const file = await openFixture('gemma_scope');
  await file.close();
  await file.close();
  await expect(file.readSpace('encoder')).rejects.toThrow();
});
