import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findInHfCache } from '../../src/hub/hf_cache.ts';
import { createRng } from '../../src/tensor/rng.ts';
import { type FakeHub, sha256, startFakeHub } from '../support/fake_hub.ts';

const REPO = 'org/name';
const FILE = 'layer_0/params.npz';
const BYTES = randomBytes(2_000_000);
const DIST = new URL('../../dist/hub/', import.meta.url).href;

let home: string;
let hub: FakeHub;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'antipode-faults-'));
  hub = await startFakeHub();
  hub.addRepo(REPO, { files: { [FILE]: { bytes: BYTES, isLarge: true } } });
});
afterEach(async () => {
  await hub.close();
  await rm(home, { recursive: true, force: true });
});

/** One download in a process of its own; what it fails with is its output. */
const PROGRAM = `
  const { createHttp } = await import('${DIST}http.js');
  const { downloadHfFile } = await import('${DIST}hf_download.js');
  const http = createHttp(process.env, { retries: 0 });
  const request = { repoId: '${REPO}', path: '${FILE}' };
  const onProgress = (done) => process.stdout.write(done > 0 ? 'going\\n' : '');
  try {
    const { path } = await downloadHfFile(process.env, request, { http, onProgress });
    process.stdout.write('done ' + path);
  } catch (error) {
    process.stdout.write(error.name + ' ' + error.kind + ': ' + error.message);
  }
`;

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<string>;
}

/** @param wrap a command that runs the rest, as `prlimit` */
function run(wrap: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Run {
  const words = [...wrap, process.execPath, '--input-type=module', '-e', PROGRAM];
  const child = spawn(words[0]!, words.slice(1), {
    env: { PATH: process.env['PATH'] ?? '', HOME: home, HF_HOME: home, HF_ENDPOINT: hub.url, ...env },
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += String(text);
  });
  const ended = new Promise<string>((resolve) => {
    child.on('close', () => resolve(output.replaceAll('going\n', '')));
  });
  return { child, ended };
}

function blobs(): string[] {
  const folder = join(home, 'hub', 'models--org--name', 'blobs');
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Whatever stands there is whole. */
async function expectNothingHalf(): Promise<void> {
  for (const name of blobs().filter((one) => /^[0-9a-f]{64}$/.test(one))) {
    expect(sha256(readFileSync(join(home, 'hub', 'models--org--name', 'blobs', name)))).toBe(name);
  }
  const found = await findInHfCache({ HF_HOME: home }, { repoId: REPO, path: FILE });
  if (found) expect(sha256(readFileSync(found.path))).toBe(sha256(BYTES));
}

async function expectCleanRun(): Promise<void> {
  expect(await run().ended).toContain('done ');
  await expectNothingHalf();
  expect(blobs().filter((name) => name.endsWith('.incomplete'))).toEqual([]);
  expect(await findInHfCache({ HF_HOME: home }, { repoId: REPO, path: FILE })).toBeDefined();
}

describe('C12 a download whose process is killed', () => {
  it('at 20 random moments leaves nothing half, and the next run finishes it', async () => {
    const rng = createRng(3, 'kills');
    hub.fault = ({ host }) => (host === 'cdn' ? { slowMs: 10 } : undefined);
    let resumed = 0;
    for (let kill = 0; kill < 20; kill++) {
      const { child, ended } = run();
      // Half of them behind the first bytes, the others wherever a process is by then.
      if (kill % 2 === 0)
        await new Promise((resolve) => child.stdout?.once('data', resolve).once('close', resolve));
      await sleep(rng.integer(150));
      child.kill('SIGKILL');
      await ended;
      await expectNothingHalf();
      if (blobs().some((name) => name.endsWith('.incomplete'))) resumed++;
      if (kill % 7 === 6) await rm(join(home, 'hub'), { recursive: true, force: true });
    }
    expect(resumed).toBeGreaterThan(3);
    await expectCleanRun();
  }, 60_000);
});

describe('two processes that want one file', () => {
  it('fetch it once', async () => {
    hub.fault = ({ host }) => (host === 'cdn' ? { slowMs: 10 } : undefined);
    const outputs = await Promise.all([run().ended, run().ended, run().ended]);
    for (const output of outputs) expect(output).toContain('done ');
    expect(hub.requests.filter(({ host }) => host === 'cdn').length).toBe(1);
    await expectNothingHalf();
  }, 60_000);

  it('the second takes over when the first is killed', async () => {
    hub.fault = ({ host }) => (host === 'cdn' ? { slowMs: 50 } : undefined);
    const first = run();
    await new Promise((resolve) => first.child.stdout?.once('data', resolve));
    const second = run();
    await sleep(300);
    first.child.kill('SIGKILL');
    expect(await second.ended).toContain('done ');
    expect(hub.requests.filter(({ host }) => host === 'cdn').at(-1)?.headers.range).toMatch(
      /^bytes=\d{5,}-$/,
    );
    await expectNothingHalf();
  }, 60_000);
});

describe('a disk that takes no more', () => {
  it('keeps what came, says so, and the next run goes on (a limit on the size of files)', async () => {
    const output = await run(['bash', '-c', 'ulimit -f 1500; exec "$@"', '-']).ended;
    expect(output).toContain('AntipodeError resource: ');
    expect(output).toContain('is too large for this disk or this account');
    expect(blobs().length).toBe(1);
    await expectNothingHalf();
    await expectCleanRun();
    expect(hub.requests.filter(({ host }) => host === 'cdn').at(-1)?.headers.range).toMatch(
      /^bytes=\d{6,}-$/,
    );
  }, 60_000);

  it.skipIf(!canMount())(
    'that is full in the middle (a small tmpfs; needs the right to mount: skipped)',
    async () => {
      await mkdir(join(home, 'hub'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', join(home, 'hub')]);
      try {
        expect(await run().ended).toMatch(/AntipodeError resource: org\/name\/.*: no room on the disk of /);
        // Nobody says how large it is, so that it shows on the way only.
        hub.fault = ({ host, method }) => {
          if (host === 'cdn') return { extraBytes: 0 };
          return method === 'HEAD' ? { headers: { 'x-linked-size': 'unknown' } } : undefined;
        };
        expect(await run().ended).toMatch(/AntipodeError resource: .*cannot be written, the disk is full/);
        await expectNothingHalf();
      } finally {
        execFileSync('umount', [join(home, 'hub')]);
      }
      hub.fault = () => undefined;
      await expectCleanRun();
    },
    60_000,
  );

  it.skipIf(process.getuid?.() !== 0)(
    'that may not be written (needs root, to be somebody else: skipped)',
    async () => {
      await chmod(home, 0o755);
      await mkdir(join(home, 'hub'), { mode: 0o555 });
      const output = await run(['setpriv', '--reuid', '65534', '--clear-groups', '--']).ended;
      expect(output).toMatch(/AntipodeError resource: .*no permission to write there/);
      expect(readdirSync(join(home, 'hub'))).toEqual([]);
    },
    60_000,
  );
});

function canMount(): boolean {
  if (process.getuid?.() !== 0 || process.platform !== 'linux') return false;
  const probe = join(tmpdir(), `antipode-mount-${process.pid}`);
  try {
    execFileSync(
      'sh',
      ['-c', `mkdir ${probe} && mount -t tmpfs -o size=64k tmpfs ${probe} && umount ${probe}`],
      { stdio: 'ignore' },
    );
    return true;
  } catch {
    return false;
  } finally {
    execFileSync('rm', ['-rf', probe]);
  }
}
