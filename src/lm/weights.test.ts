import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeSafetensors } from '../formats/safetensors/safetensors.ts';
import { openLanguageModel } from './session.ts';
import { externalLocation, openWeights } from './weights.ts';

const fixture = fileURLToPath(new URL('../../test/fixtures/lm/gemma2', import.meta.url));
const FILES = [
  'config.json',
  'model.safetensors.index.json',
  'model-00001-of-00002.safetensors',
  'model-00002-of-00002.safetensors',
];

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-weights-'));
});
afterAll(() => rm(dir, { recursive: true }));

test('a file is placed below the root of its file system, links resolved, with forward slashes', async () => {
  await mkdir(join(dir, 'blobs'));
  await copyFile(join(fixture, 'config.json'), join(dir, 'blobs', 'abc'));
  await symlink(join('blobs', 'abc'), join(dir, 'link'));
  const { folder, location } = await externalLocation(join(dir, 'link'));
  expect(location.startsWith('/')).toBe(false);
  expect(location.endsWith('blobs/abc')).toBe(true);
  expect(await externalLocation(join(dir, 'blobs', 'abc'))).toEqual({ folder, location });
});

describe('where the files of a model may lie', () => {
  const logitsOf = async (folder: string): Promise<Float32Array> => {
    const model = await openLanguageModel(folder);
    const { logits } = await model.forward({ tokens: [[1, 2, 3]] });
    await model.close();
    return logits!.values;
  };

  test('a Hugging Face cache: a snapshot of links to blobs in two other folders', async () => {
    const snapshot = join(dir, 'models--a--b', 'snapshots', 'c0ffee');
    const blobs = join(dir, 'models--a--b', 'blobs');
    await mkdir(snapshot, { recursive: true });
    await mkdir(blobs);
    for (const [i, name] of FILES.entries()) {
      await copyFile(join(fixture, name), join(blobs, `blob${i}`));
      await symlink(join('..', '..', 'blobs', `blob${i}`), join(snapshot, name));
    }
    expect(await logitsOf(snapshot)).toEqual(await logitsOf(fixture));
  });

  test('a folder whose name has spaces and other scripts', async () => {
    const folder = join(dir, 'mödel ☂ 模型 %20');
    await mkdir(folder);
    for (const name of FILES) await copyFile(join(fixture, name), join(folder, name));
    expect(await logitsOf(folder)).toEqual(await logitsOf(fixture));
  });
});

describe('tensors', () => {
  const weights = async (): Promise<Awaited<ReturnType<typeof openWeights>>> => {
    const folder = await mkdtemp(join(dir, 'model-'));
    await writeSafetensors(join(folder, 'model.safetensors'), [
      { name: 'm', dtype: 'F16', shape: [2, 3], data: new Uint16Array(6) },
      { name: 'v', dtype: 'BF16', shape: [2], data: Uint16Array.of(0x3f80, 0xc020) },
      { name: 'nan', dtype: 'F32', shape: [2], data: Float32Array.of(1, Number.NaN) },
      { name: 'ids', dtype: 'I64', shape: [1], data: new BigInt64Array(1) },
    ]);
    return openWeights(folder);
  };

  test('a matrix is a range of the file, a vector is read and widened', async () => {
    const opened = await weights();
    const { data, ...matrix } = opened.tensor('m', [2, 3]);
    expect(matrix).toEqual({ type: 'float16', dims: [2, 3] });
    expect(data.length).toBe(12);
    expect(data.location).toMatch(/model\.safetensors$/);
    expect(await opened.vector('v', 2)).toEqual(Float32Array.of(1, -2.5));
    expect(await opened.findNonFinite()).toBe('nan');
    await opened.close();
  });

  test('refused: missing, another shape or rank, integers, NaN', async () => {
    const opened = await weights();
    expect(() => opened.tensor('x', [1])).toThrow('model.safetensors: has no tensor x (it has');
    expect(() => opened.tensor('m', [3, 2])).toThrow(
      'model.safetensors: m has shape [2, 3], expected [3, 2] by config.json',
    );
    expect(() => opened.tensor('m', [6])).toThrow('m has shape [2, 3], expected [6]');
    expect(() => opened.tensor('ids', [1])).toThrow('ids is stored as I64 (expected F32, F16 or BF16)');
    await expect(opened.vector('nan', 2)).rejects.toThrow('nan holds NaN or infinite values');
    await opened.close();
  });
});
