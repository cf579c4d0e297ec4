import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  EXPORTED,
  MODEL_REPO,
  type PublishedPlace,
  publishForEach,
  SAE_FILE,
  SAE_ID,
  SAE_REPO,
  SECRET,
} from '../../test/support/published.ts';
import { snapshot } from '../../test/support/run_command.ts';

let place: PublishedPlace;
publishForEach((made) => {
  place = made;
});

const hubFolder = (): string => join(place.home, '.cache/huggingface/hub');
const storeFolder = (): string => join(place.home, '.cache/antipode/features', SAE_ID);
const asked = (part: string, method = 'GET'): number =>
  place.hub.requests.filter((one) => one.path.includes(part) && one.method === method).length;

interface Document {
  readonly dry_run: boolean;
  readonly parts: readonly Record<string, unknown>[];
}

async function download(...args: readonly string[]): Promise<Document> {
  const { code, stderr, stdout } = await place.run(['download', ...args, '--json']);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  return JSON.parse(stdout) as Document;
}

describe('antipode download', () => {
  it('C11 C12 an SAE: its weights where Python looks for them, its explanations in the store', async () => {
    const { parts } = await download(SAE_ID);
    const pointer = join(
      hubFolder(),
      'models--google--gemma-scope-2b-pt-res/snapshots',
      place.saeCommit,
      SAE_FILE,
    );
    expect(parts).toEqual([
      {
        id: SAE_ID,
        part: 'weights',
        from: SAE_REPO,
        commit: place.saeCommit,
        files: 1,
        bytes: 1824,
        fetched_bytes: 1824,
        path: pointer,
      },
      {
        id: SAE_ID,
        part: 'explanations',
        from: SAE_ID,
        commit: null,
        files: 3,
        bytes: expect.any(Number),
        fetched_bytes: expect.any(Number),
        path: storeFolder(),
      },
    ]);
    expect(await readlink(pointer)).toMatch(/^(\.\.\/)+blobs\/[0-9a-f]{64}$/);
    const offline = await place.run(['features', 'show', `${SAE_ID}/1`, '--json'], { HF_HUB_OFFLINE: '1' });
    expect(JSON.parse(offline.stdout)).toMatchObject({ exported: EXPORTED, explanations: [{}, {}] });
    expect(asked('README')).toBe(0);
  });

  it('again costs questions and no file', async () => {
    await download(SAE_ID);
    const before = asked('/resolve/') + asked('batch-') + asked('/repos/');
    expect((await download(SAE_ID)).parts.map((part) => part['fetched_bytes'])).toEqual([0, 0]);
    expect(asked('/resolve/') + asked('batch-') + asked('/repos/')).toBe(before);
    const { stdout } = await place.run(['download', SAE_ID]);
    expect(stdout).toMatch(/^here {6}weights of google/);
  });

  it('a model: what running it takes and no other copy of its weights, all of one commit', async () => {
    const { parts } = await download(MODEL_REPO);
    const [part] = parts;
    expect(part).toMatchObject({ part: 'model', from: MODEL_REPO, commit: place.modelCommit });
    expect((await readdir(String(part!['path']))).sort()).toEqual([
      'config.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(asked('consolidated')).toBe(0);
    const offline = await place.run(['generate', '-m', MODEL_REPO, '-p', 'w2 w3', '-n', '2', '--json'], {
      HF_HUB_OFFLINE: '1',
    });
    expect([offline.code, offline.stderr]).toEqual([0, '']);
  });

  it('C15 --dry-run lists bytes and writes nothing', async () => {
    const { dry_run, parts } = await download(SAE_ID, MODEL_REPO, '--dry-run');
    expect(dry_run).toBe(true);
    expect(parts.map(({ part, path }) => [part, path])).toEqual([
      ['weights', null],
      ['explanations', null],
      ['model', null],
    ]);
    const bytes = Number(parts[2]!['bytes']);
    expect(snapshot(place.home).size).toBe(0);
    expect(asked('/repos/')).toBe(0);
    const fetched = await download(MODEL_REPO);
    expect(fetched.parts[0]).toMatchObject({ bytes, fetched_bytes: bytes });
    const { stdout } = await place.run(['download', SAE_ID, MODEL_REPO, '--dry-run']);
    expect(stdout).toMatch(/to fetch {2}weights of google\/gemma-scope-2b-pt-res: 1 file, 1\.8 kB\n/);
    expect(stdout).toMatch(/here {6}model of tiny\/model/);
    expect(stdout).toMatch(/would fetch \d/);
  });

  it('--only takes a part, and sources that no registry knows', async () => {
    expect((await download(SAE_ID, '--only', 'weights')).parts.map(({ part }) => part)).toEqual(['weights']);
    expect(asked('list-type')).toBe(0);
    place.hub.addObject(
      'v1/some/9-thing/explanations/batch-0.jsonl.gz',
      Buffer.from('{"modelId":"some","layer":"9-thing","index":"3","description":"a thing"}'),
    );
    const { parts } = await download('some/9-thing', '--only', 'explanations');
    expect(parts).toMatchObject([{ part: 'explanations', from: 'some/9-thing', files: 1 }]);
  });

  it('--export explanations-only takes the older array', async () => {
    place.hub.addObject(
      'explanations-only/gemma-2-2b_20-gemmascope-res-16k.json',
      JSON.stringify([
        { modelId: 'gemma-2-2b', layer: '20-gemmascope-res-16k', index: '5', description: 'older' },
      ]),
    );
    await download(SAE_ID, '--only', 'explanations', '--export', 'explanations-only');
    const { stdout } = await place.run(['features', 'search', 'older', '-q']);
    expect(stdout).toBe(`${SAE_ID}/5\n`);
  });

  it('--activations keeps them beside', async () => {
    await download(SAE_ID, '--only', 'explanations', '--activations');
    const kept = join(
      place.home,
      '.cache/antipode/downloads/neuronpedia/v1',
      SAE_ID,
      'activations/batch-0.jsonl.gz',
    );
    expect((await stat(kept)).size).toBeGreaterThan(0);
    const { stdout } = await place.run(['cache', 'ls', '-q']);
    expect(stdout).toContain(`downloads/neuronpedia/v1/${SAE_ID}/activations\n`);
  });

  it('--revision takes that commit, and no other counts as here', async () => {
    const old = 'a'.repeat(40);
    place.hub.addRepo(SAE_REPO, { files: { [SAE_FILE]: 'older bytes' }, commit: old, refs: { v0: old } });
    const { parts } = await download(SAE_ID, '--only', 'weights', '--revision', 'v0');
    expect(parts[0]).toMatchObject({ commit: old });
    const refs = join(hubFolder(), 'models--google--gemma-scope-2b-pt-res/refs');
    expect(await readdir(refs)).toEqual(['v0']);
    expect(await readFile(join(refs, 'v0'), 'utf8')).toBe(old);
    const { code, stderr } = await place.run(['sae', 'inspect', SAE_ID, '--revision', 'v0']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('params.npz')]);
  });

  it('an SAE without explanations is fetched, and that it has none is said', async () => {
    const id = 'gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71';
    place.hub.fault = ({ path }) => (path.includes('list-type') ? { status: 404 } : undefined);
    const { code, stderr, stdout } = await place.run(['download', id, '--json']);
    expect(code).toBe(0);
    expect(stderr).toContain('not found');
    expect((JSON.parse(stdout) as Document).parts).toHaveLength(1);
  });

  it.each<[string, readonly string[], number, string]>([
    ['nothing of this name', ['no-such-thing'], 3, 'no SAE of this name, and no model'],
    ['a near name', ['gemma-2-2b/20-gemmascope-res-16'], 3, 'no such repository'],
    ['a model that runs nowhere here', ['google/gemma-scope-2b-pt-res'], 3, 'has no config.json'],
    ['a repository that is not there', ['no/body'], 3, 'there is no such repository'],
    ['what ships with antipode', ['organism/1-res-2k'], 2, 'ships with antipode'],
    ['no word at all', [''], 2, 'is empty'],
    ['a revision that is none', [`${MODEL_REPO}@../x`], 2, `${MODEL_REPO}: ../x is no branch, tag or commit`],
    [
      'the page of a model',
      [`https://huggingface.co/${MODEL_REPO}`],
      2,
      `a model is named without the address: ${MODEL_REPO}`,
    ],
    ['what is made', ['synthetic-16k'], 2, 'is made, not fetched'],
    ['a release of many', ['gemma-scope-2b-pt-res'], 2, 'several SAEs'],
    ['a part that is none', [SAE_ID, '--only', 'all'], 2, '--only'],
    ['a source without an export', ['some/9-other', '--only', 'explanations'], 3, 'no export of this source'],
  ])('%s: %j ends with %i', async (_, args, code, sentence) => {
    const result = await place.run(['download', ...args]);
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(sentence)]);
    // But for what Neuronpedia has not, which is remembered.
    const written = [...snapshot(place.home).keys()].filter((file) => !file.includes('/antipode/absent/'));
    expect(written).toEqual([]);
  });

  it('C18 the token goes to the hub and nowhere else, and no output or file has it', async () => {
    let seen = '';
    for (const args of [
      [SAE_ID],
      ['no/body'],
      ['nobody'],
      [MODEL_REPO, '--dry-run'],
      ['some/9-other', '--only', 'explanations'],
    ]) {
      const { stderr, stdout } = await place.run(['download', ...args, '--verbose']);
      seen += stderr + stdout;
    }
    place.hub.fault = ({ host }) => (host === 'cdn' ? { status: 403 } : undefined);
    const { code, stderr } = await place.run(['download', MODEL_REPO, '--verbose', '--json']);
    expect(code).toBe(4);
    const offline = await place.run(['download', SAE_ID, MODEL_REPO, '--verbose'], { HF_HUB_OFFLINE: '1' });
    expect(offline.code).toBe(3);
    seen += offline.stderr + offline.stdout;
    expect(seen + stderr).not.toContain(SECRET);
    for (const [file, bytes] of snapshot(place.home)) {
      expect(Buffer.from(bytes, 'base64').toString('latin1'), file).not.toContain(SECRET);
    }
    const withToken = place.hub.requests.filter(({ headers }) => JSON.stringify(headers).includes(SECRET));
    expect(new Set(withToken.map(({ host }) => host))).toEqual(new Set(['hub']));
  });
});
