import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HubFile } from '../hub/fetch_wanted.ts';
import { findModel, modelFiles, parseModelName } from './fetch_model.ts';

describe('the name of a model', () => {
  it.each([
    ['google/gemma-2-2b', { repoId: 'google/gemma-2-2b' }],
    ['a/b@refs/pr/1', { repoId: 'a/b', revision: 'refs/pr/1' }],
    [`a/b@${'0'.repeat(40)}`, { repoId: 'a/b', revision: '0'.repeat(40) }],
    ['gpt2', { repoId: 'gpt2' }],
    ['gpt2@main', { repoId: 'gpt2', revision: 'main' }],
    // Folders of the cache could not tell it from a/b.
    ['a--b', undefined],
    ['model.safetensors', undefined],
    ['..', undefined],
    ['', undefined],
    ['a/b/c', undefined],
    ['../b', undefined],
    ['a/.b', undefined],
    ['a/b@', undefined],
    ['a b/c', undefined],
  ])('%s', (text, expected) => {
    expect(parseModelName(text)).toEqual(expected);
  });
});

describe('the files of a model', () => {
  const listed = (names: readonly string[]): HubFile[] =>
    names.map((path, i) => ({ path, byteLength: 1000 - i }));
  const filesOf = async (...names: string[]): Promise<string[]> =>
    (await modelFiles({ repoId: 'a/b' }, { list: async () => listed(names) })).map(({ path }) => path);
  const small = ['config.json', 'tokenizer.json'];

  it('are what is read, the weights once and last', async () => {
    expect(
      await filesOf(
        'model.safetensors',
        'README.md',
        ...small,
        'pytorch_model.bin',
        'original/model.safetensors',
      ),
    ).toEqual([...small, 'model.safetensors']);
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    expect(await filesOf(...shards, ...small, 'model.safetensors.index.json', 'chat_template.jinja')).toEqual(
      [...small, 'chat_template.jinja', 'model.safetensors.index.json', ...shards.reverse()],
    );
    expect(await filesOf(...small, 'model.safetensors', ...shards)).toEqual([...small, 'model.safetensors']);
  });

  it.each([
    ['no weights', small, 'no model.safetensors'],
    ['weights of another kind', [...small, 'pytorch_model.bin'], 'no model.safetensors'],
    ['no tokenizer', ['config.json', 'model.safetensors'], 'no tokenizer.json'],
  ])('%s: it runs nowhere here', async (_, names, problem) => {
    await expect(filesOf(...names)).rejects.toMatchObject({
      kind: 'missing',
      message: expect.stringContaining(problem),
    });
  });
});

describe('a model in the cache', () => {
  const commit = 'c'.repeat(40);
  let root: string;
  let folder: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'antipode-find-model-'));
    folder = join(root, 'models--a--b/snapshots', commit);
    await mkdir(folder, { recursive: true });
    for (const name of ['config.json', 'tokenizer.json']) await writeFile(join(folder, name), '{}');
  });
  afterEach(() => rm(root, { recursive: true }));
  const find = (): Promise<string | undefined> => findModel({ HF_HUB_CACHE: root }, { repoId: 'a/b' });

  it('is there with its weights in one file', async () => {
    expect(await find()).toBeUndefined();
    await writeFile(join(folder, 'model.safetensors'), '');
    expect(await find()).toBe(folder);
    await rm(join(folder, 'tokenizer.json'));
    expect(await find()).toBeUndefined();
  });

  it('is there with every shard that its index names', async () => {
    const weight_map = { a: 'one.safetensors', b: 'two.safetensors', c: 'one.safetensors' };
    await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
    await writeFile(join(folder, 'one.safetensors'), '');
    expect(await find()).toBeUndefined();
    await writeFile(join(folder, 'two.safetensors'), '');
    expect(await find()).toBe(folder);
  });

  it.each(['not JSON', '[]', '{"weight_map":7}'])(
    'with a broken index (%s) is left to those who open it',
    async (text) => {
      await writeFile(join(folder, 'model.safetensors.index.json'), text);
      expect(await find()).toBe(folder);
    },
  );
});
