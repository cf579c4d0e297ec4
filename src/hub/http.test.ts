import { createServer, request as nodeRequest, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf } from '../../test/support/failure_of.ts';
import { type FakeHub, startFakeHub } from '../../test/support/fake_hub.ts';
import { createHttp, type Http } from './http.ts';
import { proxyFor, proxyHeaders } from './proxy.ts';

/** Of a server that says nothing; elsewhere a busy machine must not look like one. */
const SHORT = { headersMs: 600, silenceMs: 600 };

let hub: FakeHub;
let servers: { close(): void }[];

beforeEach(async () => {
  servers = [];
  hub = await startFakeHub();
  hub.addObject('a.txt', 'abcdef');
});
afterEach(async () => {
  for (const server of servers) server.close();
  await hub.close();
});

const http = (env: Record<string, string> = {}, retries = 2): Http =>
  createHttp(env, { retries, firstWaitMs: 1 });

async function textOfBody(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('latin1');
}

function listen(server: Server): Promise<string> {
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    );
  });
}

/** Answers whatever is asked with these bytes, and says them in pieces of so many. */
function rawServer(answer: string, pieceBytes = 1000): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', async () => {
      for (let at = 0; at < answer.length; at += pieceBytes) {
        socket.write(answer.slice(at, at + pieceBytes), 'latin1');
        await new Promise((resolve) => setImmediate(resolve));
      }
      socket.end();
    });
  });
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x`),
    );
  });
}

describe('an answer', () => {
  it.each([false, true])(
    'has its status, headers and bytes, of a range where one is asked for (bulk: %s)',
    async (isBulk) => {
      const whole = await http().get(`${hub.bucketUrl}/a.txt`, { isBulk });
      expect([whole.status, whole.headers.get('Content-Length')]).toEqual([200, '6']);
      expect(await textOfBody(whole.body)).toBe('abcdef');
      const part = await http().get(`${hub.bucketUrl}/a.txt`, { isBulk, range: { start: 2, end: 4 } });
      expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 2-3/6']);
      expect(await textOfBody(part.body)).toBe('cd');
      const rest = await http().get(`${hub.bucketUrl}/a.txt`, { isBulk, range: { start: 4 } });
      expect(await textOfBody(rest.body)).toBe('ef');
    },
  );

  const FORMS: readonly (readonly [string, string, string])[] = [
    ['a stated length', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc\r\n\r\nde', 'abc\r\n\r\nde'],
    ['no body', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', ''],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
      'abcde',
    ],
    ['the end of the connection', 'HTTP/1.1 200 OK\r\n\r\nabcde', 'abcde'],
    [
      'a word before',
      'HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab',
      'ab',
    ],
    ['more than it said', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabcdef', 'ab'],
    ['more headers', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(900)}\r\ncontent-length: 2\r\n\r\nab`, 'ab'],
  ];
  it.each(FORMS)(
    'with %s is the same in pieces of any size, by the parser and past it',
    async (_, answer, body) => {
      for (const pieceBytes of [1, 2, 7, 100_000]) {
        const url = await rawServer(answer, pieceBytes);
        for (const isBulk of [false, true]) {
          const response = await http().get(url, { isBulk });
          expect([response.status, await textOfBody(response.body)]).toEqual([200, body]);
        }
      }
    },
  );

  it.each([
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n9\r\nde',
  ])('that ends early gives what came, then says so: %j', async (answer) => {
    for (const isBulk of [false, true]) {
      const { body } = await http().get(await rawServer(answer), { isBulk });
      let came = '';
      const reading = (async () => {
        for await (const piece of body) came += Buffer.from(piece).toString();
      })();
      expect((await failureOf(reading)).message).toContain('the connection broke');
      expect(came.startsWith('abc')).toBe(true);
    }
  });

  it.each([
    'no HTTP at all',
    'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nabc',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(99_999)}\r\n\r\n`,
    '',
  ])('that is none is said in one sentence: %j', async (answer) => {
    for (const isBulk of [false, true]) {
      const error = await failureOf(http({}, 0).get(await rawServer(answer, 100_000), { isBulk }));
      expect([error.kind, error.message]).toEqual([
        'network',
        expect.stringContaining('the connection broke'),
      ]);
    }
  });

  it.each([
    [
      'in another protocol',
      'HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nabc',
      'another protocol',
    ],
    ['with two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde', 'broke'],
    [
      'with a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      'broke',
    ],
    [
      'with a length beyond all files',
      `HTTP/1.1 200 OK\r\ncontent-length: ${'9'.repeat(30)}\r\n\r\n`,
      'broke',
    ],
    ['with a header in two lines', 'HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 1\r\n\r\na', 'broke'],
    ['with interim words without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2000), 'broke'],
    [
      'that leads to an address with a password',
      'HTTP/1.1 302 X\r\nlocation: http://me:hunter22@127.0.0.1:1/?sig=hunter22\r\n\r\n',
      '127.0.0.1:1: no connection',
    ],
  ])('%s is one sentence without secrets, at once', async (_, answer, sentence) => {
    for (const isBulk of [false, true]) {
      const url = await rawServer(answer, 100_000);
      const error = await failureOf(http({}, 0).get(url, { isBulk, headers: { authorization: 'hunter22' } }));
      expect([error.kind, error.message]).toEqual(['network', expect.stringContaining(sentence)]);
      expect([error.message, error.hint, error.stack, JSON.stringify(error.cause)].join()).not.toContain(
        'hunter22',
      );
    }
  });

  it('comes from an address of version 6 as well (needs one: skipped without)', async ({ skip }) => {
    const server = createServer((request, response) => response.end(request.headers.host));
    servers.push(server);
    const isListening = await new Promise<boolean>((resolve) => {
      server.on('error', () => resolve(false)).listen(0, '::1', () => resolve(true));
    });
    skip(!isListening, 'no address of version 6 on this machine');
    const host = `[::1]:${(server.address() as AddressInfo).port}`;
    for (const isBulk of [false, true]) {
      const { body } = await http().get(`http://${host}/x`, { isBulk });
      expect(await textOfBody(body)).toBe(host);
    }
  });

  it('is waited for while the server is busy, as long as it asks for', async () => {
    const waits: [string, number][] = [];
    const patient = createHttp(
      {},
      { retries: 3, firstWaitMs: 1, limits: SHORT, onWait: (...one) => waits.push(one) },
    );
    const faults = [{ status: 429, headers: { 'retry-after-ms': '40' } }, { status: 503 }, { hangAfter: -1 }];
    hub.fault = (_, index) => faults[index];
    expect((await patient.get(`${hub.bucketUrl}/a.txt`)).status).toBe(200);
    const host = new URL(hub.bucketUrl).host;
    expect(waits).toEqual([
      [`${host}: HTTP 429`, 40],
      [`${host}: HTTP 503`, 2],
      [`${host}: no answer within 0.6 s`, 4],
    ]);
  });

  it('of a server that stays busy, or asks for hours, is given as it is', async () => {
    hub.fault = () => ({ status: 500 });
    expect((await http().get(`${hub.bucketUrl}/a.txt`)).status).toBe(500);
    expect(hub.requests.length).toBe(3);
    hub.fault = () => ({ status: 429, headers: { 'retry-after': '7200' } });
    expect((await http().get(`${hub.bucketUrl}/a.txt`)).status).toBe(429);
    expect(hub.requests.length).toBe(4);
  });

  it('is not waited for where nobody listens', async () => {
    const server = createServer();
    const url = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const error = await failureOf(createHttp({}, { firstWaitMs: 60_000 }).get(url));
    expect(error.message).toBe(`${new URL(url).host}: no connection (ECONNREFUSED)`);
    expect(error.hint).toContain('HTTPS_PROXY');
  });

  it('ends when the user interrupts, in the wait and in the body', async () => {
    const controller = new AbortController();
    hub.fault = () => ({ status: 500 });
    const waiting = createHttp({}, { firstWaitMs: 60_000, onWait: () => controller.abort() });
    expect((await failureOf(waiting.get(`${hub.bucketUrl}/a.txt`, { signal: controller.signal }))).kind).toBe(
      'interrupted',
    );
    const second = new AbortController();
    hub.fault = () => ({ hangAfter: 3 });
    const { body } = await http().get(`${hub.bucketUrl}/a.txt`, { signal: second.signal });
    const reading = textOfBody(body);
    second.abort();
    expect((await failureOf(reading)).kind).toBe('interrupted');
  });

  it('is asked of nobody in offline mode', async () => {
    const error = await failureOf(http({ HF_HUB_OFFLINE: 'on' }).get(`${hub.bucketUrl}/a.txt?secret=1`));
    expect([error.kind, error.message]).toEqual([
      'network',
      `${hub.bucketUrl}/a.txt: offline mode is on (HF_HUB_OFFLINE), nothing is fetched`,
    ]);
    expect(hub.requests).toEqual([]);
  });

  it.each(['ftp://127.0.0.1/x', 'file:///etc/passwd', 'x', ''])('is asked of no %j', async (url) => {
    expect((await failureOf(http().get(url))).kind).toBe('usage');
  });
});

describe('redirects', () => {
  /** Leads to where the path says. */
  const redirecting = (status: number): Promise<string> =>
    listen(
      createServer((request, response) =>
        response.writeHead(status, { location: decodeURIComponent(request.url!.slice(1)) }).end(),
      ),
    );

  it.each([301, 302, 303, 307, 308])('are followed without what is secret (%i)', async (status) => {
    const from = await redirecting(status);
    const headers = { authorization: 'Bearer secret', Cookie: 'secret', 'x-kept': 'yes' };
    const response = await http().get(`${from}/${encodeURIComponent(`${hub.bucketUrl}/a.txt`)}`, { headers });
    expect([response.url, await textOfBody(response.body)]).toEqual([`${hub.bucketUrl}/a.txt`, 'abcdef']);
    expect(JSON.stringify(hub.requests)).not.toContain('secret');
    expect(hub.requests[0]?.headers['x-kept']).toBe('yes');
  });

  it('do not bring the secret back on the way to the first host', async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url === '/last') response.end('x');
      else
        response
          .writeHead(302, {
            location: request.url === '/first' ? '/second' : `${other}/${encodeURIComponent(`${own}/last`)}`,
          })
          .end();
    });
    const own = await listen(server);
    const other = await redirecting(302);
    await http().get(`${own}/first`, { headers: { authorization: 'Bearer secret' } });
    expect(seen).toEqual(['Bearer secret', 'Bearer secret', undefined]);
  });

  it.each([
    ['on and on', '/round', 'leads on more than 10 times'],
    ['to no address', 'http://[', 'leads to no address'],
    ['to a file', 'file:///etc/passwd', 'leads to no web address'],
  ])('%s are refused', async (_, location, message) => {
    const url = await listen(createServer((__, response) => response.writeHead(302, { location }).end()));
    expect((await failureOf(http().get(url))).message).toBe(`${new URL(url).host}: the server ${message}`);
  });

  it('to another host are the answer where the caller asks for it', async () => {
    const from = await redirecting(302);
    const response = await http().head(`${from}/${encodeURIComponent(`${hub.bucketUrl}/a.txt`)}`, {
      follow: 'own',
    });
    expect([response.status, response.headers.get('location')]).toEqual([302, `${hub.bucketUrl}/a.txt`]);
    expect(hub.requests).toEqual([]);
  });
});

describe('a proxy', () => {
  it('is asked for the whole address, and told who asks', async () => {
    const seen: unknown[] = [];
    const proxy = await listen(
      createServer((request, response) => {
        seen.push([request.url, request.headers['proxy-authorization'], request.headers.host]);
        nodeRequest(request.url!, { headers: request.headers }, (answer) => {
          response.writeHead(answer.statusCode!, answer.headers);
          answer.pipe(response);
        }).end();
      }),
    );
    const address = proxy.replace('//', '//me:pass%20word@');
    for (const isBulk of [false, true]) {
      const { body } = await http({ http_proxy: address }).get(`${hub.bucketUrl}/a.txt`, { isBulk });
      expect(await textOfBody(body)).toBe('abcdef');
    }
    const authorization = `Basic ${Buffer.from('me:pass word').toString('base64')}`;
    expect(seen[0]).toEqual([`${hub.bucketUrl}/a.txt`, authorization, new URL(hub.bucketUrl).host]);
    expect(seen.length).toBe(2);
    expect(hub.requests[0]?.headers['proxy-authorization']).toBe(authorization);
  });

  it.each([
    ['p%c3%a9:50%25', 'pé:50%'],
    ['me:50%', 'me:50%'],
    ['m%ze:%4', 'm%ze:%4'],
    [':word', ':word'],
    ['me', 'me:'],
  ])('gets %s as Python would send it', (user, sent) => {
    const authorization = `Basic ${Buffer.from(sent).toString('base64')}`;
    expect(proxyHeaders(new URL(`http://${user}@p:1`))).toEqual({ 'proxy-authorization': authorization });
    expect(proxyHeaders(new URL('http://p:1'))).toEqual({});
  });

  it('that does not let a connection through is said with its own name', async () => {
    const server = createServer();
    server.on('connect', (_, socket) => socket.end('HTTP/1.1 407 No\r\n\r\n'));
    const proxy = await listen(server);
    const error = await failureOf(http({ HTTPS_PROXY: proxy }).get('https://example.invalid/x'));
    expect(error.message).toBe(`${new URL(proxy).host}: the proxy refuses (HTTP 407)`);
    expect(error.hint).toBe('give its user and password in HTTPS_PROXY');
  });

  it('that is not there is named, without its password', async () => {
    const error = await failureOf(
      http({ ALL_PROXY: 'http://me:word@127.0.0.1:1' }).get('https://example.invalid/x'),
    );
    expect(error.message).toBe('127.0.0.1:1 (the proxy): no connection (ECONNREFUSED)');
  });

  const HTTPS = { HTTPS_PROXY: 'http://p:1' };
  it.each<[string, Record<string, string>, boolean]>([
    ['https://huggingface.co/x', HTTPS, true],
    ['http://huggingface.co/x', HTTPS, false],
    ['http://huggingface.co/x', { HTTP_PROXY: 'p:1' }, true],
    ['http://huggingface.co/x', { all_proxy: 'http://p:1' }, true],
    ['https://huggingface.co/x', { ...HTTPS, NO_PROXY: '*' }, false],
    ['https://huggingface.co/x', { ...HTTPS, no_proxy: 'example.com, huggingface.co' }, false],
    ['https://cdn.huggingface.co/x', { ...HTTPS, NO_PROXY: 'huggingface.co' }, false],
    ['https://cdn.huggingface.co/x', { ...HTTPS, NO_PROXY: '.huggingface.co' }, false],
    ['https://cdn.huggingface.co/x', { ...HTTPS, NO_PROXY: '*.huggingface.co' }, false],
    ['https://nothuggingface.co/x', { ...HTTPS, NO_PROXY: 'huggingface.co' }, true],
    ['https://huggingface.co/x', { ...HTTPS, NO_PROXY: 'huggingface.co:443' }, false],
    ['https://huggingface.co:8443/x', { ...HTTPS, NO_PROXY: 'huggingface.co:443' }, true],
    ['https://[::1]/x', { ...HTTPS, NO_PROXY: '::1' }, false],
    ['https://huggingface.co/x', { ...HTTPS, NO_PROXY: '' }, true],
    ['https://huggingface.co/x', { HTTPS_PROXY: '' }, false],
  ])('for %s with %j: %s', (url, env, isUsed) => {
    expect(proxyFor(new URL(url), env)?.host).toBe(isUsed ? 'p:1' : undefined);
  });

  it('of another kind is refused', () => {
    expect(() => proxyFor(new URL('https://x'), { HTTPS_PROXY: 'socks5://p:1' })).toThrow(
      'is no proxy of http or https',
    );
  });
});
