/**
 * @file The only opener of sockets for data: GET and HEAD with redirects that never carry a token to another host, proxies, time limits, and waits for servers
 * that are busy. Reads the environment as Python's `huggingface_hub` does; in offline mode every request is refused.
 */

import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import type { Env } from './cache_dirs.ts';
import { headersTimeoutMs, isOffline, silenceTimeoutMs } from './hf_env.ts';
import { type Answer, exchange, type TimeLimits } from './http_exchange.ts';
import { NetworkFailure, shownUrl } from './network_failure.ts';
import { proxyFor } from './proxy.ts';
import { type Passing, retryAfterOf, type Waits, withRetries } from './retry.ts';

/** Bytes `[start, end)`; to the end of the file where `end` is left out. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number | undefined;
}

export interface HttpRequest {
  /** `authorization` and `cookie` stay with the first address's scheme, host and port. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly range?: ByteRange | undefined;
  /** `own`: a redirect to another host is the answer; default: it is followed. */
  readonly follow?: 'all' | 'own' | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For large files: a connection of its own, and pieces of the body that are given back by `release`. Default false. */
  readonly isBulk?: boolean | undefined;
}

export interface HttpResponse extends Answer {
  /** Behind all redirects that were followed. */
  readonly url: string;
}

export interface Http {
  /** For what goes wrong behind the headers, which is the caller's to try again. */
  readonly waits: Waits;
  /**
   * Whatever the status is; 408, 429 and 5xx were tried again before.
   * @throws {AntipodeError} `network`: nobody there, silence, no trust, offline mode; `usage` for what is no address; `interrupted`
   */
  get(url: string, request?: HttpRequest): Promise<HttpResponse>;
  /** The same without a body. */
  head(url: string, request?: HttpRequest): Promise<HttpResponse>;
}

export interface HttpOptions {
  /** After the first attempt; default 4. */
  readonly retries?: number;
  /** Before the first retry, doubled for each further one; default one second. */
  readonly firstWaitMs?: number;
  /** Default: from the environment. */
  readonly limits?: TimeLimits;
  /** Before each wait, with the reason as a clause. */
  readonly onWait?: ((reason: string, waitMs: number) => void) | undefined;
}

const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

export function createHttp(env: Env, options: HttpOptions = {}): Http {
  const { retries = 4, firstWaitMs = 1000, onWait } = options;
  const waits = { retries, firstWaitMs };
  const ask = async (method: 'GET' | 'HEAD', url: string, request: HttpRequest): Promise<HttpResponse> => {
    refuseOffline(env, url);
    const limits = options.limits ?? { headersMs: headersTimeoutMs(env), silenceMs: silenceTimeoutMs(env) };
    const attempt = async (): Promise<HttpResponse> => {
      const response = await followed({ env, method, request, limits }, checkedUrl(url));
      if (PASSING_STATUSES.has(response.status)) throw new BusyAnswer(response);
      return response;
    };
    try {
      return await withRetries(attempt, {
        ...waits,
        signal: request.signal,
        passing,
        onWait: (failure, waitMs) => onWait?.(failure.reason, waitMs),
      });
    } catch (error) {
      if (error instanceof BusyAnswer) return error.response;
      throw error;
    }
  };
  return {
    waits,
    get: (url, request = {}) => ask('GET', url, request),
    head: (url, request = {}) => ask('HEAD', url, request),
  };
}

/** Thrown in place of an answer that may be better next time, and given back when it is not. */
class BusyAnswer extends Error {
  readonly response: HttpResponse;

  constructor(response: HttpResponse) {
    super(`HTTP ${response.status}`);
    this.response = response;
  }
}

function passing(error: unknown): (Passing & { readonly reason: string }) | undefined {
  if (error instanceof BusyAnswer) {
    const { response } = error;
    const retryAfterMs = retryAfterOf(response.headers);
    // Its status and headers are all that anybody reads of it.
    response.discard();
    return { retryAfterMs, reason: `${new URL(response.url).host}: HTTP ${response.status}` };
  }
  if (error instanceof NetworkFailure && error.isPassing && !error.isAbsent) return { reason: error.message };
  return undefined;
}

function refuseOffline(env: Env, url: string): void {
  if (!isOffline(env)) return;
  throw new AntipodeError(
    'network',
    `${shownUrl(url)}: offline mode is on (HF_HUB_OFFLINE), nothing is fetched`,
    {
      hint: 'unset HF_HUB_OFFLINE and run the same command again',
    },
  );
}

function checkedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && ['http:', 'https:'].includes(url.protocol)) return url;
  throw new AntipodeError('usage', `${shownUrl(text)}: is no address of http or https`);
}

interface Walk {
  readonly env: Env;
  readonly method: 'GET' | 'HEAD';
  readonly request: HttpRequest;
  readonly limits: TimeLimits;
}

async function followed({ env, method, request, limits }: Walk, first: URL): Promise<HttpResponse> {
  const { signal, follow = 'all', isBulk = false } = request;
  let url = first;
  // What led away once chooses where it leads back to: nothing secret goes along any more.
  let isOwn = true;
  for (let steps = 0; steps <= MAX_REDIRECTS; steps++) {
    throwIfInterrupted(signal);
    isOwn &&= isSameSite(first, url);
    const headers = headersFor(request, isOwn);
    const answer = await exchange({
      method,
      url,
      headers,
      proxy: proxyFor(url, env),
      limits,
      signal,
      isBulk,
    });
    const next = REDIRECTS.has(answer.status) ? locationOf(answer, url) : undefined;
    if (!next || (follow === 'own' && !isSameSite(first, next))) return { ...answer, url: url.href };
    answer.discard();
    if (url.protocol === 'https:' && next.protocol === 'http:') {
      throw redirectFailure(url, `leads to ${next.host} without encryption`);
    }
    url = next;
  }
  throw redirectFailure(first, `leads on more than ${MAX_REDIRECTS} times`);
}

function locationOf(answer: Answer, from: URL): URL | undefined {
  const location = answer.headers.get('location');
  if (location === null) return undefined;
  if (!URL.canParse(location, from.href)) throw redirectFailure(from, 'leads to no address');
  const next = new URL(location, from);
  if (!['http:', 'https:'].includes(next.protocol)) throw redirectFailure(from, 'leads to no web address');
  return next;
}

function redirectFailure(from: URL, problem: string): NetworkFailure {
  return new NetworkFailure(`${from.host}: the server ${problem}`, {
    hint: 'check HF_ENDPOINT, and the proxy where there is one',
  });
}

/** The same scheme, host and port, or the same host with encryption now. */
function isSameSite(first: URL, next: URL): boolean {
  const isRaised = first.protocol === 'http:' && next.protocol === 'https:' && !first.port && !next.port;
  return first.origin === next.origin || (isRaised && first.hostname === next.hostname);
}

function headersFor({ headers = {}, range }: HttpRequest, isOwn: boolean): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) => isOwn || !['authorization', 'cookie'].includes(name.toLowerCase()),
  );
  return {
    'user-agent': 'antipode',
    accept: '*/*',
    // Sizes and hashes are those of the file itself.
    'accept-encoding': 'identity',
    ...Object.fromEntries(kept),
    ...(range ? { range: `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}` } : {}),
  };
}
