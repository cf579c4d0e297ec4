import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findInHfCache, hfPlaceOf, hfRepoFolder, repoIdOfFolder } from './hf_cache.ts';

const REPO = 'google/gemma-scope-2b-pt-res';
const FILE = 'layer_20/width_16k/average_l0_71/params.npz';
const NEW = 'fd571b47c1c64851e9b1989792367b9babb4af63';
const OLD = '0127b340ca980c3ee81df0275cea35f350f83488';

let home: string;
let env: Record<string, string>;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'antipode-hub-'));
  env = { HF_HOME: home };
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** As huggingface_hub writes it: a blob named by its hash, a relative link to it in the snapshot, the branch in refs. */
async function addSnapshot(commit: string, file: string = FILE): Promise<string> {
  const repo = hfRepoFolder(env, REPO);
  const link = join(repo, 'snapshots', commit, file);
  await mkdir(dirname(link), { recursive: true });
  await mkdir(join(repo, 'blobs'), { recursive: true });
  await writeFile(join(repo, 'blobs', `b${commit}`), commit);
  await symlink(join('../'.repeat(file.split('/').length + 1), 'blobs', `b${commit}`), link);
  return link;
}

async function setRef(name: string, commit: string): Promise<void> {
  const path = join(hfRepoFolder(env, REPO), 'refs', name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, commit);
}

describe('C11 files that Python downloaded', () => {
  it('are found through refs/main, by the link beside which the others lie', async () => {
    const link = await addSnapshot(NEW);
    await addSnapshot(OLD);
    await setRef('main', NEW);
    expect(await findInHfCache(env, { repoId: REPO, path: FILE })).toEqual({
      path: link,
      snapshot: join(home, 'hub', 'models--google--gemma-scope-2b-pt-res', 'snapshots', NEW),
      commit: NEW,
    });
  });

  it('are found in the newest other snapshot that has them', async () => {
    await setRef('main', NEW);
    await addSnapshot(NEW, 'README.md');
    const first = await addSnapshot('a'.repeat(40));
    const link = await addSnapshot(OLD);
    const snapshots = join(hfRepoFolder(env, REPO), 'snapshots');
    await utimes(join(snapshots, 'a'.repeat(40)), 1000, 1000);
    await utimes(join(snapshots, OLD), 2000, 2000);
    expect((await findInHfCache(env, { repoId: REPO, path: FILE }))?.path).toBe(link);
    await utimes(join(snapshots, 'a'.repeat(40)), 3000, 3000);
    expect((await findInHfCache(env, { repoId: REPO, path: FILE }))?.path).toBe(first);
  });

  it('are found without refs, and folders as well as files', async () => {
    const link = await addSnapshot(OLD);
    expect((await findInHfCache(env, { repoId: REPO, path: dirname(FILE) }))?.path).toBe(dirname(link));
  });

  it('are taken from the asked revision only', async () => {
    await addSnapshot(NEW);
    await setRef('main', NEW);
    const pinned = { repoId: REPO, path: FILE, revision: OLD };
    expect(await findInHfCache(env, pinned)).toBeUndefined();
    const link = await addSnapshot(OLD);
    expect((await findInHfCache(env, pinned))?.path).toBe(link);
    await setRef('refs/pr/1', OLD);
    expect((await findInHfCache(env, { ...pinned, revision: 'refs/pr/1' }))?.commit).toBe(OLD);
  });
});

it('holds nothing where there is no cache, a dangling link, or a branch file that is not a commit', async () => {
  expect(await findInHfCache(env, { repoId: REPO, path: FILE })).toBeUndefined();
  await addSnapshot(NEW);
  await setRef('main', '../../../etc');
  expect((await findInHfCache(env, { repoId: REPO, path: FILE }))?.commit).toBe(NEW);
  await rm(join(hfRepoFolder(env, REPO), 'blobs'), { recursive: true });
  expect(await findInHfCache(env, { repoId: REPO, path: FILE })).toBeUndefined();
});

it.each([
  ['../x/y', FILE],
  ['a--b', FILE],
  ['a/b/c', FILE],
  [REPO, '../../secret'],
  [REPO, '/etc/passwd'],
  [REPO, 'a\\b'],
  [REPO, 'a\0b'],
])('refuses to leave the repository: %s %s', async (repoId, path) => {
  await expect(findInHfCache(env, { repoId, path })).rejects.toMatchObject({ kind: 'usage' });
  await expect(findInHfCache(env, { repoId: REPO, path: FILE, revision: '../main' })).rejects.toMatchObject({
    kind: 'usage',
  });
});

it('knows a repository by its folder', () => {
  expect(repoIdOfFolder('models--google--gemma-scope-2b-pt-res')).toBe(REPO);
  expect(repoIdOfFolder('models--a--b--c')).toBe('a/b--c');
  expect(repoIdOfFolder('models--gpt2')).toBe('gpt2');
  expect(repoIdOfFolder('datasets--a--b')).toBeUndefined();
});

it('knows of a file in its snapshots where it was published', () => {
  const place = { repoId: REPO, commit: NEW, path: FILE };
  const repo = `/home/me/hub/models--google--gemma-scope-2b-pt-res`;
  expect(hfPlaceOf(`${repo}/snapshots/${NEW}/${FILE}`)).toEqual(place);
  expect(hfPlaceOf(`${repo}/snapshots/${NEW}`)).toEqual({ ...place, path: '' });
  for (const path of [
    `${repo}/snapshots`,
    `${repo}/snapshots/main/${FILE}`,
    `${repo}/blobs/${NEW}`,
    `/x/snapshots/${NEW}/a`,
    FILE,
  ]) {
    expect(hfPlaceOf(path), path).toBeUndefined();
  }
});
