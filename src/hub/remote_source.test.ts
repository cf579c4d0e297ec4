import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { FIXTURE_SAE } from '../../test/support/run_command.ts';
import { openTensorFile, openTensorSource } from '../formats/detect.ts';
import { openFileSource, readBytes } from '../formats/source.ts';
import { requireTensor } from '../formats/tensor_file.ts';
import { createHttp } from './http.ts';
import { openRemoteSource, type RemoteSource } from './remote_source.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Asked {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

type Answer = (response: ServerResponse, asked: Asked, request: IncomingMessage) => void;

async function serve(answer: Answer): Promise<string> {
  let count = 0;
  const server = createServer((request, response) => {
    const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    answer(response, { start: Number(start), end: Number(last) + 1, count: count++ }, request);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/params.npz`;
}

/** As RFC 9110 wants it. */
function ranged(bytes: Uint8Array, etag = '"one"'): Answer {
  return (response, { start, end }) => {
    const last = Math.min(end, bytes.byteLength) - 1;
    response.writeHead(206, { 'content-range': `bytes ${start}-${last}/${bytes.byteLength}`, etag });
    response.end(bytes.subarray(start, last + 1));
  };
}

const open = (url: string): Promise<RemoteSource | undefined> =>
  openRemoteSource({ http: createHttp({}, { retries: 1, firstWaitMs: 1 }), url, name: 'params.npz' });

const BYTES = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 251);

describe('openRemoteSource', () => {
  it('reads what a file would, wherever the ranges lie', async () => {
    const remote = (await open(await serve(ranged(BYTES))))!;
    expect(remote.byteLength).toBe(BYTES.byteLength);
    await fc.assert(
      fc.asyncProperty(fc.nat(BYTES.byteLength), fc.nat(40_000), async (start, length) => {
        const end = Math.min(BYTES.byteLength, start + length);
        expect(Buffer.compare(await readBytes(remote, start, end - start), BYTES.subarray(start, end))).toBe(
          0,
        );
      }),
      { numRuns: 40 },
    );
    await expect(readBytes(remote, BYTES.byteLength - 1, 2)).rejects.toMatchObject({ kind: 'format' });
  });

  it('takes no bytes of a packed answer for those of the file', async () => {
    const packed: Answer = (response, asked, request) => {
      response.setHeader('content-encoding', 'gzip');
      ranged(BYTES)(response, asked, request);
    };
    expect(await open(await serve(packed))).toBeUndefined();
    const url = await serve((response, asked, request) =>
      (asked.count > 0 ? packed : ranged(BYTES))(response, asked, request),
    );
    const later = (await open(url))!;
    await expect(readBytes(later, 50_000, 100)).rejects.toThrow('the file changed while it was read');
  });

  it('opens an archive of arrays and takes single rows out of it', async () => {
    const bytes = await readFile(FIXTURE_SAE);
    let rows = 0;
    const remote = (await open(
      await serve((response, asked, request) => {
        rows += asked.end - asked.start;
        ranged(bytes)(response, asked, request);
      }),
    ))!;
    const [there, here] = [await openTensorSource(remote), await openTensorFile(FIXTURE_SAE)];
    const [remoteRow, row] = [new Uint8Array(8), new Uint8Array(8)];
    await requireTensor(there, 'W_dec').readBytes(16, remoteRow);
    await requireTensor(here, 'W_dec').readBytes(16, row);
    expect(remoteRow).toEqual(row);
    expect(remote.received()).toBeLessThanOrEqual(rows);
    await Promise.all([there.close(), here.close()]);
  });

  it('asks for a block of headers once', async () => {
    let asked = 0;
    const url = await serve((response, one, request) => {
      asked += 1;
      ranged(BYTES)(response, one, request);
    });
    const remote = (await open(url))!;
    for (let at = 0; at < 4000; at += 40) await readBytes(remote, 50_000 + at, 40);
    expect(asked).toBe(2);
    expect(remote.received()).toBe(2 * 16 * 2 ** 10);
  });

  it('asks again after a body that broke off', async () => {
    const cut: Answer = (response, { start, end }) => {
      response.writeHead(206, {
        'content-range': `bytes ${start}-${end - 1}/${BYTES.byteLength}`,
        'content-length': end - start,
      });
      response.write(BYTES.subarray(start, start + 100));
      setTimeout(() => response.destroy(), 5);
    };
    const once = (await open(
      await serve((...all) => (all[1].count === 1 ? cut : ranged(BYTES, ''))(...all)),
    ))!;
    expect(Buffer.compare(await readBytes(once, 20_000, 30_000), BYTES.subarray(20_000, 50_000))).toBe(0);
  });

  it.each<[string, Answer]>([
    ['the whole file for every range', (response) => response.writeHead(200).end(BYTES)],
    [
      'ranges of a file without an end',
      (response, { start, end }) =>
        response
          .writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/*` })
          .end(BYTES.subarray(start, end)),
    ],
  ])('is nothing where a server gives %s', async (_, answer) => {
    expect(await open(await serve(answer))).toBeUndefined();
  });

  it.each<[string, Answer, string]>([
    [
      'another range',
      (response) =>
        response.writeHead(206, { 'content-range': 'bytes 1-16/100000' }).end(BYTES.subarray(1, 17)),
      'another range than was asked',
    ],
    [
      'a range of more than was asked',
      (response) => response.writeHead(206, { 'content-range': 'bytes 0-99999/100000' }).end(BYTES),
      'another range than was asked',
    ],
    ['nothing that it may give', (response) => response.writeHead(403).end(), 'HTTP 403'],
  ])('says so where a server gives %s', async (_, answer, problem) => {
    await expect(open(await serve(answer))).rejects.toMatchObject({
      kind: 'network',
      message: expect.stringContaining(problem),
    });
  });

  it.each<[string, Answer]>([
    ['has another tag', ranged(BYTES, '"two"')],
    ['is longer', ranged(Buffer.concat([BYTES, BYTES]))],
    ['comes whole', (response) => response.writeHead(200).end(BYTES)],
  ])('notices that the file %s than before', async (_, later) => {
    const remote = (await open(
      await serve((...all) => (all[1].count === 0 ? ranged(BYTES) : later)(...all)),
    ))!;
    await expect(readBytes(remote, 50_000, 10)).rejects.toMatchObject({
      kind: 'network',
      message: expect.stringContaining('changed while it was read'),
    });
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const url = await serve((...all) => {
      if (all[1].count === 0) return ranged(BYTES)(...all);
      controller.abort();
    });
    const remote = (await openRemoteSource({
      http: createHttp({}),
      url,
      name: 'params.npz',
      signal: controller.signal,
    }))!;
    await expect(readBytes(remote, 50_000, 10)).rejects.toMatchObject({ kind: 'interrupted' });
  });

  it('is a local file in every other way', async () => {
    const local = await openFileSource(FIXTURE_SAE);
    const remote = (await open(await serve(ranged(await readFile(FIXTURE_SAE)))))!;
    expect(await readBytes(remote, 0, remote.byteLength)).toEqual(
      await readBytes(local, 0, local.byteLength),
    );
    await local.close();
  });
});
