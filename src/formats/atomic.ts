/**
 * @file Files and folders that appear whole or not at all: written under a temporary name beside the target, renamed at the end, removed
 * on any failure, on an interrupt and at process exit. Two processes with one target do not mix: the later rename wins, each complete.
 * Temporaries of processes that died are removed by the next writer in the same folder. Leaves out fsync: the promise holds against
 * crashes of the program and against readers, not against a power cut.
 */

import { createHash } from 'node:crypto';
import type { Dirent, Stats } from 'node:fs';
import {
  chmod,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { AntipodeError, systemErrorCode, throwIfInterrupted } from '../errors.ts';
import { makeFolder, nearestFolder } from './make_folder.ts';
import { keepingTidy, removeStaleTemporaries, temporaryName } from './temporaries.ts';

export interface WriteOptions {
  /** Once fired, the write ends with kind `interrupted` and nothing is left. */
  readonly signal?: AbortSignal | undefined;
}

/** Whole content, or pieces in order (which are never held together in memory). */
export type FileContent = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export interface OwnedFile {
  readonly file: string;
  readonly sha256?: string;
}

/** A kind of folder that this program writes, told from other kinds by the `schema` of its manifest. */
export interface FolderKind {
  readonly schema: string;
  /**
   * The files, besides the manifest, that a manifest vouches for, relative to the folder with `/`; with their SHA-256 where it records
   * them, so that a file which somebody edited counts as theirs.
   */
  readonly filesOf: (manifest: Readonly<Record<string, unknown>>) => readonly OwnedFile[];
}

/** The file that marks a folder as written by this program, and what its `tool` says. */
const MARKER_FILE = 'manifest.json';
const MARKER_TOOL = 'antipode';

/** A manifest lists hashes of a few dozen files; anything larger is somebody else's file and is not read. */
const MAX_MARKER_BYTES = 16 * 2 ** 20;

/** Rounds of "move the old folder away, move the new one in" before giving up on a target that other processes keep replacing. */
const MAX_SWAP_ROUNDS = 50;

/**
 * Writes `path` in one step: readers see the old content or the new one. Missing parent folders are made; an existing file keeps its
 * permissions; a symbolic link is followed.
 * @throws {AntipodeError} `usage` where the target is a folder, a device or below a file; `resource` for a full disk or missing rights;
 * `interrupted`. Errors thrown by `content` itself pass through unchanged.
 */
export async function writeFileAtomic(
  path: string,
  content: FileContent,
  options: WriteOptions = {},
): Promise<void> {
  throwIfInterrupted(options.signal);
  const { target, mode } = await fileTarget(path);
  const parent = await makeParent(target, path);
  const temporary = join(parent, temporaryName());
  await keepingTidy(temporary, async () => {
    const handle = await sentenceFor(path, open(temporary, 'wx', 0o666));
    try {
      for await (const piece of piecesOf(content)) {
        throwIfInterrupted(options.signal);
        await sentenceFor(path, writeAll(handle, piece));
      }
    } finally {
      await handle.close();
    }
    throwIfInterrupted(options.signal);
    if (mode !== undefined) await sentenceFor(path, chmod(temporary, mode));
    await sentenceFor(path, rename(temporary, target));
  });
}

/**
 * Lets `fill` write into a temporary folder, then puts it in the place of `dir` in one rename. An existing `dir` is replaced only when
 * it is empty or of the same kind by its `manifest.json`, and holds no file beyond those that the manifest lists, unchanged; this is checked before
 * `fill` runs and again before the rename.
 * Between the two renames of a replacement there is a moment without `dir`; a crash then leaves the old content beside it as `.old`.
 * @throws {AntipodeError} `usage` where `dir` is a file, holds something else, or is the current folder; `resource`; `interrupted`.
 * Errors thrown by `fill` pass through unchanged, but for a full disk.
 */
export async function writeDirectoryAtomic(
  dir: string,
  kind: FolderKind,
  fill: (temporaryDir: string) => Promise<void>,
  options: WriteOptions = {},
): Promise<void> {
  throwIfInterrupted(options.signal);
  const target = await followLinks(dir);
  await checkReplaceable(target, dir, kind);
  const parent = await makeParent(target, dir);
  const temporary = join(parent, temporaryName());
  await keepingTidy(temporary, async () => {
    await sentenceFor(dir, mkdir(temporary));
    try {
      await fill(temporary);
    } catch (error) {
      // Other system errors may concern what `fill` reads, which this place knows nothing about.
      const code = systemErrorCode(error);
      throw code === 'ENOSPC' || code === 'EDQUOT' ? writeFailure(dir, error) : error;
    }
    throwIfInterrupted(options.signal);
    await swapIn({ temporary, target, shown: dir, kind });
  });
}

/**
 * The check of `writeDirectoryAtomic` alone, for commands that work for long before they write.
 * @throws {AntipodeError} `usage` where `dir` exists and may not be replaced, or is below a file; `resource` where nothing can be written
 */
export async function checkOutputDirectory(dir: string, kind: FolderKind): Promise<void> {
  const target = await followLinks(dir);
  await checkReplaceable(target, dir, kind);
  await checkTakesFiles(target, dir);
}

/**
 * The check of `writeFileAtomic` alone, for commands that work for long before they write; what lies there already is not looked into.
 * @throws {AntipodeError} as `writeFileAtomic`
 */
export async function checkOutputFile(path: string): Promise<void> {
  const { target } = await fileTarget(path);
  await checkTakesFiles(target, path);
}

/** Rights do not tell (root, read-only disks, /proc): a folder is made beside where the result will be, or in the nearest parent, and removed. */
async function checkTakesFiles(target: string, shown: string): Promise<void> {
  const { at } = await sentenceFor(shown, nearestFolder(dirname(target)));
  const probe = join(at, temporaryName());
  await keepingTidy(probe, () => sentenceFor(shown, mkdir(probe)));
}

async function checkReplaceable(target: string, dir: string, kind: FolderKind): Promise<void> {
  const found = await sentenceFor(dir, statOrNothing(target));
  if (!found) return;
  const hint = 'choose another folder with --out';
  if (!found.isDirectory()) {
    throw new AntipodeError('usage', `${dir}: is a file (expected a folder, or nothing there yet)`, { hint });
  }
  const here = process.cwd();
  if (here === target || here.startsWith(target.endsWith(sep) ? target : target + sep)) {
    throw new AntipodeError('usage', `${dir}: is the current folder or above it, and cannot be replaced`, {
      hint,
    });
  }
  const names = await sentenceFor(dir, unlessAbsent<string[]>(readdir(target), []));
  if (names.length === 0) return;
  const foreign = await foreignFile(target, kind);
  if (foreign === undefined) return;
  // Another process may have moved the folder away between the two looks: then the answer concerns two folders.
  const now = await sentenceFor(dir, statOrNothing(target));
  if (now?.ino !== found.ino || now.ctimeMs !== found.ctimeMs) return checkReplaceable(target, dir, kind);
  throw new AntipodeError('usage', `${dir}: holds ${foreign}`, { hint });
}

/** The first file that no manifest of this kind vouches for, as a clause; undefined where there is none. */
async function foreignFile(dir: string, kind: FolderKind): Promise<string | undefined> {
  const manifest = await readManifest(dir, kind);
  const listed = manifest ? [{ file: MARKER_FILE }, ...kind.filesOf(manifest)] : [];
  const owned = new Map(listed.map((one: OwnedFile) => [one.file, one.sha256]));
  const entries = await unlessAbsent<Dirent[]>(readdir(dir, { recursive: true, withFileTypes: true }), []);
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
  for (const file of files) {
    if (!owned.has(file)) return `${file}, which antipode did not write there`;
    const expected = owned.get(file);
    if (expected !== undefined && (await sha256Of(join(dir, file))) !== expected)
      return `${file}, changed since antipode wrote it`;
  }
  return manifest ? undefined : 'folders that antipode did not write there';
}

/** Undefined where the file has gone meanwhile. */
async function sha256Of(path: string): Promise<string | undefined> {
  const bytes = await unlessAbsent<Uint8Array | undefined>(readFile(path), undefined);
  return bytes && createHash('sha256').update(bytes).digest('hex');
}

async function readManifest(dir: string, kind: FolderKind): Promise<Record<string, unknown> | undefined> {
  const path = join(dir, MARKER_FILE);
  const found = await statOrNothing(path);
  if (!found?.isFile() || found.size > MAX_MARKER_BYTES) return undefined;
  try {
    const manifest = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown> | null;
    return manifest?.['tool'] === MARKER_TOOL && manifest['schema'] === kind.schema ? manifest : undefined;
  } catch {
    return undefined;
  }
}

interface Swap {
  readonly temporary: string;
  readonly target: string;
  readonly shown: string;
  readonly kind: FolderKind;
}

async function swapIn({ temporary, target, shown, kind }: Swap): Promise<void> {
  for (let round = 0; round < MAX_SWAP_ROUNDS; round++) {
    try {
      // Onto nothing or an empty folder this is one atomic step.
      await rename(temporary, target);
      return;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw writeFailure(shown, error);
    }
    await checkReplaceable(target, shown, kind);
    const old = `${temporary}-${round}.old`;
    try {
      await rename(target, old);
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') continue;
      throw writeFailure(shown, error);
    }
    try {
      await rename(temporary, target);
    } catch (error) {
      const code = systemErrorCode(error);
      const isRace = code === 'ENOTEMPTY' || code === 'EEXIST';
      if (!isRace) {
        await rename(old, target).catch(() => {});
        throw writeFailure(shown, error);
      }
      await removeTree(old);
      continue;
    }
    await removeTree(old);
    return;
  }
  throw new AntipodeError('resource', `${shown}: other processes keep replacing this folder`, {
    hint: 'give each run its own --out',
  });
}

/** Renamed to a temporary's name first, so that a crash half-way through leaves something that the next writer clears. */
async function removeTree(old: string): Promise<void> {
  const doomed = join(dirname(old), temporaryName());
  await rename(old, doomed).catch(() => {});
  await rm(doomed, { recursive: true, force: true }).catch(() => {});
}

async function* piecesOf(content: FileContent): AsyncIterable<Uint8Array> {
  if (typeof content === 'string') yield new TextEncoder().encode(content);
  else if (content instanceof Uint8Array) yield content;
  else yield* content;
}

/** One `write` may take less than it was given, and at most 2 GiB. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.byteLength - done, 2 ** 30));
    done += bytesWritten;
  }
}

async function fileTarget(path: string): Promise<{ target: string; mode: number | undefined }> {
  const target = await followLinks(path);
  const found = await sentenceFor(path, statOrNothing(target));
  if (!found) return { target, mode: undefined };
  if (found.isFile()) return { target, mode: found.mode & 0o777 };
  const what = found.isDirectory() ? 'a folder' : 'a device or a pipe';
  throw new AntipodeError('usage', `${path}: is ${what} (expected a file name)`, {
    hint: 'name a file there instead',
  });
}

/** Makes a folder with its parents. @throws {AntipodeError} `usage` below a file, `resource` for a full disk or missing rights */
export async function ensureFolder(dir: string): Promise<void> {
  await makeParent(join(dir, 'inside'), dir);
}

async function makeParent(target: string, shown: string): Promise<string> {
  const parent = dirname(target);
  if (basename(target) === '') throw new AntipodeError('usage', `${shown}: is not a name for a result`);
  await sentenceFor(shown, makeFolder(parent));
  await removeStaleTemporaries(parent);
  return parent;
}

/** The absolute path behind symbolic links, or the absolute path itself where nothing is there yet. */
async function followLinks(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}

function statOrNothing(path: string): Promise<Stats | undefined> {
  return unlessAbsent<Stats | undefined>(stat(path), undefined);
}

async function unlessAbsent<T>(work: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return otherwise;
    throw error;
  }
}

async function sentenceFor<T>(shown: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw writeFailure(shown, error);
  }
}

/** What the system says about a place to write, as a sentence; anything else as it is. */
export function writeFailure(shown: string, error: unknown): unknown {
  const cause = { cause: error };
  switch (error instanceof AntipodeError ? undefined : systemErrorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AntipodeError('resource', `${shown}: cannot be written, the disk is full`, {
        ...cause,
        hint: 'free some space and run the same command again',
      });
    case 'EFBIG':
      return new AntipodeError('resource', `${shown}: is too large for this disk or this account`, {
        ...cause,
        hint: 'raise `ulimit -f`, or choose a disk that takes larger files',
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AntipodeError('resource', `${shown}: no permission to write there`, {
        ...cause,
        hint: 'make it writable or choose another place',
      });
    case 'ENOENT':
      return new AntipodeError('resource', `${shown}: nothing can be made there`, {
        ...cause,
        hint: 'choose a place on a disk',
      });
    case 'ENOTDIR':
    case 'EEXIST':
      return new AntipodeError('usage', `${shown}: a part of this path is a file, not a folder`, {
        ...cause,
        hint: 'choose another place, or move that file away',
      });
    case 'ENAMETOOLONG':
      return new AntipodeError('usage', `${shown}: the name is too long for this disk`, {
        ...cause,
        hint: 'choose a shorter name',
      });
    case 'EBUSY':
      return new AntipodeError('resource', `${shown}: is in use or a mount point, and cannot be replaced`, {
        ...cause,
        hint: 'choose a folder below it with --out',
      });
    case 'ELOOP':
      return new AntipodeError('usage', `${shown}: is a symbolic link that leads in a circle`, {
        ...cause,
        hint: 'choose another place, or remove the link',
      });
    default:
      return error;
  }
}
