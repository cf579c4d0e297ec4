import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isFull } from '../../test/support/effort.ts';
import { failureOf } from '../../test/support/failure_of.ts';
import { type FakeHub, type Fault, sha256, startFakeHub } from '../../test/support/fake_hub.ts';
import { createRng } from '../tensor/rng.ts';
import { type DownloadRequest, downloadFile } from './download_file.ts';
import { createHttp, type Http } from './http.ts';
import { incompletePath } from './incomplete_path.ts';

/** Places where connections are cut. */
const CUTS = isFull ? 100 : 30;

const BYTES = randomBytes(700_000);
const OID = sha256(BYTES);
/** Of a server that says nothing; elsewhere a busy machine must not look like one. */
const SHORT = { headersMs: 300, silenceMs: 300 };

let folder: string;
let hub: FakeHub;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-download-'));
  hub = await startFakeHub();
  hub.addRepo('org/name', { files: { 'big.bin': { bytes: BYTES, isLarge: true } } });
  hub.addObject('batch.gz', BYTES);
});
afterEach(async () => {
  await hub.close();
  await rm(folder, { recursive: true, force: true });
});

const http = (retries = 2): Http => createHttp({}, { retries, firstWaitMs: 1 });

/** Of a file whose hash is known. */
function known(more: Partial<DownloadRequest> = {}): DownloadRequest {
  const url = `${hub.url}/org/name/resolve/main/big.bin`;
  return { url, to: join(folder, 'big.bin'), shown: 'org/name/big.bin', sha256: OID, ...more };
}

/** Of an object in a bucket, which may be replaced. */
function object(more: Partial<DownloadRequest> = {}): DownloadRequest {
  return { url: `${hub.bucketUrl}/batch.gz`, to: join(folder, 'batch.gz'), shown: 'batch.gz', ...more };
}

/** In order; then all goes well. */
function withFaults(host: string, ...faults: readonly Fault[]): void {
  let next = 0;
  hub.fault = (seen) => (seen.host === host ? faults[next++] : undefined);
}

function rangesAskedOf(host: string): (string | undefined)[] {
  return hub.requests.filter((seen) => seen.host === host).map(({ headers }) => headers.range);
}

async function expectWhole(name = 'big.bin'): Promise<void> {
  expect(await readdir(folder)).toEqual([name]);
  expect(sha256(await readFile(join(folder, name)))).toBe(OID);
}

describe('C12 a download', () => {
  it('brings the file under its name, and nothing else', async () => {
    const seen: [number, number | undefined][] = [];
    const done = await downloadFile(http(), known({ onProgress: (...one) => seen.push(one) }));
    expect(done).toEqual({ byteLength: 700_000, sha256: OID, resumedFrom: 0, lastModified: undefined });
    expect(seen[0]).toEqual([0, 700_000]);
    expect(seen.at(-1)).toEqual([700_000, 700_000]);
    await expectWhole();
  });

  it(`cut at ${CUTS} random points within one run is the same file`, async () => {
    const rng = createRng(1, 'cuts');
    const cuts = Array.from({ length: CUTS }, () => ({ cutAfter: rng.integer(7000) }));
    withFaults('cdn', ...cuts);
    // What brings nothing at all may come several times in a row.
    expect((await downloadFile(http(20), known())).sha256).toBe(OID);
    expect(rangesAskedOf('cdn').length).toBe(CUTS + 1);
    await expectWhole();
  });

  it(`cut at ${CUTS} random points, each of which ends the run, is the same file`, async () => {
    const rng = createRng(2, 'cuts');
    for (let run = 0; run < CUTS; run++) {
      withFaults('cdn', { cutAfter: rng.integer(12_000) });
      const error = await failureOf(downloadFile(http(0), known()));
      expect(error.kind).toBe('network');
      // Half a file never stands under the name of the whole.
      expect(await readdir(folder)).not.toContain('big.bin');
      hub.fault = () => undefined;
    }
    const done = await downloadFile(http(0), known());
    expect(done.resumedFrom).toBeGreaterThan(100_000);
    expect(rangesAskedOf('cdn').at(-1)).toBe(`bytes=${done.resumedFrom}-`);
    expect(done.sha256).toBe(OID);
    await expectWhole();
  });

  it('that was interrupted goes on in the next run', async () => {
    const controller = new AbortController();
    const onProgress = (done: number): void => {
      if (done > 200_000) controller.abort();
    };
    withFaults('cdn', { slowMs: 1 });
    const error = await failureOf(downloadFile(http(), known({ signal: controller.signal, onProgress })));
    expect(error.kind).toBe('interrupted');
    expect(await readdir(folder)).not.toContain('big.bin');
    expect((await downloadFile(http(), known())).resumedFrom).toBeGreaterThan(200_000);
    await expectWhole();
  });

  it('begins anew where the server knows no ranges', async () => {
    withFaults('cdn', { cutAfter: 300_000 }, { ignoresRange: true });
    await downloadFile(http(), known());
    expect(rangesAskedOf('cdn').length).toBe(2);
    await expectWhole();
  });

  it('that is cut at the same place again and again, from the beginning each time, is given up', async () => {
    const always = { cutAfter: 3000, ignoresRange: true };
    withFaults('cdn', ...Array.from({ length: 50 }, () => always));
    const error = await failureOf(downloadFile(http(3), known()));
    expect(error.kind).toBe('network');
    // The first attempt, which was further than nothing, and three more.
    expect(rangesAskedOf('cdn').length).toBe(4);
  });

  it('whose beginning is that of something else is fetched whole', async () => {
    await writeFile(incompletePath(known().to, OID), randomBytes(400_000));
    expect((await downloadFile(http(), known())).sha256).toBe(OID);
    expect(rangesAskedOf('cdn')).toEqual(['bytes=400000-', undefined]);
    await expectWhole();
  });

  it('whose beginning is longer than the whole is fetched whole', async () => {
    await writeFile(incompletePath(known().to, OID), randomBytes(800_000));
    await downloadFile(http(), known({ expectedSize: 700_000 }));
    await rm(join(folder, 'big.bin'));
    await writeFile(incompletePath(known().to, OID), randomBytes(800_000));
    await downloadFile(http(), known());
    await expectWhole();
  });

  it('that has come whole and was only not renamed is not fetched again', async () => {
    await writeFile(incompletePath(known().to, OID), BYTES);
    const done = await downloadFile(http(), known({ expectedSize: 700_000 }));
    expect([done.resumedFrom, hub.requests]).toEqual([700_000, []]);
    await expectWhole();
  });

  it('of nothing is an empty file', async () => {
    hub.addObject('batch.gz', '');
    expect((await downloadFile(http(), object({ expectedSize: 0 }))).byteLength).toBe(0);
    expect(await readdir(folder)).toEqual(['batch.gz']);
  });

  it('does not write through a link in the place of its beginning', async () => {
    const outside = join(folder, 'outside');
    await writeFile(outside, 'kept');
    await symlink(outside, incompletePath(known().to, OID));
    expect((await failureOf(downloadFile(http(), known()))).message).toContain('symbolic link');
    expect(await readFile(outside, 'utf8')).toBe('kept');
  });
});

describe('a file that no hash names', () => {
  const etagOf = async (): Promise<string> =>
    (await http().head(`${hub.bucketUrl}/batch.gz`)).headers.get('etag') ?? '';

  it('goes on in the next run while the server has the same one', async () => {
    const etag = await etagOf();
    withFaults('bucket', { cutAfter: 300_000 });
    await failureOf(downloadFile(http(0), object({ etag })));
    const done = await downloadFile(http(0), object({ etag }));
    expect(done.resumedFrom).toBeGreaterThan(0);
    expect(done.lastModified).toBe('Wed, 05 Mar 2025 10:00:00 GMT');
    await expectWhole('batch.gz');
  });

  it('begins anew, whoever notices that the server has another one', async () => {
    const etag = await etagOf();
    withFaults('bucket', { cutAfter: 300_000 });
    await failureOf(downloadFile(http(0), object({ etag })));
    const other = randomBytes(700_000);
    hub.addObject('batch.gz', other);
    // The caller does not know yet, the server says so.
    const done = await downloadFile(http(0), object({ etag }));
    expect([done.sha256, done.resumedFrom]).toEqual([sha256(other), 0]);
    // The caller knows it: nothing of the first one is left.
    withFaults('bucket', { cutAfter: 300_000 });
    await failureOf(downloadFile(http(0), object({ etag })));
    await downloadFile(http(0), object({ etag: await etagOf() }));
    expect(await readdir(folder)).toEqual(['batch.gz']);
  });

  it('that is replaced in the middle of a run is never a mixture', async () => {
    const other = randomBytes(700_000);
    withFaults('bucket', { cutAfter: 300_000 });
    const onProgress = (done: number): void => {
      if (done > 200_000) hub.addObject('batch.gz', other);
    };
    expect((await downloadFile(http(), object({ onProgress }))).sha256).toBe(sha256(other));
  });

  it('begins anew in every run where nothing names it', async () => {
    withFaults('bucket', { cutAfter: 300_000 });
    await failureOf(downloadFile(http(0), object()));
    expect((await downloadFile(http(0), object())).resumedFrom).toBe(0);
    await expectWhole('batch.gz');
  });
});

describe('a server that does not keep its word', () => {
  it.each<[string, Fault, string]>([
    [
      'sends more than the caller expects',
      { extraBytes: 9 },
      'the server sends more than it said (expected 700000 bytes)',
    ],
    [
      'announces more',
      { announcedBytes: 700_009 },
      'the server sends another size than it said (got 700009 bytes, expected 700000)',
    ],
    [
      'announces less',
      { announcedBytes: 5 },
      'the server sends another size than it said (got 5 bytes, expected 700000)',
    ],
    [
      'announces what no disk holds',
      { announcedBytes: 900_000_000_000_000 },
      'the server sends another size than it said (got 900000000000000 bytes, expected 700000)',
    ],
    [
      'sends less, and says that it is done',
      { extraBytes: -9 },
      'the server ends it early (got 699991 bytes, expected 700000)',
    ],
    ['sends other bytes', { wrongBytes: true }, 'other bytes came than its hash says'],
  ])('%s', async (_, fault, message) => {
    hub.fault = ({ host }) => (host === 'cdn' ? fault : undefined);
    const error = await failureOf(downloadFile(http(), known({ expectedSize: 700_000 })));
    expect([error.kind, error.message]).toEqual([
      'network',
      expect.stringContaining(`org/name/big.bin: ${message}`),
    ]);
    expect(error.hint).toContain('run the same command again');
    expect(await readdir(folder)).not.toContain('big.bin');
    hub.fault = () => undefined;
    await downloadFile(http(), known({ expectedSize: 700_000 }));
    await expectWhole();
  });

  it('says nothing, before the headers or in the middle of the body', async () => {
    const hasty = createHttp({}, { retries: 0, limits: SHORT });
    const host = new URL(hub.cdnUrl).host;
    hub.fault = (seen) => (seen.host === 'cdn' ? { hangAfter: -1 } : undefined);
    expect((await failureOf(downloadFile(hasty, known()))).message).toBe(`${host}: no answer within 0.3 s`);
    hub.fault = (seen) => (seen.host === 'cdn' ? { hangAfter: 100_000 } : undefined);
    expect((await failureOf(downloadFile(hasty, known()))).message).toBe(
      `${host}: nothing more came within 0.3 s`,
    );
    hub.fault = () => undefined;
    expect((await downloadFile(http(0), known())).resumedFrom).toBe(100_000);
  });

  it('is slow, which is no silence', async () => {
    withFaults('cdn', { slowMs: 100 });
    // Less than it takes in all, more than between two pieces.
    await downloadFile(
      createHttp({}, { retries: 0, limits: { headersMs: 10_000, silenceMs: 900 } }),
      known(),
    );
    await expectWhole();
  });
});

describe('the disk', () => {
  it('is asked for room before the first byte', async () => {
    hub.fault = () => ({ announcedBytes: 900_000_000_000_000 });
    const error = await failureOf(downloadFile(http(0), object()));
    expect(error.kind).toBe('resource');
    expect(error.message).toMatch(
      /^batch\.gz: no room on the disk of .* \(got \d+ bytes free, expected 900000000000000 more\)$/,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('that does not have the folder is said in one sentence', async () => {
    const error = await failureOf(downloadFile(http(), known({ to: join(folder, 'none', 'big.bin') })));
    expect(error.kind).toBe('resource');
    await expect(stat(join(folder, 'none'))).rejects.toThrow('ENOENT');
  });
});
