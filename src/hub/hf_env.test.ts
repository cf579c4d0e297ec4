import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hfHomeDir, hfHubCacheDir } from './cache_dirs.ts';
import {
  areProgressBarsDisabled,
  headersTimeoutMs,
  hfEndpoint,
  hfToken,
  hfTokenPath,
  isOffline,
  isTrue,
  silenceTimeoutMs,
} from './hf_env.ts';

type Settings = Readonly<Record<string, string>>;

describe('C10 the environment means what it means in Python', () => {
  it.each<[Settings, string]>([
    [{}, '/h/.cache/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/x', HF_HOME: '/hf' }, '/hf/hub'],
    [{ HF_HOME: '~/hf' }, '/h/hf/hub'],
    [{ HF_HOME: '$WORK/hf', WORK: '/w' }, '/w/hf/hub'],
    [{ HF_HOME: ['$', '{WORK}/hf'].join(''), WORK: '/w' }, '/w/hf/hub'],
    [{ HF_HOME: '/a/$NOT_SET' }, '/a/$NOT_SET/hub'],
    [{ HF_HOME: '/hf', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
    [{ HF_HUB_CACHE: '/new', HUGGINGFACE_HUB_CACHE: '/old' }, '/new'],
    [{ HF_HUB_CACHE: '~/c' }, '/h/c'],
  ])('the cache with %j is %s', (env, path) => {
    expect(hfHubCacheDir({ HOME: '/h', ...env })).toBe(path);
  });

  it.each<[Settings, string]>([
    [{}, '/h/.cache/huggingface/token'],
    [{ HF_HOME: '/hf' }, '/hf/token'],
    [{ HF_HOME: '/hf', HF_TOKEN_PATH: '~/t' }, '/h/t'],
  ])('the token with %j lies in %s', (env, path) => {
    expect(hfTokenPath({ HOME: '/h', ...env })).toBe(path);
    expect(hfHomeDir({ HOME: '/h', HF_HOME: '/hf' })).toBe('/hf');
  });

  it.each([
    ['1', true],
    ['ON', true],
    ['on', true],
    ['Yes', true],
    ['true', true],
    ['TRUE', true],
    ['0', false],
    ['', false],
    ['y', false],
    ['enabled', false],
    [' 1', false],
    [undefined, false],
  ])('%j is %s', (value, expected) => {
    expect(isTrue(value)).toBe(expected);
    const set = value === undefined ? {} : { HF_HUB_OFFLINE: value, HF_HUB_DISABLE_PROGRESS_BARS: value };
    expect([isOffline(set), areProgressBarsDisabled(set)]).toEqual([expected, expected]);
  });

  it.each<[Settings, boolean]>([
    [{ TRANSFORMERS_OFFLINE: '1' }, true],
    [{ HF_HUB_OFFLINE: '', TRANSFORMERS_OFFLINE: '1' }, true],
    [{ HF_HUB_OFFLINE: '0', TRANSFORMERS_OFFLINE: '1' }, false],
  ])('%j is offline: %s', (env, expected) => {
    expect(isOffline(env)).toBe(expected);
  });

  it.each<[Settings, string]>([
    [{}, 'https://huggingface.co'],
    [{ HF_ENDPOINT: '' }, 'https://huggingface.co'],
    [{ HF_ENDPOINT: 'https://mirror.example/' }, 'https://mirror.example'],
    [{ HF_ENDPOINT: 'http://127.0.0.1:8080/hub//' }, 'http://127.0.0.1:8080/hub'],
  ])('the hub with %j is %s', (env, endpoint) => {
    expect(hfEndpoint(env)).toBe(endpoint);
  });

  it.each(['mirror.example', 'ftp://mirror.example', 'https://me:word@mirror.example', 'https://m/?x=1'])(
    'HF_ENDPOINT=%s is refused without being repeated',
    (HF_ENDPOINT) => {
      expect(() => hfEndpoint({ HF_ENDPOINT })).toThrow(/^HF_ENDPOINT: is no address of a server$/);
    },
  );

  it('waits as long as it says, ten seconds otherwise', () => {
    expect([headersTimeoutMs({}), silenceTimeoutMs({ HF_HUB_DOWNLOAD_TIMEOUT: '' })]).toEqual([
      10_000, 10_000,
    ]);
    expect(headersTimeoutMs({ HF_HUB_ETAG_TIMEOUT: '30' })).toBe(30_000);
    expect(silenceTimeoutMs({ HF_HUB_DOWNLOAD_TIMEOUT: '5' })).toBe(5000);
    expect(() => silenceTimeoutMs({ HF_HUB_DOWNLOAD_TIMEOUT: 'soon' })).toThrow(
      'HF_HUB_DOWNLOAD_TIMEOUT: is no number',
    );
  });
});

describe('C18 the token comes from the environment or a file', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'antipode-token-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const write = (text: string): Promise<void> => writeFile(join(home, 'token'), text);

  it('the environment wins over the file, the new name over the old one', async () => {
    await write('hf_file\n');
    expect(await hfToken({ HF_HOME: home })).toBe('hf_file');
    expect(await hfToken({ HF_HOME: home, HF_TOKEN: ' hf_env\r\n' })).toBe('hf_env');
    expect(await hfToken({ HF_HOME: home, HUGGING_FACE_HUB_TOKEN: 'hf_old' })).toBe('hf_old');
    expect(await hfToken({ HF_HOME: home, HF_TOKEN: 'hf_env', HUGGING_FACE_HUB_TOKEN: 'hf_old' })).toBe(
      'hf_env',
    );
    expect(await hfToken({ HF_HOME: home, HF_TOKEN: '' })).toBe('hf_file');
  });

  it('none is none: no file, an empty one, a folder that is not there', async () => {
    expect(await hfToken({ HF_HOME: home })).toBe(undefined);
    await write('\n');
    expect(await hfToken({ HF_HOME: home })).toBe(undefined);
    expect(await hfToken({ HF_HOME: join(home, 'token', 'below') })).toBe(undefined);
  });

  it('none goes out with HF_HUB_DISABLE_IMPLICIT_TOKEN', async () => {
    expect(await hfToken({ HF_HOME: home, HF_TOKEN: 'hf_env', HF_HUB_DISABLE_IMPLICIT_TOKEN: 'yes' })).toBe(
      undefined,
    );
  });

  it('one that no header can hold is refused without being repeated', async () => {
    for (const token of ['hf_ä', 'hf_a b', 'hf_\u0007']) {
      const refused = hfToken({ HF_HOME: home, HF_TOKEN: token });
      await expect(refused).rejects.toThrow(/^HF_TOKEN: holds characters that no token has$/);
    }
  });

  it('a folder in the place of its file is said', async () => {
    await mkdir(join(home, 'token'));
    await chmod(home, 0o755);
    await expect(hfToken({ HF_HOME: home })).rejects.toThrow('the token cannot be read');
  });

  it.skipIf(process.platform === 'win32')('a pipe that nobody writes to is not waited for', async () => {
    execFileSync('mkfifo', [join(home, 'token')]);
    await expect(hfToken({ HF_HOME: home })).rejects.toThrow('the token cannot be read');
  });

  it.skipIf(process.platform === 'win32')(
    'what has no end is not read to it; nothing is no token',
    async () => {
      const endless = hfToken({ HF_TOKEN_PATH: '/dev/zero' });
      await expect(endless).rejects.toThrow('/dev/zero: the token cannot be read');
      expect(await hfToken({ HF_TOKEN_PATH: '/dev/null' })).toBeUndefined();
    },
  );

  it('a file that is too long for a token is not sent', async () => {
    await writeFile(join(home, 'token'), 'x'.repeat(2 ** 14 + 1));
    await expect(hfToken({ HF_HOME: home })).rejects.toThrow('the token cannot be read');
    await writeFile(join(home, 'token'), 'x'.repeat(2 ** 14));
    expect(await hfToken({ HF_HOME: home })).toHaveLength(2 ** 14);
  });
});
