import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** Made by `make_certificate.sh` beside it. */
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/hub/${name}`, import.meta.url));
const DIST = new URL('../../dist/hub/', import.meta.url).href;
const BODY = Buffer.alloc(600_000, 'abc');

/** Certificates are trusted by what the environment said when a process began. */
const PROGRAM = `
  const { createHttp } = await import('${DIST}http.js');
  const [url, isBulk] = process.argv.slice(1);
  try {
    const response = await createHttp(process.env, { retries: 0 }).get(url, { isBulk: isBulk === 'true' });
    let length = 0;
    for await (const piece of response.body) length += piece.byteLength;
    process.stdout.write(response.status + ' ' + length);
  } catch (error) {
    process.stdout.write(error.kind + ': ' + error.message + ' | ' + error.hint);
  }
`;

let secure: { readonly url: string; close(): void };
let asked: string[];
let proxy: { readonly url: string; close(): void };

beforeEach(async () => {
  asked = [];
  const keys = { key: readFileSync(fixture('localhost.key')), cert: readFileSync(fixture('localhost.crt')) };
  const server = createSecureServer(keys, (request, response) => {
    if (request.url === '/down') response.writeHead(302, { location: 'http://127.0.0.1:1/x' }).end();
    else response.writeHead(200, { 'content-length': String(BODY.byteLength) }).end(BODY);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  secure = { url: `https://localhost:${port}`, close: () => server.close() };
  const tunnels = createServer();
  tunnels.on('connect', (request, socket) => {
    asked.push(`${request.method} ${request.url}`);
    const through = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      through.pipe(socket).pipe(through);
    });
    for (const end of [socket, through]) end.on('error', () => {});
  });
  await new Promise<void>((resolve) => tunnels.listen(0, '127.0.0.1', resolve));
  proxy = {
    url: `http://127.0.0.1:${(tunnels.address() as AddressInfo).port}`,
    close: () => tunnels.close(),
  };
});
afterEach(() => {
  secure.close();
  proxy.close();
});

function fetchIn(env: Readonly<Record<string, string>>, path: string, isBulk = false): Promise<string> {
  const words = ['--input-type=module', '-e', PROGRAM, '--', new URL(path, secure.url).href, String(isBulk)];
  const child = spawn(process.execPath, words, { env: { PATH: process.env['PATH'] ?? '', ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += String(text);
    });
  }
  return new Promise((resolve) => child.on('close', () => resolve(output)));
}

const TRUST = { NODE_EXTRA_CA_CERTS: fixture('localhost.crt') };

describe('an encrypted connection', () => {
  it.each([false, true])('brings the body (bulk: %s)', async (isBulk) => {
    expect(await fetchIn(TRUST, '/x', isBulk)).toBe('200 600000');
    expect(asked).toEqual([]);
  });

  it.each([false, true])('goes through a tunnel of the proxy (bulk: %s)', async (isBulk) => {
    expect(await fetchIn({ ...TRUST, HTTPS_PROXY: proxy.url }, '/x', isBulk)).toBe('200 600000');
    expect(asked).toEqual([`CONNECT ${new URL(secure.url).host}`]);
  });

  it.each([false, true])(
    'is one with an address as with a name, and no word about it (bulk: %s)',
    async (isBulk) => {
      const address = `${secure.url.replace('localhost', '127.0.0.1')}/x`;
      for (const env of [TRUST, { ...TRUST, HTTPS_PROXY: proxy.url }]) {
        expect(await fetchIn(env, address, isBulk)).toBe('200 600000');
      }
    },
  );

  it('passes the proxy by where NO_PROXY says so', async () => {
    expect(await fetchIn({ ...TRUST, HTTPS_PROXY: proxy.url, NO_PROXY: 'localhost' }, '/x')).toBe(
      '200 600000',
    );
    expect(asked).toEqual([]);
  });

  it('is not made with whom nobody vouches for, and says how somebody could', async () => {
    for (const env of [{}, { HTTPS_PROXY: proxy.url }] as const) {
      const output = await fetchIn(env, '/x', true);
      expect(output).toContain('its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)');
      expect(output).toContain('NODE_EXTRA_CA_CERTS');
    }
  });

  it('is not given up for one that everybody can read', async () => {
    expect(await fetchIn(TRUST, '/down')).toContain('the server leads to 127.0.0.1:1 without encryption');
  });
});
