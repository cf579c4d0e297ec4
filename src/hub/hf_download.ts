/**
 * @file A file of a Hugging Face repository into the local cache, in the layout that Python's `huggingface_hub` reads and writes ("Understand caching"): the
 * content in `blobs/ETAG`, a relative link to it in `snapshots/COMMIT/PATH`, the commit of a branch in `refs/BRANCH`; in this order, so that whoever reads
 * meanwhile sees all of it or nothing.
 */

import { copyFile, readFile, realpath, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { AntipodeError, systemErrorCode } from '../errors.ts';
import { ensureFolder, writeFailure } from '../formats/atomic.ts';
import { makeFolder, nearestFolder } from '../formats/make_folder.ts';
import { keepingTidy, temporaryName } from '../formats/temporaries.ts';
import { type Env, hfHubCacheDir } from './cache_dirs.ts';
import { downloadFile } from './download_file.ts';
import { type HfCachedFile, type HfFileRequest, hfRepoFolder } from './hf_cache.ts';
import { isTrue } from './hf_env.ts';
import { withHfLock } from './hf_lock.ts';
import { hfRefusal } from './hf_refusal.ts';
import { type AskOptions, type HfFileFacts, hfFileFacts, hfHeaders, shownFile } from './hf_request.ts';

export interface HfDownloadOptions extends AskOptions {
  /** Bytes so far, those of earlier runs included, and of how many. Not called for what is here already. */
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  /** Once, where another process is at the same file. */
  readonly onWait?: (() => void) | undefined;
}

/**
 * Asks the hub which commit the revision is now; what the cache has of that commit is not fetched again.
 * @throws {AntipodeError} `missing` and `network` as `hfFileFacts` and `downloadFile`; `resource` for a full disk or a cache that takes no files; `usage`,
 * `interrupted`
 */
export async function downloadHfFile(
  env: Env,
  request: HfFileRequest,
  options: HfDownloadOptions,
): Promise<HfCachedFile> {
  const facts = await hfFileFacts(env, request, options);
  const place = placeOf(env, request, facts);
  if (!(await isThere(place.pointer))) {
    await prepare(env, place);
    const blob = { repoId: request.repoId, etag: facts.etag };
    const { signal, onWait } = options;
    const work = async (): Promise<void> => {
      // Somebody else may have brought it meanwhile.
      const isNew = !(await isThere(place.blob));
      if (isNew) await fetchBlob(env, { request, facts, place }, options);
      await local(place.pointer, link(env, place, isNew));
    };
    await withHfLock(env, blob, work, { signal, onWait });
  }
  await keepRef(place, request.revision ?? 'main', facts.commit);
  return { path: place.pointer, snapshot: place.snapshot, commit: facts.commit };
}

interface Place {
  readonly repo: string;
  readonly blob: string;
  readonly snapshot: string;
  /** What the caller gets: the link, beside which the other files of the snapshot lie. */
  readonly pointer: string;
}

function placeOf(env: Env, { repoId, path }: HfFileRequest, { etag, commit }: HfFileFacts): Place {
  const repo = hfRepoFolder(env, repoId);
  const snapshot = join(repo, 'snapshots', commit);
  return { repo, blob: join(repo, 'blobs', etag), snapshot, pointer: join(snapshot, path) };
}

async function prepare(env: Env, { blob, snapshot, pointer }: Place): Promise<void> {
  await ensureFolder(dirname(blob));
  await ensureFolder(snapshot);
  // A link in the place of a folder would lead out of the cache.
  const { at } = await local(pointer, nearestFolder(dirname(pointer)));
  if ((await realpath(at)) !== join(await realpath(snapshot), relative(snapshot, at))) {
    throw new AntipodeError('resource', `${at}: is a link that leads out of the cache`, {
      hint: 'remove that link and run the same command again',
    });
  }
  await ensureFolder(dirname(pointer));
  const tag = join(hfHubCacheDir(env), 'CACHEDIR.TAG');
  // Programs that make backups leave such folders out (bford.info/cachedir).
  const text =
    'Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache: what is in it can be fetched again.\n';
  await writeFile(tag, text, { flag: 'wx' }).catch(() => {});
}

interface Wanted {
  readonly request: HfFileRequest;
  readonly facts: HfFileFacts;
  readonly place: Place;
}

async function fetchBlob(
  env: Env,
  { request, facts, place }: Wanted,
  options: HfDownloadOptions,
): Promise<void> {
  const headers = await hfHeaders(env);
  const { signal, onProgress } = options;
  await downloadFile(options.http, {
    url: facts.url,
    to: place.blob,
    shown: shownFile(request),
    headers,
    expectedSize: facts.byteLength,
    sha256: facts.sha256,
    etag: `"${facts.etag}"`,
    signal,
    onProgress,
    refusal: (response) => hfRefusal(request, response, headers['authorization'] !== undefined),
  });
}

/** File systems that have no links (or rights to make them) get the file itself there, as Python does it. */
async function link(env: Env, place: Place, isNew: boolean): Promise<void> {
  const { blob, pointer } = place;
  if (await isThere(pointer)) return;
  if (isTrue(env['HF_HUB_DISABLE_SYMLINKS'])) return putFile(place, isNew);
  const target = relative(dirname(pointer), blob);
  // Made beside the blob and moved: no reader of the snapshot ever sees a temporary name.
  const temporary = join(dirname(blob), temporaryName());
  try {
    await keepingTidy(temporary, async () => {
      await symlink(target, temporary);
      await rename(temporary, pointer);
    });
  } catch (error) {
    const isRefused = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(systemErrorCode(error) ?? '');
    if (!isRefused) throw error;
    await putFile(place, isNew);
  }
}

/** A blob that was there before is copied: links of other snapshots may lead to it. */
async function putFile({ blob, pointer }: Place, isNew: boolean): Promise<void> {
  if (isNew) return rename(blob, pointer);
  const temporary = join(dirname(blob), temporaryName());
  await keepingTidy(temporary, async () => {
    await copyFile(blob, temporary);
    await rename(temporary, pointer);
  });
}

/** A cache that takes no files anymore still serves those that it has: then the branch stays as it was. */
async function keepRef({ repo, blob }: Place, revision: string, commit: string): Promise<void> {
  if (revision === commit) return;
  const path = join(repo, 'refs', revision);
  const known = await readFile(path, 'utf8').catch(() => undefined);
  if (known === commit) return;
  const temporary = join(dirname(blob), temporaryName());
  try {
    await makeFolder(dirname(path));
    await keepingTidy(temporary, async () => {
      await writeFile(temporary, commit);
      await rename(temporary, path);
    });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(systemErrorCode(error) ?? '')) throw writeFailure(path, error);
  }
}

/** Follows links; a dangling one is nothing. */
async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function local<T>(shown: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw writeFailure(shown, error);
  }
}
