/**
 * @file What lies in the Hugging Face cache of this machine, a repository at a time: its size, its removal, and whether its bytes are still
 * those that were fetched. Blobs are named by what is in them: the SHA-256 of large files, Git's SHA-1 of small ones (`huggingface_hub`,
 * "Understand caching"). Leaves out the caches of datasets and spaces.
 */

import { createHash } from 'node:crypto';
import { readdir, readlink, rm, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { AntipodeError, systemErrorCode, throwIfInterrupted } from '../errors.ts';
import { openRegularFile } from '../formats/source.ts';
import { type Env, hfHubCacheDir } from './cache_dirs.ts';
import { sizeIfThere } from './cache_store.ts';
import { repoIdOfFolder } from './hf_cache.ts';

export interface HfRepoEntry {
  /** Its folder's name: `models--google--gemma-scope-2b-pt-res`. */
  readonly id: string;
  /** `google/gemma-scope-2b-pt-res`. */
  readonly repoId: string;
  readonly path: string;
  /** Regular files: blobs and the names of branches; links are not counted again. */
  readonly files: number;
  readonly byteLength: number;
  /** Commits of which something is here, ascending. */
  readonly commits: readonly string[];
}

/** By id. An absent cache is an empty list. */
export async function listHfRepos(env: Env): Promise<HfRepoEntry[]> {
  const root = hfHubCacheDir(env);
  const entries: HfRepoEntry[] = [];
  for (const id of (await namesIn(root)).sort()) {
    const repoId = repoIdOfFolder(id);
    if (repoId === undefined) continue;
    const path = join(root, id);
    let [files, byteLength] = [0, 0];
    for (const file of await regularFiles(path)) {
      const size = await sizeIfThere(file);
      if (size === undefined) continue;
      files += 1;
      byteLength += size;
    }
    entries.push({
      id,
      repoId,
      path,
      files,
      byteLength,
      commits: (await namesIn(join(path, 'snapshots'))).sort(),
    });
  }
  return entries;
}

/** Its lock files too. */
export async function removeHfRepo(env: Env, entry: HfRepoEntry): Promise<void> {
  await rm(entry.path, { recursive: true, force: true });
  await rm(join(hfHubCacheDir(env), '.locks', entry.id), { recursive: true, force: true });
}

export interface VerifiedRepo {
  /** Blobs whose bytes were compared with their name. */
  readonly checked: number;
  /** Files with a name that is no hash, relative to the repository's folder. */
  readonly unchecked: readonly string[];
  /** Downloads that were not finished; the next one goes on from there. */
  readonly unfinished: readonly string[];
  /** Sentences, each beginning with the file relative to the repository's folder. */
  readonly problems: readonly string[];
}

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes read so far, of this repository. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** Reads everything; a blob that cannot be read is a problem of this repository, and the others are still read. @throws {AntipodeError} `interrupted` */
export async function verifyHfRepo(
  { path }: HfRepoEntry,
  { onProgress, signal }: VerifyOptions = {},
): Promise<VerifiedRepo> {
  const found = {
    checked: 0,
    unchecked: [] as string[],
    unfinished: [] as string[],
    problems: [] as string[],
  };
  let bytes = 0;
  for (const name of (await namesIn(join(path, 'blobs'))).sort()) {
    const file = `blobs/${name}`;
    if (name.endsWith('.incomplete')) {
      found.unfinished.push(file);
      continue;
    }
    const wanted = hashOfName(name);
    if (!wanted) {
      found.unchecked.push(file);
      continue;
    }
    const hashed = hashBlob(join(path, file), wanted, (length) => {
      throwIfInterrupted(signal);
      bytes += length;
      onProgress?.(bytes);
    });
    const hash = await hashed.catch((error: unknown) => {
      if (!(error instanceof AntipodeError) || error.kind === 'interrupted') throw error;
      found.problems.push(`${file}: is no file that can be read`);
      return undefined;
    });
    if (hash === undefined) continue;
    found.checked += 1;
    if (hash !== name)
      found.problems.push(`${file}: its bytes are not those of its name (they have ${hash})`);
  }
  // Where no links are made, files lie there themselves, under names that say nothing of their bytes.
  for (const file of await regularFiles(join(path, 'snapshots'))) found.unchecked.push(relative(path, file));
  for (const link of await linksBelow(join(path, 'snapshots'))) {
    const isThere = await stat(link).then(
      () => true,
      () => false,
    );
    if (!isThere) {
      const target = basename(await readlink(link));
      found.problems.push(`${relative(path, link)}: leads to ${target}, which is not there`);
    }
  }
  return found;
}

type BlobHash = 'sha256' | 'git';

function hashOfName(name: string): BlobHash | undefined {
  if (/^[0-9a-f]{64}$/.test(name)) return 'sha256';
  return /^[0-9a-f]{40}$/.test(name) ? 'git' : undefined;
}

/** In hex; Git puts the word `blob`, the length and a zero byte before the content. */
async function hashBlob(path: string, kind: BlobHash, onRead: (bytes: number) => void): Promise<string> {
  const handle = await openRegularFile(path);
  try {
    const { size } = await handle.stat();
    const hash = createHash(kind === 'git' ? 'sha1' : 'sha256');
    if (kind === 'git') hash.update(`blob ${size}\0`);
    for await (const piece of handle.createReadStream({ highWaterMark: 2 ** 20, autoClose: false })) {
      hash.update(piece as Uint8Array);
      onRead((piece as Uint8Array).byteLength);
    }
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

async function regularFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function linksBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
