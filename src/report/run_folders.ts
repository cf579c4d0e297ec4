/** @file Run folders as they lie on the disk: which there are, what their manifests say, and their tables read back. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AntipodeError, systemErrorCode } from '../errors.ts';
import { readParquet } from '../formats/parquet/parquet.ts';
import { openFileSource } from '../formats/source.ts';
import type { Table } from '../formats/table.ts';

export interface RunFolder {
  readonly path: string;
  /** `geometry`, `steering`, `extremes`, …: the manifest's schema. */
  readonly schema: string;
  readonly manifest: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970: when the manifest was written. */
  readonly finished: number;
}

const MANIFEST = 'manifest.json';

/** A manifest lists hashes of a few dozen files. */
const MAX_MANIFEST = 16 * 2 ** 20;

/** Runs lie in folders of folders, not deeper. */
const MAX_DEPTH = 3;

/** Below `root`, itself included, by path; what lies within a run is part of it. An absent root has none. */
export async function findRuns(root: string): Promise<RunFolder[]> {
  return below(root, 0);
}

async function below(dir: string, depth: number): Promise<RunFolder[]> {
  const own = await runAt(dir);
  if (own) return [own];
  if (depth >= MAX_DEPTH) return [];
  const found: RunFolder[] = [];
  for (const name of await foldersIn(dir)) found.push(...(await below(join(dir, name), depth + 1)));
  return found;
}

async function foldersIn(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return [];
    throw error;
  }
}

/** @throws {AntipodeError} `missing` where there is no run */
export async function openRun(path: string, shown: string = path): Promise<RunFolder> {
  const run = await runAt(path);
  if (run) return run;
  throw new AntipodeError(
    'missing',
    `${shown}: there is no run (expected a folder with a ${MANIFEST} of antipode)`,
    {
      hint: 'antipode runs ls shows those below ./runs',
    },
  );
}

async function runAt(dir: string): Promise<RunFolder | undefined> {
  const path = join(dir, MANIFEST);
  try {
    const { mtimeMs, size } = await stat(path);
    if (size > MAX_MANIFEST) return undefined;
    const manifest: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) return undefined;
    const { schema, tool } = manifest as Record<string, unknown>;
    if (tool !== 'antipode' || typeof schema !== 'string') return undefined;
    return { path: dir, schema, manifest: manifest as Record<string, unknown>, finished: mtimeMs };
  } catch {
    // Whatever is no readable manifest is no run.
    return undefined;
  }
}

/**
 * The tables of a run, and of the stages within it, each named by its path below the run: `tables/summary`, `statistics/tables/summary`.
 * @throws {AntipodeError} `format` for a damaged one
 */
export async function readRunTables({ path }: RunFolder): Promise<Map<string, Table>> {
  const tables = new Map<string, Table>();
  for (const folder of ['', ...(await foldersIn(path))]) {
    const shown = folder === '' ? '' : `${folder}/`;
    for (const [name, table] of await readTables(join(path, folder), shown))
      tables.set(`${shown}tables/${name}`, table);
  }
  return tables;
}

/**
 * The tables of one folder by name, from their Parquet files.
 * @param shown goes before `tables/` in messages
 * @throws {AntipodeError} `format` for a damaged one
 */
export async function readTables(folder: string, shown: string): Promise<Map<string, Table>> {
  const tables = new Map<string, Table>();
  const dir = join(folder, 'tables');
  for (const file of await parquetIn(dir)) {
    const source = await openFileSource(join(dir, file), `${shown}tables/${file}`);
    try {
      const name = basename(file, '.parquet');
      tables.set(name, { ...(await readParquet(source)), name });
    } finally {
      await source.close();
    }
  }
  return tables;
}

async function parquetIn(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).filter((name) => name.endsWith('.parquet')).sort();
  } catch {
    return [];
  }
}
