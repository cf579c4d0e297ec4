/** @file Files of the Hugging Face hub over the network, for rooms that know what is wanted and not how it comes (`fetch_wanted.ts`). */

import { basename } from 'node:path';
import type { Env } from './cache_dirs.ts';
import type { HubFiles } from './fetch_wanted.ts';
import { findInHfCache } from './hf_cache.ts';
import { downloadHfFile } from './hf_download.ts';
import { hfRefusal } from './hf_refusal.ts';
import { hfFileFacts, hfHeaders, shownFile } from './hf_request.ts';
import { listHfFolder } from './hf_tree.ts';
import type { Http } from './http.ts';
import { shownUrl } from './network_failure.ts';
import { openRemoteSource } from './remote_source.ts';
import { fetchWebFile, webFilePath } from './web_file.ts';

export interface HubFilesOptions {
  readonly env: Env;
  readonly http: Http;
  readonly signal?: AbortSignal | undefined;
  /** Bytes so far of one file, and of how many; not called for what is here already. @param shown `ORG/NAME/params.npz` */
  readonly onProgress?: ((shown: string, done: number, total: number | undefined) => void) | undefined;
  /** Another process is fetching the same file. */
  readonly onWait?: ((shown: string) => void) | undefined;
}

export function createHubFiles({ env, http, onProgress, onWait, signal }: HubFilesOptions): HubFiles {
  return {
    async look(request) {
      const { byteLength, commit } = await hfFileFacts(env, request, { http, signal });
      const cached = await findInHfCache(env, { ...request, revision: commit });
      return { commit, byteLength, isHere: cached !== undefined };
    },
    fetch: (request) =>
      downloadHfFile(env, request, {
        http,
        signal,
        onProgress: (done, total) => onProgress?.(shownFile(request), done, total),
        onWait: () => onWait?.(shownFile(request)),
      }),
    list: (request) => listHfFolder(env, request, { http, signal }),
    async openRanges(request) {
      const { url } = await hfFileFacts(env, request, { http, signal });
      const headers = await hfHeaders(env);
      const hasToken = headers['authorization'] !== undefined;
      return openRemoteSource({
        http,
        url,
        name: request.path.split('/').at(-1) ?? request.path,
        headers,
        signal,
        refusal: (response) => hfRefusal(request, response, hasToken),
      });
    },
    fetchUrl: (url) =>
      fetchWebFile(env, url, {
        http,
        signal,
        onProgress: (done, total) => onProgress?.(shownUrl(url), done, total),
        onWait: () => onWait?.(shownUrl(url)),
      }),
    // The token is the hub's, and of no concern to others.
    openUrl: (url) => openRemoteSource({ http, url, name: basename(webFilePath(env, url)), signal }),
  };
}
