import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readParquet } from '../formats/parquet/parquet.ts';
import { openFileSource } from '../formats/source.ts';
import { rowsOf, type Table } from '../formats/table.ts';
import {
  findFeatureStore,
  listFeatureStores,
  readStoreIn,
  type StoreOptions,
  storeSource,
} from './feature_store.ts';
import { readExports } from './read_exports.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/neuronpedia/', import.meta.url));
const OLDER = 'gemma-2-2b_20-gemmascope-res-16k.json';
const LAYER_20 = 'antipode/features/gemma-2-2b/20-gemmascope-res-16k';

let dir: string;
let env: { XDG_CACHE_HOME: string };
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-store-'));
  env = { XDG_CACHE_HOME: dir };
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

async function importAll(paths: string[], options: StoreOptions = {}): Promise<void> {
  const { sources } = await readExports(paths, { cwd: fixtures });
  for (const source of sources) await storeSource(env, source, options);
}

async function tableAt(path: string): Promise<Table> {
  const source = await openFileSource(path);
  try {
    return await readParquet(source);
  } finally {
    await source.close();
  }
}

async function bytesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  const contents = await Promise.all(names.map((name) => readFile(join(folder, name), 'base64')));
  return Object.fromEntries(names.map((name, i) => [name, contents[i]!]));
}

describe('imports at the same time', () => {
  it('lose nothing of each other', async () => {
    await Promise.all([importAll([OLDER]), importAll(['export']), importAll([OLDER]), importAll(['export'])]);
    const together = rowsOf(await tableAt(join(dir, LAYER_20, 'explanations.parquet')));
    await rm(join(dir, 'antipode'), { recursive: true });
    await importAll([OLDER]);
    await importAll(['export']);
    const inTurn = rowsOf(await tableAt(join(dir, LAYER_20, 'explanations.parquet')));
    const texts = (rows: typeof together) =>
      rows.map(({ feature, description }) => `${feature} ${description}`).sort();
    expect(texts(together)).toEqual(texts(inTurn));
    expect(await readdir(join(dir, 'antipode/features/gemma-2-2b'))).not.toContain(
      '.20-gemmascope-res-16k.lock',
    );
  });
});

describe('a feature store', () => {
  it('lies in the cache folder and holds two documented tables', async () => {
    await importAll(['export']);
    const folder = join(dir, LAYER_20);
    expect((await readdir(folder)).sort()).toEqual([
      'explanations.parquet',
      'features.parquet',
      'manifest.json',
    ]);
    const explanations = await tableAt(join(folder, 'explanations.parquet'));
    expect(rowsOf(explanations).slice(0, 2)).toEqual([
      {
        feature: 0,
        explanation_index: 0,
        description: 'the beginning of a text',
        explainer: 'gpt-4o-mini',
        type_name: 'oai_token-act-pair',
        author_id: 'author-1',
        created_at: '2024-11-02T08:00:00.500Z',
      },
      {
        feature: 0,
        explanation_index: 1,
        description: 'Start of documents',
        explainer: 'gemini-2.5-flash-lite',
        type_name: 'oai_token-act-pair',
        author_id: 'author-1',
        created_at: '2025-05-01T10:00:00.000Z',
      },
    ]);
    const features = await tableAt(join(folder, 'features.parquet'));
    expect(rowsOf(features)[1]).toEqual({
      feature: 1,
      frac_nonzero: 0.00069,
      max_act: 74.742,
      created_at: '2024-08-10T13:32:21.105Z',
    });
  });

  it('gives back what was stored', async () => {
    const { sources } = await readExports(['export'], { cwd: fixtures });
    await importAll(['export']);
    expect((await readStoreIn(join(dir, LAYER_20)))?.data).toEqual(sources[1]!.data);
  });

  it('same imports, same bytes; the same import twice changes nothing', async () => {
    await importAll(['export', OLDER]);
    const once = await bytesOf(join(dir, LAYER_20));
    await importAll(['export', OLDER]);
    expect(await bytesOf(join(dir, LAYER_20))).toEqual(once);
    await importAll(['export', OLDER], { replace: true });
    expect(await bytesOf(join(dir, LAYER_20))).toEqual(once);
    expect(JSON.stringify(once)).not.toContain(Buffer.from(tmpdir()).toString('base64'));
    const manifest = await readFile(join(dir, LAYER_20, 'manifest.json'), 'utf8');
    expect(manifest).not.toContain(fixtures);
  });

  it('lays a later import over an earlier one: both parts stay, the new words come first', async () => {
    await importAll([OLDER]);
    await importAll(['export/features']);
    await importAll(['export/explanations']);
    const { data, manifest } = (await readStoreIn(join(dir, LAYER_20)))!;
    expect(
      data.explanations.filter(({ feature }) => feature === 0).map(({ explainer }) => explainer),
    ).toEqual(['gpt-4o-mini', 'gemini-2.5-flash-lite', 'gpt-3.5-turbo']);
    expect(data.features).toHaveLength(3);
    expect(manifest.inputs).toHaveLength(5);
    expect(manifest.explainers).toEqual([
      { name: 'gpt-4o-mini', explanations: 7, features: 7 },
      { name: 'gemini-2.5-flash-lite', explanations: 2, features: 2 },
      { name: 'gpt-3.5-turbo', explanations: 3, features: 2 },
    ]);
    await importAll([OLDER], { replace: true });
    expect((await readStoreIn(join(dir, LAYER_20)))!.data.explanations).toHaveLength(3);
  });

  it('dates the export by the newest row, or as given, and keeps a given date until a newer row comes', async () => {
    const exported = async (): Promise<unknown> =>
      (await readStoreIn(join(dir, LAYER_20)))!.manifest.exported;
    await importAll([OLDER]);
    expect(await exported()).toBeUndefined();
    await importAll(['export/features']);
    expect(await exported()).toEqual({ date: '2024-08-10', from: 'row' });
    await importAll([OLDER], { exported: '2024-12-01' });
    expect(await exported()).toEqual({ date: '2024-12-01', from: 'given' });
    await importAll(['export/features']);
    expect(await exported()).toEqual({ date: '2024-12-01', from: 'given' });
    await importAll(['export/explanations']);
    expect(await exported()).toEqual({ date: '2025-05-01', from: 'row' });
  });

  it('says so where a table was cut, changed or taken away', async () => {
    await importAll(['export']);
    const path = join(dir, LAYER_20, 'explanations.parquet');
    const bytes = await readFile(path);
    const read = (): Promise<unknown> => readStoreIn(join(dir, LAYER_20));
    await writeFile(path, bytes.subarray(0, -1));
    await expect(read()).rejects.toThrow(/not a usable feature store \(\d+ bytes, the manifest says \d+\)/);
    const changed = Uint8Array.from(bytes);
    changed[40] = changed[40]! ^ 1;
    await writeFile(path, changed);
    await expect(read()).rejects.toThrow(/its bytes are not those that were written/);
    await rm(path);
    await expect(read()).rejects.toMatchObject({ kind: 'missing' });
    await importAll(['export'], { replace: true });
    await expect(read()).resolves.toBeDefined();
  });

  it('a manifest cut at any byte is not a store or a sentence', async () => {
    await importAll([OLDER]);
    const folder = join(dir, LAYER_20);
    const path = join(folder, 'manifest.json');
    const whole = await readFile(path);
    for (let length = 0; length < whole.length - 1; length++) {
      await writeFile(path, whole.subarray(0, length));
      await expect(readStoreIn(folder)).rejects.toMatchObject({ kind: 'format' });
    }
    const { damaged } = await listFeatureStores(env);
    expect(damaged).toHaveLength(1);
    for (const [from, to] of [
      ['"schema_version": 1', '"schema_version": 2'],
      ['"model_id": "gemma-2-2b"', '"model_id": "../x"'],
      ['"explained_features": 2', '"explained_features": -2'],
      ['"inputs": [', '"inputs": [3,'],
    ] as const) {
      await writeFile(path, whole.toString().replace(from, to));
      await expect(readStoreIn(folder)).rejects.toThrow(/not a usable feature store/);
    }
    await writeFile(path, whole.toString().replace('"tool": "antipode"', '"tool": "other"'));
    expect(await readStoreIn(folder)).toBeUndefined();
  });

  it('leaves nothing when interrupted', async () => {
    const { sources } = await readExports([OLDER], { cwd: fixtures });
    await expect(storeSource(env, sources[0]!, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'interrupted',
    });
    expect(await listFeatureStores(env)).toEqual({ stores: [], damaged: [] });
  });
});

describe('finding a store', () => {
  it('by id, source or layer; several and none are sentences', async () => {
    await expect(findFeatureStore(env, { layer: 20 }, '20:1')).rejects.toMatchObject({
      kind: 'missing',
      message: '20:1: no explanations of this source are imported (nothing is imported yet)',
      hint: expect.stringContaining('antipode features import'),
    });
    await importAll(['export', 'labels.json', 'dashboard-batch-0.json']);
    const { stores } = await listFeatureStores(env);
    const ids = stores.map(({ id }) => id);
    expect(ids).toEqual([
      'gemma-2-2b/10-gemmascope-res-16k',
      'gemma-2-2b/17-gemmascope-res-65k',
      'gemma-2-2b/20-gemmascope-res-16k',
      'gpt2-small/0-res-jb',
    ]);
    expect((await findFeatureStore(env, { layer: 20 }, '20:1')).id).toBe(ids[2]);
    expect((await findFeatureStore(env, { sourceId: '0-res-jb' }, 'x')).id).toBe(ids[3]);
    await expect(findFeatureStore(env, { layer: 11 }, '11:1')).rejects.toThrow(
      `imported are ${ids.join(', ')}`,
    );
    const { sources } = await readExports(['labels_without_address.json'], {
      cwd: fixtures,
      known: { modelId: 'gemma-2-2b', sourceId: '20-gemmascope-res-65k' },
    });
    await storeSource(env, sources[0]!);
    await expect(findFeatureStore(env, { layer: 20 }, '20:1')).rejects.toMatchObject({
      kind: 'usage',
      message:
        '20:1: several imported sources fit (gemma-2-2b/20-gemmascope-res-16k, gemma-2-2b/20-gemmascope-res-65k)',
    });
  });
});
