/**
 * @file What lies in antipode's own cache folder: generated dictionaries and imported feature stores, one entry per folder at the second level.
 * Removing an entry is always safe: whatever needs it makes or imports it again.
 */

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AntipodeError, systemErrorCode } from '../errors.ts';
import { antipodeCacheDir, type Env } from './cache_dirs.ts';

export interface CacheEntry {
  /** `kind/name`, which `cache rm` takes. */
  readonly id: string;
  readonly path: string;
  readonly files: number;
  readonly byteLength: number;
}

/** All entries, by id. An absent cache is an empty list. */
export async function listCache(env: Env): Promise<CacheEntry[]> {
  const root = antipodeCacheDir(env);
  const entries: CacheEntry[] = [];
  for (const kind of await folders(root)) {
    for (const name of await folders(join(root, kind))) {
      const path = join(root, kind, name);
      entries.push({ id: `${kind}/${name}`, path, ...(await measure(path)) });
    }
  }
  return entries;
}

/** @throws {AntipodeError} `missing` for an unknown id, which also keeps ids with `..` from reaching outside */
export async function findCacheEntry(env: Env, id: string): Promise<CacheEntry> {
  const entries = await listCache(env);
  const entry = entries.find((candidate) => candidate.id === id);
  if (entry) return entry;
  const known = entries.map((candidate) => candidate.id).join(', ') || 'nothing';
  throw new AntipodeError('missing', `${id}: not in the cache (it holds ${known})`, {
    hint: 'antipode cache ls',
  });
}

/** @throws {AntipodeError} as `findCacheEntry` */
export async function removeCacheEntry(env: Env, id: string): Promise<CacheEntry> {
  const entry = await findCacheEntry(env, id);
  await rm(entry.path, { recursive: true, force: true });
  return entry;
}

async function folders(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function measure(path: string): Promise<{ files: number; byteLength: number }> {
  let files = 0;
  let byteLength = 0;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    files += 1;
    byteLength += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return { files, byteLength };
}
