/**
 * @file What lies in antipode's own cache folder: generated dictionaries, imported feature stores, quantised weights, answers of endpoints and downloads that are not
 * the hub's, an entry for each folder with files. Generated entries are made again when needed; imported ones have to be imported again.
 */

import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { systemErrorCode } from '../errors.ts';
import { antipodeCacheDir, type Env } from './cache_dirs.ts';

export interface CacheEntry {
  /** The folder below the cache, with `/`: `features/gemma-2-2b/20-gemmascope-res-16k`. */
  readonly id: string;
  readonly path: string;
  readonly files: number;
  readonly byteLength: number;
}

/** All entries, by id: every folder that holds files. An absent cache is an empty list. */
export async function listCache(env: Env): Promise<CacheEntry[]> {
  const root = antipodeCacheDir(env);
  const entries = new Map<string, { files: number; byteLength: number }>();
  for (const file of await filesBelow(root)) {
    const folder = relative(root, dirname(file)).split(sep).join('/');
    if (folder === '') continue;
    const size = await sizeIfThere(file);
    if (size === undefined) continue;
    const { files, byteLength } = entries.get(folder) ?? { files: 0, byteLength: 0 };
    entries.set(folder, { files: files + 1, byteLength: byteLength + size });
  }
  return [...entries]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([id, facts]) => ({ id, path: join(root, id), ...facts }));
}

export async function removeCacheEntry({ path }: CacheEntry): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** In bytes; undefined for what another program has renamed or removed since it was listed. */
export async function sizeIfThere(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function filesBelow(root: string): Promise<string[]> {
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    // Locks and temporaries of running commands begin with a dot.
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter(
        (path) =>
          !relative(root, path)
            .split(sep)
            .some((part) => part.startsWith('.')),
      );
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
