import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeHub, sha256, startFakeHub } from '../../test/support/fake_hub.ts';
import { AntipodeError } from '../errors.ts';
import { type HfRemoteFile, listHfFolder } from './hf_tree.ts';
import { createHttp } from './http.ts';

const REPO = 'org/name';
const LARGE = Buffer.alloc(500, 1);

let hub: FakeHub;
let other: Server | undefined;

beforeEach(async () => {
  hub = await startFakeHub();
  const layers = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [`layer_${i}/params.npz`, { bytes: LARGE, isLarge: true }]),
  );
  hub.addRepo(REPO, { files: { ...layers, 'README.md': 'text', 'layer_1/ä #%.json': '{}' } });
});
afterEach(async () => {
  other?.close();
  await hub.close();
});

function list(path: string, endpoint = hub.url): Promise<HfRemoteFile[]> {
  const env = { HF_ENDPOINT: endpoint, HF_HOME: '/nowhere', HF_TOKEN: 'hf_secret' };
  return listHfFolder(env, { repoId: REPO, path }, { http: createHttp(env, { retries: 0 }) });
}

/** A hub that answers every question with this. */
async function answering(text: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  other = createServer((_, response) => response.writeHead(200, headers).end(text));
  await new Promise<void>((resolve) => other!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
}

describe('the files of a repository', () => {
  it('are listed over all pages, by path', async () => {
    const files = await list('');
    expect(files.map(({ path }) => path)).toEqual([
      'README.md',
      'layer_0/params.npz',
      'layer_1/params.npz',
      'layer_1/ä #%.json',
      ...[2, 3, 4, 5, 6, 7].map((i) => `layer_${i}/params.npz`),
    ]);
    expect(files[0]).toEqual({ path: 'README.md', byteLength: 4, sha256: undefined });
    expect(files[1]).toEqual({ path: 'layer_0/params.npz', byteLength: 500, sha256: sha256(LARGE) });
  });

  it('below a folder, and a file as itself', async () => {
    expect((await list('layer_1')).map(({ path }) => path)).toEqual([
      'layer_1/params.npz',
      'layer_1/ä #%.json',
    ]);
    hub.fault = ({ path }) => (path.includes('/tree/') ? { status: 404 } : undefined);
    expect(await list('layer_1/ä #%.json')).toEqual([
      { path: 'layer_1/ä #%.json', byteLength: 2, sha256: undefined },
    ]);
  });

  it('that are not there are missing', async () => {
    await expect(list('none')).rejects.toThrow('org/name/none: the repository has no such file at "main"');
  });

  const file = { type: 'file', oid: 'x', size: 1 };
  it.each([
    ['names a file outside of it', [{ ...file, path: '../../x' }]],
    ['names a file outside of it', [{ ...file, path: '/etc/passwd' }]],
    ['names a file outside of it', [{ ...file, path: 'a\\..\\b' }]],
    ['has an entry that is no file and no folder', [{ ...file, path: 'x', size: -1 }]],
    ['has an entry that is no file and no folder', [{ ...file, path: 'x', size: 1e300 }]],
    ['has an entry that is no file and no folder', [{ ...file, path: 5 }]],
    ['has an entry that is no file and no folder', [null]],
    ['is no list', { error: 'no' }],
  ])('are refused where the listing %s', async (problem, listing) => {
    const url = await answering(JSON.stringify(listing));
    await expect(list('', url)).rejects.toThrow(`org/name: the listing of its files ${problem}`);
  });

  it('are not asked for at another host, nor without end', async () => {
    const elsewhere = await answering('[]', { link: `<${hub.url}/api/x>; rel="next"` });
    await expect(list('', elsewhere)).rejects.toThrow('goes on at another host');
    expect(hub.requests).toEqual([]);
    other?.close();
    const endless = await answering('[]', { link: '</next>; rel="next"' });
    await expect(list('', endless)).rejects.toThrow('has more than 200 pages');
  });

  it('are a list or a sentence, whatever the server says', async () => {
    let answer = '';
    other = createServer((_, response) => response.end(answer));
    await new Promise<void>((resolve) => other!.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const entry = fc.record({
      type: fc.constantFrom('file', 'directory', 'x'),
      path: fc.string(),
      size: fc.integer(),
      lfs: fc.jsonValue(),
    });
    const text = fc.oneof(
      fc.json(),
      fc.string(),
      fc.array(entry).map((one) => JSON.stringify(one)),
    );
    await fc.assert(
      fc.asyncProperty(text, async (one) => {
        answer = one;
        const found: unknown = await list('', url).catch((error: unknown) => error);
        expect(Array.isArray(found) || found instanceof AntipodeError).toBe(true);
      }),
    );
  });
});
