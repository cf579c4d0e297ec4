/**
 * @file What the environment says about the Hugging Face hub, as Python's `huggingface_hub` reads it ("Environment variables"): where the hub is, with which
 * token, and whether to ask it at all. Leaves out tokens by OIDC, their renewal, and Colab's vault.
 */

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { AntipodeError, systemErrorCode } from '../errors.ts';
import { type Env, expandPath, hfHomeDir } from './cache_dirs.ts';

const DEFAULT_ENDPOINT = 'https://huggingface.co';

/** Tokens have some dozen characters; whatever is longer than this is another file. */
const MAX_TOKEN_BYTES = 2 ** 14;

/** Python's waits, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** Longer ones are no time limit any more, and timers hold 31 bits of milliseconds. */
const LONGEST_TIMEOUT_S = 24 * 3600;

/** `1`, `ON`, `YES` and `TRUE` in any case; anything else, nothing included, is false. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && ['1', 'ON', 'YES', 'TRUE'].includes(value.toUpperCase());
}

/** `HF_HUB_OFFLINE`, or where that is empty `TRANSFORMERS_OFFLINE`: no network for data at all. */
export function isOffline(env: Env): boolean {
  return isTrue(env['HF_HUB_OFFLINE'] || env['TRANSFORMERS_OFFLINE']);
}

/** `HF_HUB_DISABLE_PROGRESS_BARS`. */
export function areProgressBarsDisabled(env: Env): boolean {
  return isTrue(env['HF_HUB_DISABLE_PROGRESS_BARS']);
}

/** `HF_ENDPOINT`, as `serverAddress`. */
export function hfEndpoint(env: Env): string {
  return serverAddress(env, 'HF_ENDPOINT', DEFAULT_ENDPOINT);
}

/**
 * What the variable says, else `otherwise`; without slashes at its end.
 * @throws {AntipodeError} `usage` for what is no address of http or https, or has a password, which would be shown
 */
export function serverAddress(env: Env, name: string, otherwise: string): string {
  const set = env[name]?.trim().replace(/\/+$/, '') || otherwise;
  const address = URL.canParse(set) ? new URL(set) : undefined;
  const isPlain = address && `${address.username}${address.password}${address.search}${address.hash}` === '';
  if (isPlain && ['http:', 'https:'].includes(address.protocol)) return set;
  throw new AntipodeError('usage', `${name}: is no address of a server`, {
    hint: `write it as ${otherwise}, or unset it`,
  });
}

/** `HF_TOKEN_PATH`, else `token` in the folder of `HF_HOME`. */
export function hfTokenPath(env: Env): string {
  const set = env['HF_TOKEN_PATH'];
  return set ? expandPath(set, env) : join(hfHomeDir(env), 'token');
}

/**
 * `HF_TOKEN`, its older name `HUGGING_FACE_HUB_TOKEN`, or the token file; none with `HF_HUB_DISABLE_IMPLICIT_TOKEN`, because no command takes one in words.
 * @throws {AntipodeError} `resource` where the file is there and cannot be read, `usage` for a token that no header can hold
 */
export async function hfToken(env: Env): Promise<string | undefined> {
  if (isTrue(env['HF_HUB_DISABLE_IMPLICIT_TOKEN'])) return undefined;
  const token = clean(env['HF_TOKEN'] || env['HUGGING_FACE_HUB_TOKEN']) ?? clean(await tokenInFile(env));
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new AntipodeError('usage', 'HF_TOKEN: holds characters that no token has', {
      hint: 'copy it again from https://huggingface.co/settings/tokens, or run `hf auth login`',
    });
  }
  return token;
}

async function tokenInFile(env: Env): Promise<string | undefined> {
  const path = hfTokenPath(env);
  try {
    return await smallText(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new AntipodeError('resource', `${path}: the token cannot be read`, {
      hint: 'make it a readable file, or set HF_TOKEN',
      cause: error,
    });
  }
}

/** Never waits, as a pipe without a writer would; `/dev/null` is an empty text. */
async function smallText(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if ((await handle.stat()).isFIFO()) throw new Error('a pipe gives its bytes once only');
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(MAX_TOKEN_BYTES + 1),
      0,
      MAX_TOKEN_BYTES + 1,
      0,
    );
    if (bytesRead > MAX_TOKEN_BYTES) throw new Error(`longer than ${MAX_TOKEN_BYTES} bytes`);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function clean(token: string | undefined): string | undefined {
  return token?.replace(/[\r\n]/g, '').trim() || undefined;
}

/** Of one answer's headers: `HF_HUB_ETAG_TIMEOUT` in seconds; milliseconds, ten seconds where it is not set. */
export function headersTimeoutMs(env: Env): number {
  return timeoutMs(env, 'HF_HUB_ETAG_TIMEOUT');
}

/** Of a body that falls silent: `HF_HUB_DOWNLOAD_TIMEOUT`, as above. */
export function silenceTimeoutMs(env: Env): number {
  return timeoutMs(env, 'HF_HUB_DOWNLOAD_TIMEOUT');
}

function timeoutMs(env: Env, name: string): number {
  const set = env[name]?.trim() || '0';
  if (!/^\d+$/.test(set) || Number(set) > LONGEST_TIMEOUT_S) {
    throw new AntipodeError('usage', `${name}: is no number of seconds up to ${LONGEST_TIMEOUT_S}`);
  }
  return Number(set) * 1000 || DEFAULT_TIMEOUT_MS;
}
