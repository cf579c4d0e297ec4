/** @file What the Hugging Face cache holds of a folder of a repository, without network: the tree of one snapshot. */

import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { AntipodeError } from '../errors.ts';
import type { Env } from './cache_dirs.ts';
import { sizeIfThere } from './cache_store.ts';
import type { HubFile } from './fetch_wanted.ts';
import { findInHfCache, type HfFileRequest } from './hf_cache.ts';
import { shownFile } from './hf_request.ts';

/**
 * Files below a folder, itself included, by path; links that lead nowhere are left out.
 * @throws {AntipodeError} `missing` where nothing of it is here; `usage` as `checkHfRequest`
 */
export async function listInHfCache(env: Env, request: HfFileRequest): Promise<HubFile[]> {
  const found = await findInHfCache(env, request);
  const files: HubFile[] = [];
  for (const path of found ? await pathsBelow(found.path) : []) {
    const byteLength = await sizeIfThere(path);
    if (byteLength === undefined) continue;
    files.push({ path: relative(found!.snapshot, path).split(sep).join('/'), byteLength });
  }
  if (files.length > 0) return files.sort((left, right) => (left.path < right.path ? -1 : 1));
  throw new AntipodeError(
    'missing',
    `${shownFile(request)}: is not in the Hugging Face cache of this machine`,
  );
}

/** A folder's files and links to files; of a file, itself. */
async function pathsBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (!entries) return [path];
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}
