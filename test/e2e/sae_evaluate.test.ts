/** @file `antipode sae evaluate` as a user runs it: the library's numbers, what is drawn, what is written, and what is refused. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type WritableTensor, writeSafetensors } from '../../src/formats/safetensors/safetensors_writer.ts';
import { openLanguageModel } from '../../src/lm/session.ts';
import { openSae } from '../../src/sae/open.ts';
import { evaluateSae } from '../../src/train/evaluate/evaluate_sae.ts';
import { evaluationJson } from '../../src/train/evaluate/evaluation_json.ts';
import { parseHookPoint } from '../../src/train/harvest/hook_name.ts';
import { makePlace, type Place, runCommand, runHere } from '../support/run_command.ts';
import { writeTinyModel, writeTinySae } from '../support/tiny_model.ts';

const FEATURES = 30;
const TEXTS = ['w5 w6 w7 w8 w9', 'w10 w11', 'w12 w13 w14 w15 w16 w17 w18', 'w19'];

let place: Place;
let width: number;
beforeAll(async () => {
  place = makePlace();
  const { dModel } = await writeTinyModel(join(place.cwd, 'model'));
  width = dModel;
  await writeTinySae(join(place.cwd, 'tiny.npz'), FEATURES, dModel);
  await writeTinySae(join(place.cwd, 'wide.npz'), FEATURES, dModel + 1);
  await writeFile(join(place.cwd, 'texts.txt'), `${TEXTS.join('\n')}\n`);
  await writeFile(join(place.cwd, 'other.txt'), 'mine');
  await writeFile(join(place.cwd, 'empty.txt'), '');
});
afterAll(() => place.remove());

const ARGS = ['sae', 'evaluate', '-m', 'model', '--sae', 'tiny.npz', '--text', 'texts.txt'];

describe('antipode sae evaluate', () => {
  it('gives the numbers of the library, in JSON and for people', async () => {
    const { code, stdout } = await runCommand(place, [...ARGS, '--layer', '1', '--json']);
    expect(code).toBe(0);
    const model = await openLanguageModel(join(place.cwd, 'model'), { threads: 1 });
    const file = await openSae(join(place.cwd, 'tiny.npz'), { env: {}, cwd: place.cwd });
    const rows = TEXTS.map((text) =>
      Int32Array.from([1, ...text.split(' ').map((word) => Number(word.slice(1)))]),
    );
    const hook = parseHookPoint('resid.1', model.config);
    const expected = await evaluateSae({ model, sae: await file.load(), hook, rows });
    await file.close();
    await model.close();
    const found = JSON.parse(stdout) as Record<string, unknown>;
    expect(found).toMatchObject({
      model: 'model',
      precision: 'exact',
      sae: 'tiny',
      hook_name: 'blocks.1.hook_resid_post',
      text: expect.stringMatching(/^sha256:/),
      rows: 4,
      tokens: 15,
      left_out_tokens: 4,
      d_sae: FEATURES,
      features_file: null,
    });
    const own = evaluationJson(expected);
    for (const [key, value] of Object.entries(own)) {
      if (typeof value === 'number') expect(found[key], key).toBeCloseTo(value, 5);
      else if (key !== 'losses') expect(found[key], key).toEqual(value);
    }
    for (const [key, value] of Object.entries(own['losses'] as Record<string, number>)) {
      const shown = (found['losses'] as Record<string, number | null>)[key];
      if (Number.isNaN(value)) expect(shown).toBeNull();
      else expect(shown, key).toBeCloseTo(value, 5);
    }
    const human = await runCommand(place, [...ARGS, '--layer', '1']);
    expect(human.stdout).toContain('tiny at blocks.1.hook_resid_post');
    expect(human.stdout).toContain(expected.reconstruction.explainedVariance.toFixed(4));
    expect(human.stdout).toContain('loss, spliced');
  });

  it('draws texts by the seed until there are enough tokens, and leaves out what is not wanted', async () => {
    const few = [...ARGS, '--layer', '0', '--tokens', '2', '--no-losses', '--json'];
    const runs = await Promise.all(['0', '1', '2'].map((seed) => runHere(place, [...few, '--seed', seed])));
    const found = runs.map(({ stdout }) => JSON.parse(stdout) as Record<string, unknown>);
    const counts = new Set(found.map(({ tokens }) => Number(tokens)));
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(2);
    expect(found[0]).toMatchObject({ losses: null, losses_unavailable: null });
    expect(counts.size).toBeGreaterThan(1);
    const all = await runHere(place, [...ARGS, '--layer', '0', '--no-losses', '--all-tokens', '--json']);
    expect(JSON.parse(all.stdout)).toMatchObject({ tokens: 19, left_out_tokens: 0 });
  });

  it('says why there are no losses in front of an MLP that reads what attention adds', async () => {
    const args = [...ARGS, '--hook', 'blocks.1.hook_attn_out'];
    expect((await runHere(place, args)).stdout).toContain('Losses: not available at blocks.1.hook_attn_out');
    const { stdout } = await runHere(place, [...args, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      losses: null,
      losses_unavailable: expect.stringContaining('reads what attention adds'),
    });
  });

  it('writes what every feature does; quiet prints where, or else the explained variance', async () => {
    const args = [...ARGS, '--layer', '1', '--no-losses', '-q'];
    const written = await runCommand(place, [...args, '--out', 'features.csv']);
    expect(written.stdout).toBe(`${join(place.cwd, 'features.csv')}\n`);
    const lines = (await readFile(join(place.cwd, 'features.csv'), 'utf8')).trim().split('\n');
    expect(lines[0]).toBe('feature,density,max_activation');
    expect(lines).toHaveLength(FEATURES + 1);
    expect((await runHere(place, args)).stdout).toMatch(/^-?\d+\.\d+\n$/);
  });

  it.concurrent.each([
    ['other.txt', 'did not write it'],
    ['./model/../texts.txt', 'is read by the same command'],
    ['model', 'is a folder'],
    ['texts.txt/features.csv', 'a part of this path is a file'],
  ])('--out %s is refused before any work, in one document', async (out, problem) => {
    // The model does not exist: a check that came later would speak of that.
    const args = [...ARGS, '-m', 'absent', '--layer', '1', '--out', out, '--json'];
    const { code, stdout, stderr } = await runHere(place, args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(problem)]);
    expect(JSON.parse(stdout)).toMatchObject({ error: { kind: 'usage' } });
    expect(await readFile(join(place.cwd, 'texts.txt'), 'utf8')).toBe(`${TEXTS.join('\n')}\n`);
    expect(await readFile(join(place.cwd, 'other.txt'), 'utf8')).toBe('mine');
  });

  it('at another hook than the SAE was trained at: warned, and said in JSON', async () => {
    const sae = 'blocks.2.hook_mlp_out';
    await mkdir(join(place.cwd, 'named'));
    const tensor = (name: string, shape: readonly number[]): WritableTensor => ({
      name,
      shape,
      dtype: 'F32',
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)),
    });
    await writeSafetensors(join(place.cwd, 'named', 'sae_weights.safetensors'), [
      tensor('W_enc', [width, FEATURES]),
      tensor('W_dec', [FEATURES, width]),
      tensor('b_enc', [FEATURES]),
      tensor('b_dec', [width]),
    ]);
    const config = { architecture: 'standard', d_in: width, d_sae: FEATURES, metadata: { hook_name: sae } };
    await writeFile(join(place.cwd, 'named', 'cfg.json'), JSON.stringify(config));
    const args = [...ARGS, '--sae', 'named', '--no-losses', '--json'];
    const other = await runHere(place, [...args, '--layer', '1']);
    expect(other.stderr).toContain(`named: was trained at ${sae} and is read at blocks.1.hook_resid_post`);
    expect(JSON.parse(other.stdout)).toMatchObject({
      hook_name: 'blocks.1.hook_resid_post',
      sae_hook_name: sae,
    });
    const own = await runHere(place, args);
    expect([own.stderr, JSON.parse(own.stdout).hook_name]).toEqual(['', sae]);
  });

  it('explains the losses only where there are some', async () => {
    const { stdout } = await runHere(place, [...ARGS, '--layer', '1', '--no-losses']);
    expect(stdout).toContain('Explained variance:');
    expect(stdout).not.toMatch(/loss/i);
  });

  it.concurrent.each([
    ['no SAE', ['sae', 'evaluate', '-m', 'model', '--text', 'texts.txt'], 2, '--sae is missing'],
    ['no text', ['sae', 'evaluate', '-m', 'model', '--sae', 'tiny.npz'], 2, '--text is missing'],
    ['an unknown place', ARGS, 2, 'tiny: its place in the model is not known'],
    ['a layer that is not there', [...ARGS, '--layer', '3'], 2, 'there is no layer 3'],
    [
      'a hook that does not exist',
      [...ARGS, '--hook', 'blocks.0.attn.hook_z'],
      2,
      'the model shows no such place',
    ],
    ['an empty text', [...ARGS, '--layer', '0', '--text', 'empty.txt'], 1, 'holds no text'],
    ['a text that is not there', [...ARGS, '--layer', '0', '--text', 'none.txt'], 3, 'none.txt'],
    ['another width', [...ARGS, '--layer', '0', '--sae', 'wide.npz'], 2, 'does not fit the model'],
  ])('%s is one sentence', async (_, args, code, sentence) => {
    const result = await runHere(place, args);
    expect(result.stderr).toContain(sentence);
    expect([result.code, result.stdout]).toEqual([code, '']);
  });
});
