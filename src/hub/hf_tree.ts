/** @file What lies in a folder of a Hugging Face repository, page by page ("GET /api/models/…/tree"). Nothing that is listed is believed to be a name for a file here. */

import type { AntipodeError } from '../errors.ts';
import type { Env } from './cache_dirs.ts';
import { checkHfRequest, type HfFileRequest, isInsideFolder } from './hf_cache.ts';
import { hfEndpoint } from './hf_env.ts';
import { hfRefusal } from './hf_refusal.ts';
import { type AskOptions, hfFileFacts, hfHeaders, shownFile } from './hf_request.ts';
import { textOf } from './http_text.ts';
import { NetworkFailure } from './network_failure.ts';

export interface HfRemoteFile {
  /** Inside the repository. */
  readonly path: string;
  readonly byteLength: number;
  /** Of large files. */
  readonly sha256: string | undefined;
}

/** A thousand entries of some hundred bytes. */
const MAX_PAGE_BYTES = 2 ** 24;

/** The largest SAE repositories have some thousand files; a listing without end would be asked for without end. */
const MAX_PAGES = 200;

/**
 * All files below a folder, by path; of a file, itself. The empty path is the whole repository.
 * @throws {AntipodeError} `missing` for what is not there, `network` as `hfFileFacts` and for listings that name anything outside; `usage`, `interrupted`
 */
export async function listHfFolder(
  env: Env,
  request: HfFileRequest,
  options: AskOptions,
): Promise<HfRemoteFile[]> {
  checkHfRequest(request);
  const { repoId, path, revision = 'main' } = request;
  const headers = await hfHeaders(env);
  const below = path === '' ? '' : `/${path.split('/').map(encodeURIComponent).join('/')}`;
  const first = `${hfEndpoint(env)}/api/models/${repoId}/tree/${encodeURIComponent(revision)}${below}?recursive=true`;
  const files = new Map<string, HfRemoteFile>();
  let url: string | undefined = first;
  for (let page = 0; url !== undefined; page++) {
    if (page === MAX_PAGES) throw badListing(request, `has more than ${MAX_PAGES} pages`);
    const response = await options.http.get(url, { headers, signal: options.signal });
    if (response.status === 404 && page === 0 && path !== '') {
      response.discard();
      return [await fileItself(env, request, options)];
    }
    if (response.status !== 200) {
      response.discard();
      throw hfRefusal(request, response, headers['authorization'] !== undefined);
    }
    for (const file of filesIn(await textOf(response, MAX_PAGE_BYTES), request)) files.set(file.path, file);
    url = nextPage(response.headers.get('link'), first, request);
  }
  return [...files.values()].sort((left, right) => (left.path < right.path ? -1 : 1));
}

async function fileItself(env: Env, request: HfFileRequest, options: AskOptions): Promise<HfRemoteFile> {
  const { byteLength, sha256 } = await hfFileFacts(env, request, options);
  if (byteLength === undefined) throw badListing(request, 'does not say how large the file is');
  return { path: request.path, byteLength, sha256 };
}

function filesIn(text: string, request: HfFileRequest): HfRemoteFile[] {
  const entries = parsed(text);
  if (!Array.isArray(entries)) throw badListing(request, 'is no list');
  return entries.flatMap((entry: unknown) => fileOf(entry, request) ?? []);
}

function fileOf(entry: unknown, request: HfFileRequest): HfRemoteFile | undefined {
  const { type, path, size, lfs } = recordOf(entry);
  if (type === 'directory') return undefined;
  const prefix = request.path === '' ? '' : `${request.path}/`;
  const isFile = type === 'file' && typeof path === 'string' && isSize(size);
  if (!isFile) throw badListing(request, 'has an entry that is no file and no folder');
  if (!isInsideFolder(path) || !path.startsWith(prefix))
    throw badListing(request, 'names a file outside of it');
  const { oid, size: largeSize } = recordOf(lfs);
  return {
    path,
    // Beside a large file's own size, some hubs give that of its pointer.
    byteLength: isSize(largeSize) ? largeSize : size,
    sha256: typeof oid === 'string' && /^[0-9a-f]{64}$/.test(oid) ? oid : undefined,
  };
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** On the hub itself: the token goes along. */
function nextPage(link: string | null, first: string, request: HfFileRequest): string | undefined {
  const next = /<([^<>]+)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  if (next === undefined) return undefined;
  const url = URL.canParse(next, first) ? new URL(next, first) : undefined;
  if (url?.origin !== new URL(first).origin) throw badListing(request, 'goes on at another host');
  return url.href;
}

function badListing(request: HfFileRequest, problem: string): AntipodeError {
  return new NetworkFailure(`${shownFile(request)}: the listing of its files ${problem}`, {
    hint: 'check HF_ENDPOINT, and the proxy where there is one',
  });
}
