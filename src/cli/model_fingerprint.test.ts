import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeTinyModel } from '../../test/support/tiny_model.ts';
import { modelFingerprint } from './model_fingerprint.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-fingerprint-'));
  await writeTinyModel(dir);
});
afterAll(() => rm(dir, { recursive: true }));

test('a model is known by its configuration, its tokenizer and its weights, not by what lies beside them', async () => {
  const before = await modelFingerprint(dir);
  expect(before).toMatch(/^[0-9a-f]{64}$/);
  await writeFile(join(dir, 'README.md'), 'notes');
  expect(await modelFingerprint(dir)).toBe(before);
  for (const name of ['config.json', 'tokenizer.json', 'model-00002-of-00002.safetensors']) {
    const bytes = await readFile(join(dir, name));
    const changed = Buffer.from(bytes);
    changed[changed.length - 2]! ^= 1;
    await writeFile(join(dir, name), changed);
    expect(await modelFingerprint(dir), name).not.toBe(before);
    await writeFile(join(dir, name), bytes);
  }
  expect(await modelFingerprint(dir)).toBe(before);
});
