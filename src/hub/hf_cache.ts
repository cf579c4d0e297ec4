/**
 * @file Finds files in the local Hugging Face cache, read-only and without network. Layout as `huggingface_hub` documents it ("Understand
 * caching"): `models--ORG--NAME/refs/BRANCH` holds a commit, `snapshots/COMMIT/PATH` links to a blob. What is not there, `hf_download.ts` fetches.
 */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import { type Env, hfHubCacheDir } from './cache_dirs.ts';

export interface HfFileRequest {
  /** `google/gemma-scope-2b-pt-res`; older ones have no organisation: `gpt2`. */
  readonly repoId: string;
  /** Of a file or a folder inside the repository, with forward slashes. */
  readonly path: string;
  /** A branch, tag or commit; `main` where left out. Only with `main` do other snapshots count. */
  readonly revision?: string | undefined;
}

export interface HfCachedFile {
  /** On this machine: the link in the snapshot, not the blob, so that files beside it are found. */
  readonly path: string;
  /** The snapshot's root. */
  readonly snapshot: string;
  readonly commit: string;
}

/** The folder of a repository in the cache: `models--google--gemma-scope-2b-pt-res`. */
export function hfRepoFolder(env: Env, repoId: string): string {
  return join(hfHubCacheDir(env), hfFolderName(repoId));
}

/** The same without what it lies in; its locks lie in a folder of the same name. */
export function hfFolderName(repoId: string): string {
  return `models--${repoId.split('/').join('--')}`;
}

/** The repository that a cache folder's name stands for, or undefined. */
export function repoIdOfFolder(name: string): string | undefined {
  const match = /^models--(.+)$/.exec(name);
  return match?.[1]?.replace('--', '/');
}

export interface HfPlace {
  readonly repoId: string;
  readonly commit: string;
  /** Inside the repository; empty for the snapshot itself. */
  readonly path: string;
}

/** Where a file or folder of this machine was published, by the folders that it lies in; undefined outside a cache's snapshots. */
export function hfPlaceOf(path: string): HfPlace | undefined {
  const parts = path.split(sep);
  const at = parts.findLastIndex(
    (part, i) => part === 'snapshots' && repoIdOfFolder(parts[i - 1] ?? '') !== undefined,
  );
  const repoId = at < 0 ? undefined : repoIdOfFolder(parts[at - 1] ?? '');
  const commit = parts[at + 1];
  if (repoId === undefined || commit === undefined || !/^[0-9a-f]{7,64}$/.test(commit)) return undefined;
  return { repoId, commit, path: parts.slice(at + 2).join('/') };
}

/**
 * The commit that `refs/REVISION` names, else (for `main`) the newest other snapshot that has the file.
 * @returns undefined where the cache does not hold it; a dangling link counts as not held
 * @throws {AntipodeError} `usage` for a repository name or path that would leave its folder
 */
export async function findInHfCache(env: Env, request: HfFileRequest): Promise<HfCachedFile | undefined> {
  checkHfRequest(request);
  const { repoId, path, revision = 'main' } = request;
  const repo = hfRepoFolder(env, repoId);
  const commits = [(await readRef(join(repo, 'refs', revision))) ?? revision];
  if (revision === 'main') commits.push(...(await snapshotsByAge(repo)));
  for (const commit of commits) {
    const snapshot = join(repo, 'snapshots', commit);
    const file = join(snapshot, path);
    if ((await modifiedAt(file)) !== undefined) return { path: file, snapshot, commit };
  }
  return undefined;
}

/** @throws {AntipodeError} `usage` for a repository name, revision or path that would leave its folder; the empty path is the whole repository */
export function checkHfRequest({ repoId, path, revision = 'main' }: HfFileRequest): void {
  const shown = shownName(path === '' ? repoId : `${repoId}/${path}`);
  if (!isRepoId(repoId) || (path !== '' && !isInsideFolder(path))) {
    throw new AntipodeError('usage', `${shown}: not a file of a Hugging Face repository`);
  }
  if (!isInsideFolder(revision)) {
    throw new AntipodeError('usage', `${shown}: ${shownName(revision)} is no branch, tag or commit`);
  }
}

/** `org/name`, or a name alone. The hub allows no `--`, by which folders of the cache tell the two apart. */
export function isRepoId(text: string): boolean {
  return /^\w[\w.-]*(?:\/\w[\w.-]*)?$/.test(text) && !text.includes('--');
}

/** A path with `/` that stays below the folder that it is put behind, on every system: no `..`, no `.`, nothing absolute, no control characters. */
export function isInsideFolder(path: string): boolean {
  const parts = path.split('/');
  return (
    !/[\\\p{Cc}]/u.test(path) &&
    !/^[A-Za-z]:/.test(path) &&
    parts.every((part) => !['', '.', '..'].includes(part))
  );
}

async function readRef(path: string): Promise<string | undefined> {
  try {
    const commit = (await readFile(path, 'utf8')).trim();
    return /^[0-9a-f]{7,64}$/.test(commit) ? commit : undefined;
  } catch {
    return undefined;
  }
}

/** Newest first; equal times by name, so that the choice does not depend on the folder's order. */
async function snapshotsByAge(repo: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(join(repo, 'snapshots'));
  } catch {
    return [];
  }
  const dated = await Promise.all(
    names.map(async (name) => ({ name, time: (await modifiedAt(join(repo, 'snapshots', name))) ?? 0 })),
  );
  return dated.sort((a, b) => b.time - a.time || (a.name < b.name ? -1 : 1)).map(({ name }) => name);
}

/** Follows links; undefined where there is nothing to read. */
async function modifiedAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return undefined;
  }
}
