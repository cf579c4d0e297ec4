/**
 * @file How a file of a Hugging Face repository is asked for: its address, who asks, and what the hub says about it before a byte comes ("HEAD /resolve/").
 * What comes back names files on this disk, so it is checked letter by letter.
 */

import { AntipodeError } from '../errors.ts';
import type { Env } from './cache_dirs.ts';
import { checkHfRequest, type HfFileRequest } from './hf_cache.ts';
import { hfEndpoint, hfToken } from './hf_env.ts';
import { hfRefusal } from './hf_refusal.ts';
import type { Http, HttpResponse } from './http.ts';
import { NetworkFailure } from './network_failure.ts';

export interface HfFileFacts {
  /** Forty hexadecimal digits, whatever revision was asked for. */
  readonly commit: string;
  /** Names the content, and the blob in the cache. */
  readonly etag: string;
  /** Of large files. */
  readonly sha256: string | undefined;
  readonly byteLength: number | undefined;
  /** Of this commit; the hub leads on from there. */
  readonly url: string;
}

export interface AskOptions {
  readonly http: Http;
  readonly signal?: AbortSignal | undefined;
}

/** `…/resolve/REVISION/PATH`. @throws {AntipodeError} `usage` as `checkHfRequest` and `hfEndpoint` */
export function resolveUrl(env: Env, request: HfFileRequest): string {
  checkHfRequest(request);
  const { repoId, path, revision = 'main' } = request;
  if (path === '') throw new AntipodeError('usage', `${repoId}: is a repository, expected a file of it`);
  const name = path.split('/').map(encodeURIComponent).join('/');
  return `${hfEndpoint(env)}/${repoId}/resolve/${encodeURIComponent(revision)}/${name}`;
}

/** With the token, where there is one; `http` keeps it on the hub's own host. */
export async function hfHeaders(env: Env): Promise<Record<string, string>> {
  const token = await hfToken(env);
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/**
 * @throws {AntipodeError} `missing` for what is not there, `network` for gated repositories, refused tokens and answers that no hub gives; `usage`, `interrupted`
 */
export async function hfFileFacts(
  env: Env,
  request: HfFileRequest,
  { http, signal }: AskOptions,
): Promise<HfFileFacts> {
  const url = resolveUrl(env, request);
  const headers = await hfHeaders(env);
  const ask = (follow: 'own' | 'all'): Promise<HttpResponse> => http.head(url, { headers, follow, signal });
  // Storage behind the hub does not know the commit: the hub itself says it, with the redirect.
  let response = await ask('own');
  // A mirror may lead to the hub.
  if (response.status >= 300 && response.status < 400 && !response.headers.has('x-repo-commit')) {
    response = await ask('all');
  }
  if (response.status >= 400) throw hfRefusal(request, response, headers['authorization'] !== undefined);
  return factsOf(env, request, response);
}

function factsOf(env: Env, request: HfFileRequest, { headers, status }: HttpResponse): HfFileFacts {
  const shown = shownFile(request);
  const commit = headers.get('x-repo-commit') ?? '';
  const linked = plainEtag(headers.get('x-linked-etag'));
  const etag = linked ?? plainEtag(headers.get('etag')) ?? '';
  if (!/^[0-9a-f]{40}$/.test(commit)) throw noHub(shown, 'no commit');
  if (!isBlobName(etag)) throw noHub(shown, 'no name of its content');
  // The length of a redirect is that of the redirect.
  const length = headers.get('x-linked-size') ?? (status === 200 ? headers.get('content-length') : null);
  return {
    commit,
    etag,
    sha256: linked !== undefined && /^[0-9a-f]{64}$/.test(linked) ? linked : undefined,
    byteLength: length !== null && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    url: resolveUrl(env, { ...request, revision: commit }),
  };
}

/** `ORG/NAME/PATH`, for messages. */
export function shownFile({ repoId, path }: HfFileRequest): string {
  return path === '' ? repoId : `${repoId}/${path}`;
}

/** Without quotes, and without the mark of a weak one. */
function plainEtag(text: string | null): string | undefined {
  return text?.trim().replace(/^W\//, '').replace(/^"|"$/g, '') || undefined;
}

/** It becomes a file's name: no dots at its beginning, nothing that leads elsewhere, no ending that means something. */
function isBlobName(etag: string): boolean {
  return /^\w[\w.-]{0,127}$/.test(etag) && !/\.(incomplete|lock|tmp)$/.test(etag);
}

function noHub(shown: string, problem: string): AntipodeError {
  return new NetworkFailure(
    `${shown}: the server is no hub that can be used, it says ${problem} of the file`,
    {
      hint: 'check HF_ENDPOINT, and the proxy where there is one',
    },
  );
}
