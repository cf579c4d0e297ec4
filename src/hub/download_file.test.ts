import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeHub, type Fault, sha256, startFakeHub } from '../../test/support/fake_hub.ts';
import { type DownloadRequest, downloadFile } from './download_file.ts';
import { createHttp } from './http.ts';

const BYTES = randomBytes(700_000);
const LIMITS = { headersMs: 300, silenceMs: 300 };

let folder: string;
let hub: FakeHub;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-download-'));
  hub = await startFakeHub();
  hub.addRepo('org/name', { files: { 'big.bin': { bytes: BYTES, isLarge: true }, 'small.txt': 'small' } });
  hub.addObject('batch.gz', BYTES);
});
afterEach(async () => {
  await hub.close();
  await rm(folder, { recursive: true, force: true });
});

const http = (retries = 2) => createHttp({}, { retries, firstWaitMs: 1, limits: LIMITS });

function request(more: Partial<DownloadRequest> = {}): DownloadRequest {
  const url = `${hub.url}/org/name/resolve/main/big.bin`;
  return { url, to: join(folder, 'big.bin'), shown: 'org/name/big.bin', sha256: sha256(BYTES), ...more };
}

function withFaults(host: string, faults: readonly (Fault | undefined)[]): void {
  let next = 0;
  hub.fault = (seen) => (seen.host === host ? faults[next++] : undefined);
}

describe('C12 downloads', () => {
  it('bring the file under its name, and nothing else', async () => {
    const done = await downloadFile(http(), request());
    expect(done).toEqual({
      byteLength: 700_000,
      sha256: sha256(BYTES),
      resumedFrom: 0,
      lastModified: undefined,
    });
    expect(await readdir(folder)).toEqual(['big.bin']);
    expect(BYTES.equals(await readFile(join(folder, 'big.bin')))).toBe(true);
  });

  it('go on where they were cut, in this run and in the next', async () => {
    withFaults('cdn', [{ cutAfter: 100_000 }, { cutAfter: 50_000 }]);
    await downloadFile(http(), request());
    const ranges = hub.requests.filter(({ host }) => host === 'cdn').map(({ headers }) => headers.range);
    expect(ranges[0]).toBe(undefined);
    expect(ranges.length).toBe(3);
    expect(sha256(await readFile(join(folder, 'big.bin')))).toBe(sha256(BYTES));
  });
});
