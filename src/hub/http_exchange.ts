/**
 * @file One request and its answer, with a limit on each silence: until the connection stands, until the headers come, and between two pieces of the body.
 * Leaves out redirects and retries (`http.ts`), and packed bodies: bytes come as they were sent.
 */

import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type BodySource, bodyOf, messageSource } from './body.ts';
import { type BulkConnection, openBulkConnection, tlsName } from './bulk_connection.ts';
import { CHECK_NETWORK, connectionFailure, NetworkFailure, silenceFailure } from './network_failure.ts';
import { openTunnel, proxyHeaders } from './proxy.ts';

export interface TimeLimits {
  /** Until the connection stands, and as long again until the headers are there. */
  readonly headersMs: number;
  /** Between two pieces of the body; time in which nobody asks for the next piece does not count. */
  readonly silenceMs: number;
}

export interface Exchange {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly proxy: URL | undefined;
  readonly limits: TimeLimits;
  readonly signal: AbortSignal | undefined;
  /** A connection of its own, and a body whose pieces go back by `release`. */
  readonly isBulk: boolean;
}

/** Names in any case; several of one name are joined by commas. */
export type AnswerHeaders = Pick<Headers, 'get' | 'has'>;

export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Once only; `discard` where it is not read to its end. Throws `NetworkFailure`, and `interrupted`. */
  readonly body: AsyncIterable<Uint8Array>;
  /** For pieces of a bulk body: their memory is read into again. Without it they stay valid, and cost memory. */
  release(piece: Uint8Array): void;
  discard(): void;
}

/** @throws {NetworkFailure}; {AntipodeError} `interrupted` */
export async function exchange(request: Exchange): Promise<Answer> {
  const { url, proxy, signal } = request;
  const host = proxy ? `${proxy.host} (the proxy)` : url.host;
  const { silenceMs } = request.limits;
  try {
    const { message, source } = await answerTo(await sent(request), host, request.limits);
    return {
      status: message.statusCode ?? 0,
      headers: headersOf(message),
      body: bodyOf(source, { host, silenceMs, signal }),
      release: (piece) => source.release(piece),
      discard: () => source.destroy(),
    };
  } catch (error) {
    throw connectionFailure(error, { host, signal });
  }
}

interface Sent {
  readonly request: ClientRequest;
  readonly bulk?: BulkConnection;
}

async function sent({ method, url, headers, proxy, limits, signal, isBulk }: Exchange): Promise<Sent> {
  const common = { method, headers, ...(signal ? { signal } : {}) };
  if (proxy && url.protocol === 'https:') {
    const socket = await openTunnel(url, proxy, { timeoutMs: limits.headersMs, signal });
    const createConnection = (): Socket => connectTls({ socket, ...tlsName(url) });
    return { request: requestHttps(url, { ...common, createConnection }).end() };
  }
  const viaProxy = { path: url.href, headers: { host: url.host, ...headers, ...proxyHeaders(proxy) } };
  const [target, options] = proxy ? [new URL(proxy.origin), { ...common, ...viaProxy }] : [url, common];
  const start = target.protocol === 'https:' ? requestHttps : requestHttp;
  if (!isBulk) return { request: start(target, options).end() };
  const bulk = openBulkConnection(target);
  return { request: start(target, { ...options, createConnection: () => bulk.socket }).end(), bulk };
}

interface Received {
  readonly message: IncomingMessage;
  readonly source: BodySource;
}

function answerTo({ request, bulk }: Sent, host: string, { headersMs }: TimeLimits): Promise<Received> {
  return new Promise((resolve, reject) => {
    const limit = (what: string) =>
      setTimeout(() => request.destroy(silenceFailure(host, what, headersMs)), headersMs);
    let timer = limit('no connection');
    // A connection that is used again stands already.
    request.on('socket', (socket) => {
      const connected = (): void => {
        clearTimeout(timer);
        timer = limit('no answer');
      };
      if (socket.connecting) socket.once('connect', connected);
      else connected();
    });
    // Stays for errors behind the headers: the body says those.
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    // Nobody asked for another protocol; without this, neither an answer nor an error would be said.
    request.on('upgrade', (_, socket) => {
      clearTimeout(timer);
      socket.destroy();
      reject(new NetworkFailure(`${host}: the server answers in another protocol`, { hint: CHECK_NETWORK }));
    });
    request.on('response', (message) => {
      clearTimeout(timer);
      resolve({ message, source: bulk?.take(message) ?? messageSource(message) });
    });
  });
}

/** Not the class `Headers`: to load it takes as long as a request. */
function headersOf({ headers }: IncomingMessage): AnswerHeaders {
  const get = (name: string): string | null => {
    const value = headers[name.toLowerCase()];
    return (Array.isArray(value) ? value.join(', ') : value) ?? null;
  };
  return { get, has: (name) => get(name) !== null };
}
