/**
 * @file Which proxy a request goes through: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, small letters first, as curl and Python read them; and
 * the tunnel of a secure connection (RFC 9110, CONNECT). Leaves out SOCKS and proxies that a script chooses.
 */

import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { AntipodeError } from '../errors.ts';
import type { Env } from './cache_dirs.ts';
import { NetworkFailure } from './network_failure.ts';

/** @throws {AntipodeError} `usage` for a proxy that is no address of http or https */
export function proxyFor(url: URL, env: Env): URL | undefined {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const set = setting(env, name) || setting(env, 'all_proxy');
  if (!set || isExempt(url, setting(env, 'no_proxy') ?? '')) return undefined;
  const address = set.includes('://') ? set : `http://${set}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy && ['http:', 'https:'].includes(proxy.protocol)) return proxy;
  throw new AntipodeError('usage', `${name.toUpperCase()}: is no proxy of http or https`, {
    hint: 'write it as http://proxy.example:3128, or unset it',
  });
}

function setting(env: Env, name: string): string | undefined {
  return (env[name] || env[name.toUpperCase()])?.trim();
}

/** `*`, names with what ends in them, addresses; each with a port or without. */
function isExempt(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list.split(/[\s,]+/).some((entry) => {
    // Several colons are an address of version 6, which has its port behind brackets only.
    const [, name = '', wanted] = /^\[(.*)\](?::(\d+))?$/.exec(entry) ??
      /^([^:]*):(\d+)$/.exec(entry) ?? [entry, entry];
    const domain = name.toLowerCase().replace(/^\*?\./, '');
    if (domain === '' || (wanted !== undefined && wanted !== port)) return false;
    return domain === '*' || host === domain || host.endsWith(`.${domain}`);
  });
}

/** `Proxy-Authorization`, where the proxy's address names a user. */
export function proxyHeaders(proxy: URL | undefined): Record<string, string> {
  if (!proxy || `${proxy.username}${proxy.password}` === '') return {};
  const user = `${unescaped(proxy.username)}:${unescaped(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` };
}

/** A percent sign that begins no escape stands for itself, as in Python. */
function unescaped(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

export interface TunnelOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A connection to `url`'s host through the proxy, on which nothing was sent yet.
 * @throws {NetworkFailure} where the proxy refuses; errors of the system as they are
 */
export function openTunnel(url: URL, proxy: URL, { timeoutMs, signal }: TunnelOptions): Promise<Socket> {
  const target = `${url.hostname}:${url.port || '443'}`;
  const request = proxy.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const asked = request({
      method: 'CONNECT',
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      path: target,
      headers: { host: target, ...proxyHeaders(proxy) },
      agent: false,
      timeout: timeoutMs,
      ...(signal ? { signal } : {}),
    });
    asked.on('connect', (response, socket: Socket) => {
      socket.setTimeout(0);
      if (response.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(refusal(proxy, response.statusCode ?? 0));
    });
    asked.on('response', (response) => {
      response.destroy();
      reject(refusal(proxy, response.statusCode ?? 0));
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error('no tunnel'), { code: 'ETIMEDOUT' })));
    asked.on('error', reject);
    asked.end();
  });
}

function refusal(proxy: URL, status: number): NetworkFailure {
  return new NetworkFailure(`${proxy.host}: the proxy refuses (HTTP ${status})`, {
    hint:
      status === 407
        ? 'give its user and password in HTTPS_PROXY'
        : 'check HTTPS_PROXY, or name this host in NO_PROXY',
    isPassing: status >= 500,
  });
}
