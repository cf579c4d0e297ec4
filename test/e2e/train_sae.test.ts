/** @file `antipode train sae` as a user meets it: what it writes, the same bytes for the same seed, every architecture, every kind of text. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runHere, snapshot } from '../support/run_command.ts';
import { makeTrainingPlace, TEXTS, type TrainingPlace } from '../support/sae_training.ts';
import { writeTinyModel } from '../support/tiny_model.ts';

let place: TrainingPlace;
beforeAll(async () => {
  place = await makeTrainingPlace();
});
afterAll(() => place.remove());

it('C3, C4, C14: leaves an SAE with its numbers, the same bytes for the same seed', async () => {
  const { code, stdout, stderr } = await place.train('plain', ['--steps', '60', '--json']);
  expect(code).toBe(0);
  const result = JSON.parse(stdout) as Record<string, Record<string, unknown>>;
  expect(result).toMatchObject({
    hook_name: 'blocks.1.hook_resid_post',
    d_in: 20,
    text: { file: 'texts.txt', documents: 80, held_out: 4 },
    context: 48,
    settings: { architecture: 'batchtopk', d_sae: 64, k: 4, steps: 60 },
    evaluation: { d_sae: 64, losses: { clean: expect.any(Number), spliced: expect.any(Number) } },
    out: 'plain',
  });
  expect(result['evaluation']!['explained_variance']).toBeGreaterThan(0.2);
  expect(stderr).toContain('Special tokens and the first token of each row');
  expect(stderr).toMatch(/Memory: \S+ \w+ for activations at most, about \S+ \w+ for the training/);
  const files = ['cfg.json', 'evaluation.json', 'loss.csv', 'manifest.json'];
  expect(readdirSync(place.path('plain')).sort()).toEqual([
    ...files,
    'sae_weights.safetensors',
    'sparsity.safetensors',
  ]);
  expect(existsSync(place.path('plain.training'))).toBe(false);
  const before = snapshot(place.path('plain'));
  expect((await place.train('plain', ['--steps', '60', '-q'])).stdout).toBe('plain\n');
  expect(snapshot(place.path('plain'))).toEqual(before);
  expect((await place.train('other', ['--steps', '60', '--seed', '1'])).code).toBe(0);
  expect(snapshot(place.path('other')).get('sae_weights.safetensors')).not.toBe(
    before.get('sae_weights.safetensors'),
  );
});

it('its SAE is read by the other commands, in both layouts, and the table is for people', async () => {
  const more = ['--steps', '20', '--format', 'both', '--hook', 'blocks.2.hook_mlp_out'];
  const { code, stdout } = await place.train('both', more);
  expect([code, stdout.trim().split('\n').at(-1)]).toEqual([0, 'both']);
  expect(stdout).toContain('blocks.2.hook_mlp_out, 64 features, on texts that were held out');
  for (const layout of ['saelens', 'gemma-scope']) {
    const shown = await runHere(place, ['sae', 'inspect', `both/${layout}`, '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ d_in: 20, d_sae: 64, architecture: 'jumprelu' });
  }
});

it.each([
  ['topk', ['--k', '4']],
  ['jumprelu', ['--sparsity', '1']],
  ['standard', ['--sparsity', '1']],
])('%s', async (architecture, flags) => {
  const more = ['--steps', '20', '--architecture', architecture, ...flags];
  expect(await place.train(architecture, more)).toMatchObject({ code: 0 });
  const config = readFileSync(place.path(architecture, 'cfg.json'), 'utf8');
  expect(config).toContain(`"architecture": "${architecture}"`);
});

it('reads JSON lines, gzip and stdin, and trains on all of the text where nothing is held out', async () => {
  const lines = TEXTS.map((body) => JSON.stringify({ body })).join('\n');
  writeFileSync(place.path('texts.jsonl.gz'), gzipSync(lines));
  const more = ['--steps', '5', '--held-out', '0', '--json'];
  const packed = await place.train('packed', [...more, '--text', 'texts.jsonl.gz', '--field', 'body']);
  expect(JSON.parse(packed.stdout)).toMatchObject({
    text: { documents: 80, held_out: 0 },
    evaluation: null,
  });
  const piped = await place.train('piped', [...more, '--text', '-'], { stdin: TEXTS.join('\n') });
  expect(JSON.parse(piped.stdout)).toMatchObject({ text: { file: 'stdin', documents: 80 } });
  expect(existsSync(place.path('piped', 'evaluation.json'))).toBe(false);
});

it('NaN activations: the token and the text are named, nothing is left', async () => {
  await writeTinyModel(place.path('nan'));
  await spoilEmbedding(51, 20);
  const { code, stderr } = await place.train('spoilt', ['-m', 'nan']);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(
      /error: texts\.txt:\d+, token \d+ "w51": its activation at blocks\.1\.hook_resid_post is NaN/,
    ),
  ]);
  expect(existsSync(place.path('spoilt.training'))).toBe(false);
});

/** The first number of a token's row in the embedding becomes NaN. */
async function spoilEmbedding(token: number, width: number): Promise<void> {
  const name = 'model.embed_tokens.weight';
  const index = JSON.parse(await readFile(place.path('nan', 'model.safetensors.index.json'), 'utf8')) as {
    weight_map: Record<string, string>;
  };
  const path = place.path('nan', index.weight_map[name]!);
  const bytes = await readFile(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<
    string,
    { data_offsets: [number, number]; dtype: string }
  >;
  const { data_offsets, dtype } = header[name]!;
  const size = dtype === 'F32' ? 4 : 2;
  const at = start + data_offsets[0] + token * width * size;
  await writeFile(path, bytes.fill(0xff, at, at + size));
}
