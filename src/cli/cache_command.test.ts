import { mkdir, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blobSha1, sha256 } from '../../test/support/fake_hub.ts';
import {
  MODEL_REPO,
  type PublishedPlace,
  publishForEach,
  SAE_FILE,
  SAE_ID,
  SAE_REPO,
  SECRET,
} from '../../test/support/published.ts';
import { snapshot } from '../../test/support/run_command.ts';
import { listCache } from '../hub/cache_store.ts';
import { listHfRepos } from '../hub/hf_cache_store.ts';

let place: PublishedPlace;
publishForEach((made) => {
  place = made;
});

const REPO = 'models--google--gemma-scope-2b-pt-res';
const repoFolder = (): string => join(place.home, '.cache/huggingface/hub', REPO);
const blobOf = (bytes: Uint8Array): string => join(repoFolder(), 'blobs', sha256(bytes));

async function json(args: readonly string[], code = 0): Promise<unknown> {
  const result = await place.run([...args, '--json']);
  expect([result.code, result.stderr]).toEqual([code, expect.any(String)]);
  return JSON.parse(result.stdout);
}

async function weights(): Promise<Buffer> {
  return readFile(join(repoFolder(), 'snapshots', place.saeCommit, SAE_FILE));
}

describe('antipode cache', () => {
  it('C13 ls: both caches, with sizes, repositories and their commits', async () => {
    await place.run(['download', SAE_ID]);
    expect(await json(['cache', 'ls'])).toEqual([
      expect.objectContaining({ id: `features/${SAE_ID}`, cache: 'antipode' }),
      {
        id: REPO,
        path: repoFolder(),
        files: 2,
        bytes: 1824 + 40,
        cache: 'huggingface',
        repo_id: SAE_REPO,
        commits: [place.saeCommit],
      },
    ]);
    const { stdout } = await place.run(['cache', 'ls']);
    expect(stdout).toMatch(/\.cache\/antipode 9?\d/);
    expect(stdout).toContain(`   1.9 kB  ${REPO}\n`);
  });

  it('rm: a repository goes with its locks, by either name, and nothing else does', async () => {
    await place.run(['download', SAE_ID]);
    expect(await json(['cache', 'rm', SAE_REPO, '--dry-run'])).toMatchObject([{ id: REPO, removed: false }]);
    expect(await json(['cache', 'rm', SAE_REPO])).toMatchObject([{ id: REPO, removed: true }]);
    const left = [...snapshot(place.home).keys()];
    expect(left.filter((file) => file.includes(REPO))).toEqual([]);
    expect(left.some((file) => file.includes(`features/${SAE_ID}/manifest.json`))).toBe(true);
    for (const id of ['../..', REPO, 'models--..--..', '.locks', '']) {
      const { code, stderr } = await place.run(['cache', 'rm', id]);
      expect([id, code, stderr]).toEqual([id, 3, expect.stringContaining('not in the cache')]);
    }
  });

  it('rm: nothing is gone where one of the names is off; one that is given twice goes once', async () => {
    await place.run(['download', SAE_ID]);
    const { code, stdout } = await place.run(['cache', 'rm', SAE_REPO, 'no/such']);
    expect([code, stdout]).toEqual([3, '']);
    expect(await json(['cache', 'ls'])).toHaveLength(2);
    expect(await json(['cache', 'rm', SAE_REPO, REPO])).toMatchObject([{ id: REPO, removed: true }]);
  });

  it('verify: sound as it was fetched', async () => {
    await place.run(['download', SAE_ID, MODEL_REPO]);
    expect(await json(['cache', 'verify'])).toEqual([
      { id: `features/${SAE_ID}`, checked_files: 2, unchecked_files: 0, unfinished: [], problems: [] },
      { id: REPO, checked_files: 1, unchecked_files: 0, unfinished: [], problems: [] },
      { id: 'models--tiny--model', checked_files: 6, unchecked_files: 0, unfinished: [], problems: [] },
    ]);
    const { stdout } = await place.run(['cache', 'verify', SAE_REPO]);
    expect(stdout).toBe(`sound   ${REPO}  1 file with the right hash\n`);
  });

  it('verify: every changed byte is found, in large files, small ones and stores', async () => {
    await place.run(['download', SAE_ID, MODEL_REPO]);
    const bytes = await weights();
    const changed = Buffer.from(bytes);
    changed[700]! ^= 1;
    await writeFile(blobOf(bytes), changed);
    const model = join(place.home, '.cache/huggingface/hub/models--tiny--model');
    const config = await readFile(join(model, 'snapshots', place.modelCommit, 'config.json'));
    await writeFile(join(model, 'blobs', blobSha1(config)), `${String(config)} `);
    const table = join(place.home, '.cache/antipode/features', SAE_ID, 'explanations.parquet');
    await writeFile(
      table,
      (await readFile(table)).map((byte, i) => (i === 9 ? byte ^ 1 : byte)),
    );
    const { code, stderr, stdout } = await place.run(['cache', 'verify', '--json']);
    expect([code, stderr]).toEqual([5, expect.stringContaining('not in order: features/')]);
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({ problems: [expect.stringContaining('not those that were written')] }),
      expect.objectContaining({ problems: [expect.stringContaining(`(they have ${sha256(changed)})`)] }),
      expect.objectContaining({ problems: [expect.stringContaining('not those of its name')] }),
    ]);
    expect((await place.run(['cache', 'verify', '-q'])).stdout.split('\n')).toHaveLength(4);
  });

  it('ls: what goes away meanwhile is not counted, and no failure', async () => {
    const folder = join(repoFolder(), 'blobs');
    const own = join(place.home, '.cache/antipode/features/m/s');
    for (const each of [folder, own]) {
      await mkdir(each, { recursive: true });
      for (let i = 0; i < 500; i++) await writeFile(join(each, `${i}`), 'x');
    }
    const env = { HOME: place.home };
    const listing = Promise.all([listHfRepos(env), listCache(env)]);
    await Promise.all([rm(folder, { recursive: true }), rm(own, { recursive: true })]);
    expect((await listing)[0]).toMatchObject([{ id: REPO }]);
  });

  it('verify: files without links and hashes are said to be', async () => {
    await place.run(['download', SAE_ID, '--only', 'weights'], { HF_HUB_DISABLE_SYMLINKS: '1' });
    expect(await json(['cache', 'verify'])).toMatchObject([
      { id: REPO, checked_files: 0, unchecked_files: 1 },
    ]);
  });

  it('verify: what is no file in the place of a blob is said, and the rest is read', async () => {
    await place.run(['download', SAE_ID, '--only', 'weights']);
    await mkdir(join(repoFolder(), 'blobs', '0'.repeat(40)));
    await symlink('nowhere', join(repoFolder(), 'blobs', '1'.repeat(40)));
    const problems = [0, 1].map((i) => `blobs/${`${i}`.repeat(40)}: is no file that can be read`);
    expect(await json(['cache', 'verify'], 5)).toMatchObject([{ id: REPO, checked_files: 1, problems }]);
  });

  it('verify: links that lead nowhere, beginnings, and names that are no hash', async () => {
    await place.run(['download', SAE_ID, '--only', 'weights']);
    await writeFile(join(repoFolder(), 'blobs', `${'a'.repeat(64)}.incomplete`), 'beginning');
    await writeFile(join(repoFolder(), 'blobs', 'named-by-hand'), 'x');
    expect(await json(['cache', 'verify'])).toEqual([
      {
        id: REPO,
        checked_files: 1,
        unchecked_files: 1,
        unfinished: [`blobs/${'a'.repeat(64)}.incomplete`],
        problems: [],
      },
    ]);
    await unlink(blobOf(await weights()));
    const { code, stdout } = await place.run(['cache', 'verify']);
    expect([code, stdout]).toEqual([5, expect.stringContaining('which is not there')]);
  });

  it('verify: what has no hashes says so, and nothing is fine', async () => {
    expect((await place.run(['cache', 'verify'])).stdout).toBe('Nothing with hashes is kept.\n');
    const entry = join(place.home, '.cache/antipode/synthetic/x/params.npz');
    await mkdir(dirname(entry), { recursive: true });
    await writeFile(entry, 'x');
    const { code, stderr } = await place.run(['cache', 'verify', 'synthetic/x']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('has no hashes')]);
  });
});

describe('antipode doctor', () => {
  interface Finding {
    readonly name: string;
    readonly value: string;
    readonly ok: boolean;
  }
  const findings = async (args: readonly string[], env = {}, code = 0): Promise<Map<string, string>> => {
    const result = await place.run(['doctor', ...args, '--json'], env);
    expect([result.code, result.stdout.includes(SECRET)]).toEqual([code, false]);
    return new Map((JSON.parse(result.stdout) as Finding[]).map(({ name, value }) => [name, value]));
  };

  it('says what is at hand and asks nobody', async () => {
    await place.run(['download', SAE_ID, MODEL_REPO]);
    const before = place.hub.requests.length;
    const found = await findings([]);
    expect(Object.fromEntries(found)).toMatchObject({
      'hugging face files': expect.stringMatching(/^2 repositories, \d/),
      'models at hand': MODEL_REPO,
      'saes at hand': SAE_ID,
      disk: expect.stringMatching(/ free$/),
      hub: place.hub.url,
      token: 'given',
      'offline mode': 'off',
    });
    expect(place.hub.requests.length).toBe(before);
  });

  it.each(['gpt2', '..--..', 'a b--c', 'org--'])(
    'passes over models--%s in the cache of Python',
    async (name) => {
      const folder = join(
        place.home,
        '.cache/huggingface/hub',
        `models--${name}`,
        'snapshots',
        'a'.repeat(40),
      );
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'config.json'), '{}');
      expect(Object.fromEntries(await findings([]))).toMatchObject({
        'hugging face files': '1 repository, 2 B',
        'models at hand': 'none',
      });
    },
  );

  it('--network: whether the servers answer, whatever they say', async () => {
    const found = await findings(['--network']);
    expect(found.get('network: hub')).toMatch(/^reachable \(HTTP \d{3}\)$/);
    expect(found.get('network: neuronpedia')).toMatch(/^reachable/);
    const closed = { HF_ENDPOINT: 'http://127.0.0.1:9' };
    expect((await findings(['--network'], closed, 5)).get('network: hub')).toContain('no connection');
    const offline = await findings(['--network'], { HF_HUB_OFFLINE: '1' });
    expect(offline.get('network')).toContain('offline mode is on');
  });

  it('a server that never answers is given three seconds', async () => {
    place.hub.fault = () => ({ hangAfter: -1 });
    expect((await findings(['--network'], {}, 5)).get('network: hub')).toContain('no answer within 3 s');
  });

  it('a setting that makes no sense is broken', async () => {
    const found = await findings([], { HF_ENDPOINT: 'nowhere', HF_TOKEN: 'with blanks in it' }, 5);
    expect(found.get('hub')).toContain('HF_ENDPOINT: is no address');
    expect(found.get('token')).toContain('HF_TOKEN: holds characters');
    await rm(join(place.home, '.cache'), { recursive: true, force: true });
  });
});
