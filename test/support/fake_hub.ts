/**
 * @file A hub on this machine: `/resolve/` with the headers of Hugging Face, a second host that large files are redirected to, the tree listing, and a bucket
 * that lists and serves objects as S3 does; with a fault for each request where a test wants one.
 */

import { createHash, randomBytes } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubFile {
  readonly bytes: Uint8Array;
  /** Large files lie on the second host, under their SHA-256; default false. */
  readonly isLarge?: boolean;
}

export interface HubRepo {
  readonly files: Readonly<Record<string, HubFile | Uint8Array | string>>;
  /** Default: made from the files. */
  readonly commit?: string;
  /** Branches and tags besides `main`, to their commits, which all have the same files. */
  readonly refs?: Readonly<Record<string, string>>;
  /** Only who has this token and accepted the licence gets files. */
  readonly gate?: { readonly token: string; readonly accepted: boolean };
  /** Not found without this token. */
  readonly privateTo?: string;
  /** Where its files are now, as the hub leads on from names of old. */
  readonly movedTo?: string;
}

export interface SeenRequest {
  readonly host: 'hub' | 'cdn' | 'bucket';
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** What goes wrong with one request; several at once may. */
export interface Fault {
  /** An answer of this status without a body. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection ends behind so many bytes of the body; 0: behind the headers. */
  readonly cutAfter?: number;
  /** Nothing more comes behind so many bytes; -1: not even headers. */
  readonly hangAfter?: number;
  /** Wait between pieces of 64 kB, in milliseconds. */
  readonly slowMs?: number;
  /** So many more bytes than are announced (in chunks), or fewer where negative. */
  readonly extraBytes?: number;
  /** What is announced as its length. */
  readonly announcedBytes?: number;
  /** Each byte is another one. */
  readonly wrongBytes?: boolean;
  /** The whole file, whatever was asked for. */
  readonly ignoresRange?: boolean;
}

export interface FakeHub {
  /** For `HF_ENDPOINT`. */
  readonly url: string;
  readonly cdnUrl: string;
  readonly bucketUrl: string;
  readonly requests: SeenRequest[];
  addRepo(repoId: string, repo: HubRepo): { readonly commit: string };
  /** @param key without a slash at its beginning */
  addObject(key: string, bytes: Uint8Array | string, lastModified?: string): void;
  /** @param prefix of the keys */
  removeObjects(prefix: string): void;
  /** Asked for each request; undefined: all goes well. */
  fault: (request: SeenRequest, index: number) => Fault | undefined;
  close(): Promise<void>;
}

interface StoredRepo extends HubRepo {
  readonly commit: string;
}

interface StoredObject {
  readonly bytes: Uint8Array;
  readonly lastModified: string;
}

export async function startFakeHub(): Promise<FakeHub> {
  const repos = new Map<string, StoredRepo>();
  const objects = new Map<string, StoredObject>();
  const requests: SeenRequest[] = [];
  const servers: Server[] = [];
  const start = (
    host: SeenRequest['host'],
    serve: (request: IncomingMessage, response: ServerResponse, fault: Fault) => void,
  ): Promise<string> =>
    new Promise((resolve) => {
      const server = createServer((request, response) => {
        const { method = '', url = '', headers } = request;
        const seen = { host, method, path: url, headers };
        const fault = hub.fault(seen, requests.push(seen) - 1) ?? {};
        response.on('error', () => {});
        if (fault.hangAfter === -1) return;
        if (fault.status !== undefined) {
          response.writeHead(fault.status, fault.headers ?? {}).end();
          return;
        }
        serve(request, response, fault);
      });
      servers.push(server);
      server.listen(0, '127.0.0.1', () => {
        // Another name, too: some programs take every port of a host for the host itself.
        const name = host === 'cdn' ? 'localhost' : '127.0.0.1';
        resolve(`http://${name}:${(server.address() as AddressInfo).port}`);
      });
    });
  const cdnUrl = await start('cdn', (request, response, fault) =>
    serveLarge(repos, { request, response, fault }),
  );
  const url = await start('hub', (request, response, fault) =>
    serveHub(repos, { request, response, fault, cdnUrl }),
  );
  const bucketUrl = await start('bucket', (request, response, fault) =>
    serveBucket(objects, { request, response, fault }),
  );
  const hub: FakeHub = {
    url,
    cdnUrl,
    bucketUrl,
    requests,
    fault: () => undefined,
    addRepo(repoId, repo) {
      const commit = repo.commit ?? sha1(Buffer.from(repoId + JSON.stringify(Object.keys(repo.files))));
      repos.set(repoId, { ...repo, commit });
      return { commit };
    },
    addObject(key, bytes, lastModified = 'Wed, 05 Mar 2025 10:00:00 GMT') {
      objects.set(key, { bytes: Buffer.from(bytes), lastModified });
    },
    removeObjects(prefix) {
      for (const key of [...objects.keys()]) if (key.startsWith(prefix)) objects.delete(key);
    },
    close: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
  return hub;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly fault: Fault;
}

function serveHub(
  repos: ReadonlyMap<string, StoredRepo>,
  exchange: Exchange & { readonly cdnUrl: string },
): void {
  const { request, response } = exchange;
  const { pathname } = new URL(request.url ?? '', 'http://hub');
  const tree = /^\/api\/models\/((?:[^/]+\/)?[^/]+)\/tree\/([^/]+)(?:\/(.*))?$/.exec(pathname);
  const file = /^\/((?:[^/]+\/)?[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname);
  const [, repoId = '', revision = '', path = ''] = tree ?? file ?? [];
  const repo = repos.get(repoId);
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (!repo || (repo.privateTo !== undefined && token !== repo.privateTo)) {
    // As the hub does: whoever is nobody is not told what there is.
    refuse(response, token === undefined ? 401 : 404, 'RepoNotFound', 'Repository not found');
    return;
  }
  if (repo.movedTo !== undefined) {
    response.writeHead(307, { location: (request.url ?? '').replace(repoId, repo.movedTo) }).end();
    return;
  }
  const commit = commitOf(repo, decodeURIComponent(revision));
  if (commit === undefined) {
    refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
    return;
  }
  if (tree) {
    serveTree(repo, { request, response, folder: decodeURIComponent(path) });
    return;
  }
  const found = fileOf(repo, decodeURIComponent(path));
  if (!found) {
    refuse(response, 404, 'EntryNotFound', 'Entry not found', { 'x-repo-commit': commit });
    return;
  }
  if (repo.gate && (token !== repo.gate.token || !repo.gate.accepted)) {
    const status = token === repo.gate.token ? 403 : 401;
    refuse(response, status, 'GatedRepo', `Access to model ${repoId} is restricted.`);
    return;
  }
  serveFile(found, { ...exchange, commit });
}

interface FileExchange extends Exchange {
  readonly cdnUrl: string;
  readonly commit: string;
}

function serveFile(file: HubFile, { request, response, fault, cdnUrl, commit }: FileExchange): void {
  if (!file.isLarge) {
    const headers = { etag: `"${blobSha1(file.bytes)}"`, 'x-repo-commit': commit, ...fault.headers };
    serveBytes(file.bytes, { request, response, fault }, headers);
    return;
  }
  const oid = sha256(file.bytes);
  response.writeHead(302, {
    location: `${cdnUrl}/repos/${oid}?X-Amz-Signature=${randomBytes(8).toString('hex')}`,
    'x-repo-commit': commit,
    'x-linked-etag': `"${oid}"`,
    'x-linked-size': String(file.bytes.byteLength),
    etag: '"of-the-redirect"',
    ...fault.headers,
  });
  response.end();
}

function serveLarge(repos: ReadonlyMap<string, StoredRepo>, exchange: Exchange): void {
  const oid = /^\/repos\/([0-9a-f]{64})/.exec(exchange.request.url ?? '')?.[1];
  const file = [...repos.values()]
    .flatMap((repo) => Object.keys(repo.files).map((path) => fileOf(repo, path)!))
    .find(({ bytes, isLarge }) => isLarge && sha256(bytes) === oid);
  if (!file) {
    refuse(exchange.response, 403, 'AccessDenied', 'Access Denied');
    return;
  }
  serveBytes(file.bytes, exchange, { etag: `"${md5(file.bytes)}"` });
}

interface TreeExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly folder: string;
}

/** Entries of one page. */
const TREE_PAGE = 3;

function serveTree(repo: StoredRepo, { request, response, folder }: TreeExchange): void {
  const prefix = folder === '' ? '' : `${folder}/`;
  const entries = Object.keys(repo.files)
    .filter((path) => path.startsWith(prefix))
    .sort()
    .map((path) => {
      const { bytes, isLarge } = fileOf(repo, path)!;
      const lfs = isLarge ? { lfs: { oid: sha256(bytes), size: bytes.byteLength, pointerSize: 134 } } : {};
      return { type: 'file', oid: blobSha1(bytes), size: bytes.byteLength, path, ...lfs };
    });
  if (entries.length === 0) {
    refuse(response, 404, 'EntryNotFound', `${folder} does not exist`);
    return;
  }
  const url = new URL(request.url ?? '', `http://${request.headers.host}`);
  const at = Number(url.searchParams.get('cursor') ?? '0');
  url.searchParams.set('cursor', String(at + TREE_PAGE));
  const isLast = at + TREE_PAGE >= entries.length;
  sendText(response, JSON.stringify(entries.slice(at, at + TREE_PAGE)), {
    'content-type': 'application/json',
    ...(isLast ? {} : { link: `<${url.href}>; rel="next"` }),
  });
}

function serveBucket(objects: ReadonlyMap<string, StoredObject>, exchange: Exchange): void {
  const { request, response } = exchange;
  const url = new URL(request.url ?? '', 'http://bucket');
  if (url.searchParams.get('list-type') === '2') {
    listBucket(objects, { url, response });
    return;
  }
  const object = objects.get(decodeURIComponent(url.pathname.slice(1)));
  if (!object) {
    response.writeHead(404, { 'content-type': 'application/xml' });
    response.end('<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>');
    return;
  }
  serveBytes(object.bytes, exchange, {
    etag: `"${md5(object.bytes)}"`,
    'last-modified': object.lastModified,
  });
}

interface Listing {
  readonly url: URL;
  readonly response: ServerResponse;
}

/** ListObjectsV2, three keys a page unless fewer are asked for. */
function listBucket(objects: ReadonlyMap<string, StoredObject>, { url, response }: Listing): void {
  const prefix = url.searchParams.get('prefix') ?? '';
  const after = url.searchParams.get('continuation-token') ?? url.searchParams.get('start-after') ?? '';
  const most = Math.min(3, Number(url.searchParams.get('max-keys') ?? '3'));
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
  const page = keys.slice(0, most);
  const isTruncated = keys.length > page.length;
  const contents = page.map((key) => {
    const { bytes, lastModified } = objects.get(key)!;
    const date = new Date(lastModified).toISOString();
    return `<Contents><Key>${escapeXml(key)}</Key><LastModified>${date}</LastModified><ETag>&quot;${md5(bytes)}&quot;</ETag><Size>${bytes.byteLength}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
  });
  const next = isTruncated ? `<NextContinuationToken>${escapeXml(page.at(-1)!)}</NextContinuationToken>` : '';
  sendText(
    response,
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>${escapeXml(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${most}</MaxKeys><IsTruncated>${isTruncated}</IsTruncated>${contents.join('')}${next}</ListBucketResult>`,
    { 'content-type': 'application/xml' },
  );
}

/** A body with ranges, If-Range, and whatever the fault does to it. */
function serveBytes(bytes: Uint8Array, exchange: Exchange, headers: Readonly<Record<string, string>>): void {
  const { request, response, fault } = exchange;
  const range = fault.ignoresRange ? undefined : rangeOf(request, headers['etag']);
  const start = range?.start ?? 0;
  const end = Math.min(range?.end ?? bytes.byteLength, bytes.byteLength);
  if (range && start >= bytes.byteLength) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.byteLength}` }).end();
    return;
  }
  const part = withFault(bytes.subarray(start, end), fault);
  const isChunked = fault.extraBytes !== undefined;
  response.writeHead(range ? 206 : 200, {
    'accept-ranges': 'bytes',
    ...(isChunked ? {} : { 'content-length': String(fault.announcedBytes ?? part.byteLength) }),
    ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${bytes.byteLength}` } : {}),
    ...headers,
  });
  if (request.method === 'HEAD') response.end();
  else void sendBody(response, part, fault);
}

function withFault(bytes: Uint8Array, { wrongBytes, extraBytes = 0 }: Fault): Uint8Array {
  const changed = wrongBytes ? bytes.map((byte) => byte ^ 1) : bytes;
  return extraBytes <= 0
    ? changed.subarray(0, changed.byteLength + extraBytes)
    : Buffer.concat([changed, new Uint8Array(extraBytes)]);
}

const PIECE_BYTES = 65_536;

async function sendBody(response: ServerResponse, bytes: Uint8Array, fault: Fault): Promise<void> {
  const stop = fault.cutAfter ?? fault.hangAfter ?? Number.POSITIVE_INFINITY;
  const end = Math.min(bytes.byteLength, stop);
  if (end === 0) response.flushHeaders();
  for (let at = 0; at < end && !response.destroyed; at += PIECE_BYTES) {
    const isTaken = response.write(bytes.subarray(at, Math.min(at + PIECE_BYTES, end)));
    if (!isTaken) await drained(response);
    if (fault.slowMs !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.slowMs));
  }
  if (stop >= bytes.byteLength) response.end();
  // What was written is on its way before the connection goes.
  else if (fault.cutAfter !== undefined) setImmediate(() => response.socket?.end());
}

/** Or gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

function rangeOf(
  request: IncomingMessage,
  etag: string | undefined,
): { readonly start: number; readonly end: number | undefined } | undefined {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const condition = request.headers['if-range'];
  if (first === undefined || (condition !== undefined && condition !== etag)) return undefined;
  return { start: Number(first), end: last === '' ? undefined : Number(last) + 1 };
}

function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...headers, 'x-error-code': code, 'x-error-message': message });
  response.end();
}

function sendText(response: ServerResponse, text: string, headers: Readonly<Record<string, string>>): void {
  response.writeHead(200, { 'content-length': String(Buffer.byteLength(text)), ...headers });
  response.end(text);
}

function commitOf(repo: StoredRepo, revision: string): string | undefined {
  const commits = { main: repo.commit, ...repo.refs };
  return Object.entries(commits).find(([name, commit]) => name === revision || commit === revision)?.[1];
}

function fileOf(repo: HubRepo, path: string): HubFile | undefined {
  const file = Object.hasOwn(repo.files, path) ? repo.files[path] : undefined;
  if (file === undefined) return undefined;
  if (typeof file === 'string') return { bytes: Buffer.from(file) };
  return file instanceof Uint8Array ? { bytes: file } : file;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function sha1(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** As git names a file. */
export function blobSha1(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.byteLength}\0`).update(bytes).digest('hex');
}
