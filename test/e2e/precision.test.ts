/** @file `--precision` as a user gives it: what runs, what is kept in the cache, what is said. */

import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeSafetensorsHeader } from '../../src/formats/safetensors/safetensors.ts';
import { isFull, onlyInFull } from '../support/effort.ts';
import { makePlace, type Place, runHere } from '../support/run_command.ts';
import { writeTinyModel, writeTinySae } from '../support/tiny_model.ts';

let place: Place;
beforeAll(async () => {
  place = makePlace();
  const { dModel } = await writeTinyModel(join(place.cwd, 'model'));
  await writeTinySae(join(place.cwd, 'tiny.npz'), 12, dModel);
  await writeLargeModel(join(place.cwd, 'large'));
  await writeTinySae(join(place.cwd, 'large.npz'), 4, 1024);
});
afterAll(() => place.remove());

/** One layer of zeros whose matrices take 277 MB in 16 bits, and hardly anything on a disk that stores holes. */
async function writeLargeModel(folder: string): Promise<void> {
  await writeTinyModel(folder);
  for (const name of await readdir(folder)) {
    if (name.includes('safetensors')) await rm(join(folder, name));
  }
  const tiny = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as { vocab_size: number };
  const [d, wide] = [1024, 45_056];
  const config = {
    model_type: 'llama',
    hidden_size: d,
    intermediate_size: wide,
    num_hidden_layers: 1,
    num_attention_heads: 8,
    num_key_value_heads: 8,
    vocab_size: tiny.vocab_size,
    max_position_embeddings: 64,
    rms_norm_eps: 1e-5,
    hidden_act: 'silu',
    tie_word_embeddings: true,
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const shapes: [string, number[]][] = [
    ['model.embed_tokens.weight', [tiny.vocab_size, d]],
    ['model.norm.weight', [d]],
    ...['input_layernorm', 'post_attention_layernorm'].map((name): [string, number[]] => [
      `model.layers.0.${name}.weight`,
      [d],
    ]),
    ...['q', 'k', 'v', 'o'].map((name): [string, number[]] => [
      `model.layers.0.self_attn.${name}_proj.weight`,
      [d, d],
    ]),
    ...['gate', 'up'].map((name): [string, number[]] => [
      `model.layers.0.mlp.${name}_proj.weight`,
      [wide, d],
    ]),
    ['model.layers.0.mlp.down_proj.weight', [d, wide]],
  ];
  const header = encodeSafetensorsHeader(shapes.map(([name, shape]) => ({ name, dtype: 'BF16', shape })));
  const elements = shapes.reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b), 0);
  const file = await open(join(folder, 'model.safetensors'), 'w');
  await file.write(header);
  await file.truncate(header.byteLength + 2 * elements);
  await file.close();
}

const generate = (model: string): string[] => ['generate', '-m', model, '-p', 'w5 w6', '-n', '3', '--json'];
const activations = (model: string, sae: string): string[] => [
  'activations',
  '-m',
  model,
  '--sae',
  sae,
  '--layer',
  '0',
  '-p',
  'w5 w6',
  '--json',
];

const document = async (words: readonly string[]): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await runHere(place, words);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
};

const cacheIds = async (): Promise<string[]> => {
  const { stdout } = await runHere(place, ['cache', 'ls', '--quiet']);
  return stdout.split('\n').filter((id) => id.startsWith('quantised/'));
};

describe('a small model', () => {
  it('is exact unless something else is asked for, and then nothing is kept', async () => {
    expect(await document(generate('model'))).toMatchObject({ precision: 'exact' });
    expect(await document([...generate('model'), '--precision', 'f32'])).toMatchObject({ precision: 'f32' });
    expect(await document(activations('model', 'tiny.npz'))).toMatchObject({ precision: 'exact' });
    expect(await cacheIds()).toEqual([]);
  });

  it.each(['q8', 'q4'])('runs in %s for both commands, from one copy in the cache', async (precision) => {
    const words = ['--precision', precision];
    const first = await document([...generate('model'), ...words]);
    expect(first).toMatchObject({ precision });
    expect(await document([...generate('model'), ...words])).toEqual(first);
    expect(await document([...activations('model', 'tiny.npz'), ...words])).toMatchObject({ precision });
    expect(await cacheIds()).toHaveLength(1);
  });

  it('is exact for activations in auto too', async () => {
    const words = [...activations('model', 'tiny.npz'), '--precision', 'auto'];
    expect(await document(words)).toMatchObject({ precision: 'exact' });
  });
});

describe('a large model', () => {
  it.skipIf(!isFull)(
    `is quantised to generate, and exact for activations${onlyInFull('src/lm tries both')}`,
    async () => {
      expect(await document(generate('large'))).toMatchObject({ precision: 'q8' });
      expect(await document(activations('large', 'large.npz'))).toMatchObject({ precision: 'exact' });
    },
  );
});

describe('what cannot be done', () => {
  it('an unknown mode', async () => {
    const { code, stderr } = await runHere(place, [...generate('model'), '--precision', 'q5']);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('--precision: got "q5", expected one of auto, exact, f32, q8, q4'),
    ]);
  });

  it('a cache that cannot be written says how to name another', async () => {
    await writeFile(join(place.cwd, 'file'), '');
    const { code, stderr } = await runHere(place, [...generate('model'), '--precision', 'q8'], {
      env: { XDG_CACHE_HOME: join(place.cwd, 'file') },
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining('quantised weights cannot be kept there')]);
    expect(stderr).toContain('XDG_CACHE_HOME');
  });
});
