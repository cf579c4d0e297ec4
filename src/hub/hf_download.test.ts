import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf } from '../../test/support/failure_of.ts';
import { type FakeHub, sha256, startFakeHub } from '../../test/support/fake_hub.ts';
import { AntipodeError } from '../errors.ts';
import { findInHfCache, type HfFileRequest } from './hf_cache.ts';
import { downloadHfFile } from './hf_download.ts';
import { createHttp, type Http } from './http.ts';

interface PythonCache {
  readonly files: Readonly<Record<string, { readonly link: string } | { readonly hex: string }>>;
}

/** What `huggingface_hub` itself left; `make.py` beside it says how. */
const PYTHON_CACHE = JSON.parse(
  readFileSync(new URL('../../test/fixtures/hub/python_cache.json', import.meta.url), 'utf8'),
) as PythonCache;
const REPO = 'org/name';
const LARGE = 'layer_20/width_16k/average_l0_71/params.npz';
const COMMIT = 'fd571b47c1c64851e9b1989792367b9babb4af63';
const PULL_REQUEST = '0127b340ca980c3ee81df0275cea35f350f83488';
const BYTES = Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256));
const OID = sha256(BYTES);
const TOKEN = 'hf_abcdefSECRETtoken0123456789';
const REQUESTS: readonly HfFileRequest[] = [
  { repoId: REPO, path: LARGE },
  { repoId: REPO, path: 'README.md' },
  { repoId: REPO, path: 'README.md', revision: 'refs/pr/1' },
  { repoId: REPO, path: 'empty.txt' },
];

let home: string;
let hub: FakeHub;
let env: Record<string, string>;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'antipode-hf-'));
  hub = await startFakeHub();
  env = { HF_HOME: home, HF_ENDPOINT: hub.url };
  const files = {
    [LARGE]: { bytes: BYTES, isLarge: true },
    'README.md': '# A repository\n',
    'empty.txt': '',
  };
  hub.addRepo(REPO, { files, commit: COMMIT, refs: { 'refs/pr/1': PULL_REQUEST } });
});
afterEach(async () => {
  await hub.close();
  await rm(home, { recursive: true, force: true });
});

const http = (): Http => createHttp(env, { retries: 1, firstWaitMs: 1 });

function fetchFile(more: Partial<HfFileRequest> = {}): ReturnType<typeof downloadHfFile> {
  return downloadHfFile(env, { repoId: REPO, path: LARGE, ...more }, { http: http() });
}

/** Files and links below the cache, as the fixture has them. */
function tree(): PythonCache['files'] {
  const root = join(home, 'hub');
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => [entry, join(entry.parentPath, entry.name)] as const)
    .map(([entry, path]) => {
      const found = entry.isSymbolicLink()
        ? { link: readlinkSync(path) }
        : { hex: readFileSync(path).toString('hex') };
      return [path.slice(root.length + 1), found] as const;
    })
    .filter(([path]) => path !== 'CACHEDIR.TAG');
  return Object.fromEntries(entries);
}

describe('C11 the cache shared with Python', () => {
  it('gets the files and links that Python makes of the same repository, and no others', async () => {
    for (const request of REQUESTS) await downloadHfFile(env, request, { http: http() });
    expect(tree()).toEqual(PYTHON_CACHE.files);
  });

  it('written by Python, is found offline, and nothing in it is fetched again', async () => {
    for (const [path, found] of Object.entries(PYTHON_CACHE.files)) {
      const at = join(home, 'hub', path);
      await mkdir(dirname(at), { recursive: true });
      await ('link' in found ? symlink(found.link, at) : writeFile(at, Buffer.from(found.hex, 'hex')));
    }
    for (const request of REQUESTS) {
      const found = await findInHfCache({ HF_HOME: home }, request);
      expect(found).toEqual(await downloadHfFile(env, request, { http: http() }));
      expect(found?.commit).toBe(request.revision ? PULL_REQUEST : COMMIT);
    }
    expect(hub.requests.filter(({ method }) => method !== 'HEAD')).toEqual([]);
    expect(tree()).toEqual(PYTHON_CACHE.files);
  });

  it('has a content once, whatever commits it belongs to', async () => {
    await fetchFile({ path: 'README.md' });
    await fetchFile({ path: 'README.md', revision: PULL_REQUEST });
    expect(hub.requests.filter(({ method }) => method === 'GET').length).toBe(1);
    expect(existsSync(join(home, 'hub', 'models--org--name', 'refs', PULL_REQUEST))).toBe(false);
  });

  it('follows a branch that moved, and keeps the commit that was there', async () => {
    const old = await fetchFile();
    hub.addRepo(REPO, {
      commit: 'c'.repeat(40),
      files: { [LARGE]: { bytes: randomBytes(9), isLarge: true } },
    });
    const fresh = await fetchFile();
    expect([old.commit, fresh.commit]).toEqual([COMMIT, 'c'.repeat(40)]);
    expect((await readFile(old.path)).equals(BYTES)).toBe(true);
    expect((await readFile(fresh.path)).byteLength).toBe(9);
    expect((await findInHfCache(env, { repoId: REPO, path: LARGE }))?.path).toBe(fresh.path);
  });

  it('takes the file itself where links are not wanted', async () => {
    env['HF_HUB_DISABLE_SYMLINKS'] = '1';
    const { path } = await fetchFile();
    expect(tree()).toEqual({
      'models--org--name/refs/main': { hex: Buffer.from(COMMIT).toString('hex') },
      [path.slice(join(home, 'hub').length + 1)]: { hex: BYTES.toString('hex') },
    });
  });

  it('takes a copy there of what another snapshot links to', async () => {
    const linked = await fetchFile();
    env['HF_HUB_DISABLE_SYMLINKS'] = '1';
    const { path } = await fetchFile({ revision: 'refs/pr/1' });
    expect(path).toContain(PULL_REQUEST);
    for (const each of [path, linked.path]) expect((await readFile(each)).equals(BYTES)).toBe(true);
    expect(hub.requests.filter(({ host }) => host === 'cdn').length).toBe(1);
  });

  it('is written by one at a time: the others wait and find the file', async () => {
    hub.fault = ({ host }) => (host === 'cdn' ? { slowMs: 100 } : undefined);
    const paths = await Promise.all([1, 2, 3, 4].map(async () => (await fetchFile()).path));
    expect(new Set(paths).size).toBe(1);
    expect(hub.requests.filter(({ host }) => host === 'cdn').length).toBe(1);
  });

  it.skipIf(!canFlock())('waits for a Python that holds its lock (needs flock and /proc/locks)', async () => {
    const lock = join(home, 'hub', '.locks', 'models--org--name', `${OID}.lock`);
    await mkdir(dirname(lock), { recursive: true });
    const holder = spawn('flock', [lock, 'sh', '-c', 'echo held; read line']);
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const events: string[] = [];
    const done = downloadHfFile(
      env,
      { repoId: REPO, path: LARGE },
      {
        http: http(),
        onWait: () => {
          events.push('waits');
          expect(hub.requests.some(({ host }) => host === 'cdn')).toBe(false);
          holder.stdin.end('go\n');
        },
      },
    );
    expect((await readFile((await done).path)).equals(BYTES)).toBe(true);
    expect(events).toEqual(['waits']);
  });
});

function canFlock(): boolean {
  try {
    execFileSync('flock', ['--version']);
    return existsSync('/proc/locks');
  } catch {
    return false;
  }
}

describe('C18 the token', () => {
  beforeEach(() => {
    env['HF_TOKEN'] = TOKEN;
  });

  it('goes to the hub, and not to the host that it leads to', async () => {
    hub.addRepo(REPO, {
      commit: COMMIT,
      gate: { token: TOKEN, accepted: true },
      files: { [LARGE]: { bytes: BYTES, isLarge: true } },
    });
    await fetchFile();
    const authorizations = hub.requests.map(({ host, method, headers }) => [
      host,
      method,
      headers.authorization,
    ]);
    expect(authorizations).toEqual([
      ['hub', 'HEAD', `Bearer ${TOKEN}`],
      ['hub', 'GET', `Bearer ${TOKEN}`],
      ['cdn', 'GET', undefined],
    ]);
  });

  it('stands in no error, not even in what --verbose prints', async () => {
    for (const status of [400, 401, 403, 404, 429, 500]) {
      hub.fault = () => ({ status, headers: { 'x-error-message': `no ${TOKEN}`, location: `/${TOKEN}` } });
      const error = await failureOf(fetchFile());
      expect(everythingIn(error)).not.toContain(TOKEN);
    }
    hub.fault = () => ({ cutAfter: 0 });
    expect(everythingIn(await failureOf(fetchFile({ path: 'README.md' })))).not.toContain(TOKEN);
  });
});

function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = error instanceof AntipodeError ? error.hint : '';
  return [error.message, hint, error.stack, JSON.stringify(error), everythingIn(error.cause ?? '')].join(
    '\n',
  );
}

describe('refusals of the hub say the step that helps', () => {
  const gate = { token: TOKEN, accepted: false };
  const files = { [LARGE]: { bytes: BYTES, isLarge: true } };

  it('a gated repository without a token', async () => {
    hub.addRepo(REPO, { files, gate });
    const error = await failureOf(fetchFile());
    expect(error.kind).toBe('network');
    expect(error.message).toBe('org/name: is gated, and no token was given (HTTP 401)');
    expect(error.hint).toContain('https://huggingface.co/org/name');
    expect(error.hint).toContain('https://huggingface.co/settings/tokens');
    expect(error.hint).toContain('HF_TOKEN');
  });

  it('a gated repository whose licence was not accepted', async () => {
    hub.addRepo(REPO, { files, gate });
    env['HF_TOKEN'] = TOKEN;
    const error = await failureOf(fetchFile());
    expect(error.message).toBe('org/name: is gated, and your account may not read it yet (HTTP 403)');
    expect(error.hint).toContain('accept its licence at https://huggingface.co/org/name');
  });

  it.each([
    [
      'a private one without a token',
      {},
      'org/name: there is no such repository, or it is private (HTTP 401)',
      'network',
    ],
    [
      'a private one with another token',
      { HF_TOKEN: 'hf_other' },
      'org/name: there is no such repository',
      'missing',
    ],
  ])('%s', async (_, more, message, kind) => {
    hub.addRepo(REPO, { files, privateTo: TOKEN });
    Object.assign(env, more);
    const error = await failureOf(fetchFile());
    expect([error.message, error.kind]).toEqual([message, kind]);
  });

  it.each([
    [{ path: 'none.txt' }, 'org/name/none.txt: the repository has no such file at "main"'],
    [{ revision: 'v9' }, 'org/name: has no revision "v9"'],
  ])('%j', async (request, message) => {
    const error = await failureOf(fetchFile(request));
    expect([error.message, error.kind]).toEqual([message, 'missing']);
  });

  it('a token that is spent', async () => {
    env['HF_TOKEN'] = TOKEN;
    hub.fault = () => ({ status: 401 });
    expect((await failureOf(fetchFile())).message).toBe('org/name: the hub refuses your token (HTTP 401)');
  });

  it.each([
    ['a code', { 'x-error-code': 'DisabledRepo' }],
    ['a text', { 'x-error-message': 'Access to this resource is disabled.' }],
  ])('a repository that the hub has disabled, said by %s, with a token and without', async (_, headers) => {
    hub.fault = () => ({ status: 403, headers });
    for (const token of ['', TOKEN]) {
      env['HF_TOKEN'] = token;
      const error = await failureOf(fetchFile());
      expect(error.message).toBe('org/name: the hub has disabled this repository (HTTP 403)');
      expect(error.hint).toContain('no token helps');
    }
  });

  it('a repository that a token does not find, whatever the status', async () => {
    env['HF_TOKEN'] = TOKEN;
    hub.fault = () => ({ status: 401, headers: { 'x-error-code': 'RepoNotFound' } });
    const error = await failureOf(fetchFile());
    expect([error.kind, error.message]).toEqual(['missing', 'org/name: there is no such repository']);
    expect(error.hint).toContain('where it is private');
  });

  it('a hub that fails, and one that is asked too often', async () => {
    hub.fault = () => ({ status: 503 });
    const host = new URL(hub.url).host;
    expect((await failureOf(fetchFile())).message).toBe(
      `org/name/${LARGE}: ${host} does not send it (HTTP 503)`,
    );
    hub.fault = () => ({ status: 429, headers: { 'retry-after': '3600' } });
    const error = await failureOf(fetchFile());
    expect(error.message).toBe(`org/name/${LARGE}: ${host} is asked too often (HTTP 429)`);
    expect(error.hint).toContain('wait 3600 s');
  });
});

describe('a server that lies', () => {
  it.each([
    [{ 'x-repo-commit': '../../../elsewhere' }],
    [{ 'x-linked-etag': '"../../../elsewhere"' }],
    [{ 'x-linked-etag': '".."' }],
    [{ 'x-linked-etag': '"a.incomplete"' }],
  ])('names no file of this disk: %j', async (headers) => {
    hub.fault = ({ method }) => (method === 'HEAD' ? { headers } : undefined);
    const error = await failureOf(fetchFile());
    expect([error.kind, error.message]).toEqual([
      'network',
      expect.stringContaining('is no hub that can be used'),
    ]);
    expect(existsSync(join(home, 'hub'))).toBe(false);
  });

  it.each(['../x', 'a/../../x', '/etc/passwd', 'a//b', 'a/./b', 'a\\b', 'C:/x', 'a\u0000b', 'a\nb', ''])(
    'is not asked for %j',
    async (path) => {
      expect((await failureOf(fetchFile({ path }))).kind).toBe('usage');
      expect(hub.requests).toEqual([]);
    },
  );

  it('does not get out of the cache through a link in the place of a folder', async () => {
    const outside = join(home, 'outside');
    const snapshot = join(home, 'hub', 'models--org--name', 'snapshots', COMMIT);
    await mkdir(outside);
    await mkdir(snapshot, { recursive: true });
    await symlink(outside, join(snapshot, 'layer_20'));
    const error = await failureOf(fetchFile());
    expect(error.message).toContain('is a link that leads out of the cache');
    expect(readdirSync(outside)).toEqual([]);
  });

  it('leaves nothing to be seen when its bytes are others', async () => {
    hub.fault = ({ host }) => (host === 'cdn' ? { wrongBytes: true } : undefined);
    const error = await failureOf(fetchFile());
    expect(error.message).toMatch(
      /^org\/name\/layer_20.*: other bytes came than its hash says \(got [0-9a-f]{64}, expected /,
    );
    expect(tree()).toEqual({});
    hub.fault = () => undefined;
    await fetchFile();
  });
});

describe('a cache that takes no files', () => {
  it('is said in one sentence', async () => {
    env['HF_HOME'] = '/proc/antipode';
    const error = await failureOf(fetchFile());
    expect([error.kind, error.message]).toEqual(['resource', expect.stringContaining('/proc/antipode')]);
  });

  it('is said in one sentence where a file stands in its place', async () => {
    await writeFile(join(home, 'hub'), '');
    expect((await failureOf(fetchFile())).message).toContain('a part of this path is a file, not a folder');
  });
});
