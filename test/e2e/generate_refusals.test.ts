/** @file What `antipode generate` makes of odd prompts, conversations and strengths: each works, or is refused in one sentence. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../src/formats/safetensors/safetensors.ts';
import { makePlace, type Place, runCommand, runHere } from '../support/run_command.ts';
import { writeTinyModel, writeTinySae } from '../support/tiny_model.ts';

const LAYER = 1;

/** What the templates of real models do with a system message: write it, pass over it, refuse it. */
const TEMPLATES = {
  taking: '{{ bos_token }}{% for m in messages %}{{ m.content }} {% endfor %}',
  silent:
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ m.content }} {% endif %}{% endfor %}",
  refusing:
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{{ messages[0].content }}",
};

let place: Place;
let decoder: Float32Array;
beforeAll(async () => {
  place = makePlace();
  const { dModel } = await writeTinyModel(join(place.cwd, 'model'));
  decoder = await writeTinySae(join(place.cwd, 'dictionary.npz'), 12, dModel);
  await writeTinySae(join(place.cwd, 'wider.npz'), 12, dModel + 2);
  for (const [name, template] of Object.entries(TEMPLATES)) {
    await writeTinyModel(join(place.cwd, name), { tokenizerConfig: { chat_template: template } });
  }
});
afterAll(() => place.remove());

const BASE = ['generate', '-m', 'model', '-n', '8', '-p', 'w5 w6 w7'];
const SAE = ['--sae', 'dictionary.npz'];

async function textOf(args: readonly string[], stdin?: string): Promise<string> {
  const result = await runHere(place, [...args, '-q'], stdin === undefined ? {} : { stdin });
  expect([result.code, result.stderr]).toEqual([0, '']);
  return result.stdout;
}

describe('prompts', () => {
  it('C20: stdin is read without its last line break, and only that one', async () => {
    const args = ['generate', '-m', 'model', '-n', '8', '-p', '-', '--json'];
    const prompts = ['w5\n', 'w5\r\n', 'w5\n\n', ' w5'].map(async (stdin) => {
      const { stdout } = await runHere(place, args, { stdin });
      return (JSON.parse(stdout) as { replies: { prompt: string }[] }).replies[0]!.prompt;
    });
    expect(await Promise.all(prompts)).toEqual(['w5', 'w5', 'w5\n', ' w5']);
  });

  it('the empty prompt begins a text where the model has a beginning', async () => {
    const { code, stdout } = await runHere(place, ['generate', '-m', 'model', '-n', '3', '-p', '']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^(w\d+|<unk>)( w\d+| <unk>){2}\n$/);
  });

  it('-n 0 writes nothing', async () => {
    expect(await textOf([...BASE, '-n', '0'])).toBe('\n');
  });

  it('a prompt that fills the context gets one more token', async () => {
    const { stdout } = await runHere(place, ['generate', '-m', 'model', '-p', 'w5 '.repeat(47), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ replies: [{ end: 'context', tokens: [expect.any(Number)] }] });
  });
});

describe('--chat', () => {
  it('writes system message and prompt by the template; the answer stands below what was asked', async () => {
    const { code, stdout } = await runHere(place, [
      'generate',
      '-m',
      'taking',
      '-n',
      '8',
      '--chat',
      '--system',
      'w9 w10',
      '-p',
      'w5',
    ]);
    const plain = await textOf(['generate', '-m', 'model', '-n', '8', '-p', 'w9 w10 w5']);
    expect([code, stdout]).toEqual([0, `w5\n${plain}`]);
  });
});

describe('strengths', () => {
  it('have signs; features add up, and one given twice counts twice', async () => {
    const steered = (...terms: string[]) =>
      textOf([...BASE, ...SAE, '--temp', '0', ...terms.flatMap((term) => ['--steer', `${LAYER}:${term}`])]);
    const [up, down, twice] = await Promise.all([steered('3:+8'), steered('3:-8'), steered('3:4.0', '3:4')]);
    expect(up).not.toBe(down);
    expect(twice).toBe(up);
    expect(await steered('3:8', '3:-8')).toBe(await textOf([...BASE, '--temp', '0']));
  });
});

describe('the place of an SAE', () => {
  /** As SAELens writes it, with the decoder of `dictionary.npz`. */
  async function writeAt(hook: string): Promise<string> {
    const folder = join(place.cwd, hook);
    await mkdir(folder);
    const dModel = decoder.length / 12;
    const config = {
      d_in: dModel,
      d_sae: 12,
      dtype: 'float32',
      apply_b_dec_to_input: true,
      normalize_activations: 'none',
      architecture: 'standard',
      metadata: { sae_lens_version: '6.18.0', model_name: 'tiny', hook_name: hook },
    };
    await writeFile(join(folder, 'cfg.json'), JSON.stringify(config));
    await writeSafetensors(join(folder, 'sae_weights.safetensors'), [
      { name: 'W_enc', dtype: 'F32', shape: [dModel, 12], data: new Float32Array(12 * dModel).fill(1) },
      { name: 'W_dec', dtype: 'F32', shape: [12, dModel], data: decoder },
      { name: 'b_enc', dtype: 'F32', shape: [12], data: new Float32Array(12) },
      { name: 'b_dec', dtype: 'F32', shape: [dModel], data: new Float32Array(dModel) },
    ]);
    return hook;
  }

  it('hook_resid_pre of a layer is behind the layer before; a sublayer is refused', async () => {
    const [before, inside] = [
      await writeAt('blocks.1.hook_resid_pre'),
      await writeAt('blocks.1.hook_mlp_out'),
    ];
    const run = (sae: string, term: string) =>
      runHere(place, [...BASE, '--temp', '0', '--sae', sae, '--steer', term, '--json']);
    const [shifted, same] = [await run(before, '1:3:8'), await run('dictionary.npz', '0:3:8')].map(
      ({ stdout }) => JSON.parse(stdout) as { steering: { layer: number; place: string }; replies: unknown },
    );
    expect(shifted!.steering).toMatchObject({ layer: 1, place: 'resid.0' });
    expect(shifted!.replies).toEqual(same!.replies);
    const refused = await run(inside, '1:3:8');
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('reads blocks.1.hook_mlp_out'),
    ]);
  });
});

const steer = (term: string): string[] => [...BASE, ...SAE, '--steer', term];
const NAMED = 'gemma-2-2b/20-gemmascope-res-16k/3:4';

describe('refused in one sentence', () => {
  it.concurrent.each<[string, string[], string]>([
    ['1e30', steer('1:3:1e30'), '--steer: the strength is out of range (got 1e30, expected -1e15 to 1e15)'],
    ['a feature beyond the last', steer('1:12:4'), '12'],
    ['two layers', [...steer('1:3:4'), '--steer', '2:3:4'], '--steer: the layer is 1 and 2'],
    [
      'an SAE of another width',
      [...BASE, '--sae', 'wider.npz', '--steer', '1:3:4'],
      'wider: does not fit the model',
    ],
    [
      'features of two SAEs',
      [...steer(NAMED), '--steer', 'gemma-2-2b/12-gemmascope-res-16k/3:4'],
      '--steer: a feature belongs to gemma-2-2b/12-gemmascope-res-16k',
    ],
    [
      'no share at all',
      [...BASE, '--top-p', '0'],
      'top-p: is out of range (got 0, expected more than 0 and at most 1)',
    ],
    ['an empty stop sequence', [...BASE, '--stop', ''], 'stop sequence: has no usable length'],
    [
      'a prompt beyond the context',
      ['generate', '-m', 'model', '-p', 'w5 '.repeat(60)],
      '--prompt "w5 w5 w5 w5 w5 w5 w5…": is too long (got 61 tokens, the model\'s context holds 48)',
    ],
    ['stdin twice', [...BASE, '-p', '-', '-p', '-'], '--prompt: - is given twice'],
    [
      'a system message without a conversation',
      [...BASE, '--system', 'x'],
      '--system: there is no conversation',
    ],
    [
      'a template that refuses it',
      ['generate', '-m', 'refusing', '-p', 'w5', '--chat', '--system', 'w9'],
      'cannot write these messages (System role not supported)',
    ],
    [
      'a template that passes over it',
      ['generate', '-m', 'silent', '-p', 'w5', '--chat', '--system', 'w9'],
      "--system: the model's chat template leaves system messages out",
    ],
  ])('%s', async (_, args, sentence) => {
    const { code, stdout, stderr } = await runHere(place, args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: .*\n(next: .*\n)?$/);
    expect(stderr).toContain(sentence);
  });

  it('stdin that is no text', async () => {
    const { code, stderr } = await runCommand(place, ['generate', '-m', 'model', '-p', '-'], {
      stdin: Uint8Array.of(0x77, 0xff, 0xfe),
    });
    expect([code, stderr]).toEqual([2, 'error: stdin: the prompt is not UTF-8 text\n']);
  });
});
