/**
 * @file A file at any address of the web, kept in antipode's own cache under a name made of the address. What is there is not asked for again. Addresses with a
 * password or a query are refused: they hold secrets, and would stand in manifests.
 */

import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { ensureFolder } from '../formats/atomic.ts';
import { withLock } from '../formats/lock.ts';
import { antipodeCacheDir, type Env } from './cache_dirs.ts';
import { downloadFile } from './download_file.ts';
import type { Http } from './http.ts';
import { shownUrl } from './network_failure.ts';
import { strongEtag } from './transfer.ts';

export interface FetchWebFileOptions {
  readonly http: Http;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  readonly onWait?: (() => void) | undefined;
}

/** Gigabytes over a thin line, by another process. */
const LONGEST_FETCH_MS = 12 * 3600 * 1000;

/** @throws {AntipodeError} `usage` for an address that names no file, or holds a secret */
export function webFilePath(env: Env, url: string): string {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  const name = address?.pathname.split('/').at(-1) ?? '';
  const refuse = (problem: string): never => {
    throw new AntipodeError('usage', `${shownUrl(url)}: ${problem}`, {
      hint: 'download the file and give its path',
    });
  };
  if (!address || !['http:', 'https:'].includes(address.protocol)) return refuse('is no address of the web');
  if (address.username !== '' || address.password !== '' || address.search !== '') {
    return refuse('holds a password or a query, which may be a secret');
  }
  if (!/^\w[\w.+-]{0,120}$/.test(name)) return refuse('does not end in the name of a file');
  const tag = createHash('sha256').update(address.href).digest('hex').slice(0, 16);
  return join(antipodeCacheDir(env), 'downloads', 'web', tag, name);
}

/** Its path; undefined where it is not here. @throws {AntipodeError} as `webFilePath` */
export async function findWebFile(env: Env, url: string): Promise<string | undefined> {
  const path = webFilePath(env, url);
  return stat(path).then(
    () => path,
    () => undefined,
  );
}

/** @returns its path. @throws {AntipodeError} as `webFilePath` and `downloadFile` */
export async function fetchWebFile(env: Env, url: string, options: FetchWebFileOptions): Promise<string> {
  const path = webFilePath(env, url);
  const { http, onProgress, onWait, signal } = options;
  await ensureFolder(dirname(path));
  const work = async (): Promise<void> => {
    if ((await findWebFile(env, url)) !== undefined) return;
    const etag = await tagOf(url, http, signal);
    await downloadFile(http, { url, to: path, shown: shownUrl(url), etag, signal, onProgress });
  };
  await withLock(join(dirname(path), `.${basename(path)}.lock`), work, {
    signal,
    onWait,
    maxWaitMs: LONGEST_FETCH_MS,
  });
  return path;
}

/** By which a later run knows that it goes on with the same bytes. */
async function tagOf(url: string, http: Http, signal: AbortSignal | undefined): Promise<string | undefined> {
  const response = await http.head(url, { signal });
  response.discard();
  return response.status === 200 ? strongEtag(response.headers) : undefined;
}
