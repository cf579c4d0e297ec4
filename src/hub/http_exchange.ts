/**
 * @file One request and its answer, with a limit on each silence: until the connection stands, until the headers come, and between two pieces of the body.
 * Leaves out redirects and retries (`http.ts`), and packed bodies: bytes come as they were sent.
 */

import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { connectionFailure, silenceFailure } from './network_failure.ts';
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
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Once only; `discard` where it is not read to its end. Throws `NetworkFailure`, and `interrupted`. */
  readonly body: AsyncIterable<Uint8Array>;
  discard(): void;
}

/** @throws {NetworkFailure}; {AntipodeError} `interrupted` */
export async function exchange(request: Exchange): Promise<Answer> {
  const { url, proxy, signal } = request;
  const host = proxy ? `${proxy.host} (the proxy)` : url.host;
  try {
    const message = await answerTo(await sent(request), host, request.limits);
    return {
      status: message.statusCode ?? 0,
      headers: headersOf(message),
      body: bodyOf(message, { host, silenceMs: request.limits.silenceMs, signal }),
      discard: () => message.destroy(),
    };
  } catch (error) {
    throw connectionFailure(error, { host, signal });
  }
}

async function sent({ method, url, headers, proxy, limits, signal }: Exchange): Promise<ClientRequest> {
  const common = { method, headers, ...(signal ? { signal } : {}) };
  if (!proxy) return (url.protocol === 'https:' ? requestHttps : requestHttp)(url, common).end();
  if (url.protocol === 'https:') {
    const socket = await openTunnel(url, proxy, { timeoutMs: limits.headersMs, signal });
    const createConnection = () => connectTls({ socket, servername: url.hostname });
    return requestHttps(url, { ...common, agent: false, createConnection }).end();
  }
  const toProxy = {
    ...common,
    path: url.href,
    headers: { host: url.host, ...headers, ...proxyHeaders(proxy) },
  };
  return (proxy.protocol === 'https:' ? requestHttps : requestHttp)(new URL(proxy.origin), toProxy).end();
}

function answerTo(request: ClientRequest, host: string, { headersMs }: TimeLimits): Promise<IncomingMessage> {
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
    request.on('response', (message) => {
      clearTimeout(timer);
      resolve(message);
    });
  });
}

function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < message.rawHeaders.length; i += 2) {
    headers.append(message.rawHeaders[i]!, message.rawHeaders[i + 1]!);
  }
  return headers;
}

interface BodyContext {
  readonly host: string;
  readonly silenceMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Pieces that came and that nobody took yet: beyond so many bytes the server has to wait. */
const MAX_QUEUED_BYTES = 2 ** 18;

/** Every byte that came is given out before a failure is said: a download goes on behind the last of them. */
function bodyOf(
  message: IncomingMessage,
  { host, silenceMs, signal }: BodyContext,
): AsyncIterable<Uint8Array> {
  const queue: Uint8Array[] = [];
  let queued = 0;
  let end: { readonly error?: unknown } | undefined;
  let wake = (): void => {};
  const finish = (error?: unknown): void => {
    end ??= error === undefined ? {} : { error };
    wake();
  };
  // Nobody reads yet: a connection that breaks before that would take with it what came.
  message.on('data', (piece: Uint8Array) => {
    queue.push(piece);
    queued += piece.byteLength;
    if (queued >= MAX_QUEUED_BYTES) message.pause();
    wake();
  });
  message.on('error', finish);
  message.on('end', () => finish());
  message.on('close', () => finish(message.complete ? undefined : new Error('the body is not complete')));
  const more = async (): Promise<void> => {
    const timer = setTimeout(
      () => message.destroy(silenceFailure(host, 'nothing more came', silenceMs)),
      silenceMs,
    );
    await new Promise<void>((resolve) => {
      wake = resolve;
      message.resume();
    });
    clearTimeout(timer);
  };
  return (async function* () {
    try {
      for (;;) {
        const piece = queue.shift();
        if (piece) {
          queued -= piece.byteLength;
          yield piece;
        } else if (!end) await more();
        else if ('error' in end) throw end.error;
        else return;
      }
    } catch (error) {
      throw connectionFailure(error, { host, signal });
    } finally {
      message.destroy();
    }
  })();
}
