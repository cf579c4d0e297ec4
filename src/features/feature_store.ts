/**
 * @file The imported explanations and firing facts of one source: a folder with `explanations.parquet`, `features.parquet` (either may be
 * absent) and `manifest.json`, under `$XDG_CACHE_HOME/antipode/features/<model>/<source>/`. The columns are listed at
 * `explanationsTable` and `featuresTable`. The same imports give the same bytes.
 */

import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AntipodeError, systemErrorCode } from '../errors.ts';
import { ensureFolder, type FolderKind, writeDirectoryAtomic } from '../formats/atomic.ts';
import { withLock } from '../formats/lock.ts';
import { readParquet, writeParquet } from '../formats/parquet/parquet.ts';
import { memorySource, openFileSource, readBytes } from '../formats/source.ts';
import type { Table } from '../formats/table.ts';
import { antipodeCacheDir, type Env } from '../hub/cache_dirs.ts';
import {
  countExplainers,
  dataFrom,
  EXPLANATION_COLUMN_NAMES,
  explanationsTable,
  FEATURE_COLUMN_NAMES,
  type FeatureData,
  featuresTable,
  mergeFeatureData,
  newestDate,
} from './feature_data.ts';
import { isNeuronpediaName, layerOf, type SourceRef } from './feature_ref.ts';
import type { InputFacts, SourceExport } from './read_exports.ts';
import {
  damaged,
  type ExportDate,
  MANIFEST_FILE,
  manifestText,
  readManifest,
  type StoreManifest,
  type TableFacts,
  type TableName,
} from './store_manifest.ts';

/** Tables are read whole; the limits on rows keep what we write well below it. */
const MAX_TABLE_BYTES = 2 ** 31 - 1;

export interface StoreEntry {
  /** `gemma-2-2b/20-gemmascope-res-16k`. */
  readonly id: string;
  readonly dir: string;
  readonly manifest: StoreManifest;
}

export interface StoreOptions {
  /** `YYYY-MM-DD`; else `served`, else the newest date on a row. */
  readonly exported?: string | undefined;
  /** `YYYY-MM-DD` on which the files were written, as their server says. */
  readonly served?: string | undefined;
  /** Forget what an earlier import stored. */
  readonly replace?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function featureStoresDir(env: Env): string {
  return join(antipodeCacheDir(env), 'features');
}

const STORE_FOLDER: FolderKind = {
  schema: 'features',
  filesOf: () => [{ file: 'explanations.parquet' }, { file: 'features.parquet' }],
};

/**
 * Stores one source, laid over what is stored of it already: explanations of this import come first, its firing facts win.
 * @throws {AntipodeError} `resource` for a full disk or missing rights, `format` where the stored tables are damaged, `interrupted`
 */
export async function storeSource(
  env: Env,
  source: SourceExport,
  options: StoreOptions = {},
): Promise<StoreEntry> {
  const { modelId, sourceId } = source.data;
  const parent = join(featureStoresDir(env), modelId);
  await ensureFolder(parent);
  // Laying over means reading, merging and writing back: two imports at once would lose one of them.
  return withLock(
    join(parent, `.${sourceId}.lock`),
    () => mergeIntoStore(join(parent, sourceId), source, options),
    { signal: options.signal },
  );
}

async function mergeIntoStore(dir: string, source: SourceExport, options: StoreOptions): Promise<StoreEntry> {
  const { modelId, sourceId } = source.data;
  const stored = options.replace ? undefined : await readStoreIn(dir);
  const data = stored ? mergeFeatureData(stored.data, source.data) : source.data;
  const tables: [TableName, Uint8Array, number][] = [];
  const add = (name: TableName, table: Table): void => {
    if (table.rowCount > 0) tables.push([name, writeParquet(table), table.rowCount]);
  };
  add('explanations', explanationsTable(data));
  add('features', featuresTable(data));
  const manifest: StoreManifest = {
    modelId,
    sourceId,
    exported: exportDate(data, options, stored?.manifest.exported),
    explained: new Set(data.explanations.map(({ feature }) => feature)).size,
    explainers: countExplainers(data.explanations),
    tables: Object.fromEntries(tables.map(([name, bytes, rows]) => [name, tableFacts(bytes, rows)])),
    inputs: mergeInputs(stored?.manifest.inputs ?? [], source.inputs),
  };
  await writeDirectoryAtomic(
    dir,
    STORE_FOLDER,
    async (temporary) => {
      for (const [name, bytes] of tables) await writeFile(join(temporary, `${name}.parquet`), bytes);
      await writeFile(join(temporary, MANIFEST_FILE), manifestText(manifest));
    },
    { signal: options.signal },
  );
  return { id: `${modelId}/${sourceId}`, dir, manifest };
}

function tableFacts(bytes: Uint8Array, rows: number): TableFacts {
  return { rows, byteLength: bytes.byteLength, sha256: sha256(bytes) };
}

/** A date that was given, or that a server said, stays until a newer one is known. */
function exportDate(
  data: FeatureData,
  { exported: given, served }: StoreOptions,
  stored: ExportDate | undefined,
): ExportDate | undefined {
  if (given !== undefined) return { date: given, from: 'given' };
  if (served !== undefined) return { date: served, from: 'server' };
  const newest = newestDate(data);
  if (stored && stored.from !== 'row' && (newest === undefined || newest <= stored.date)) return stored;
  return newest === undefined ? undefined : { date: newest, from: 'row' };
}

function mergeInputs(stored: readonly InputFacts[], fresh: readonly InputFacts[]): InputFacts[] {
  const inputs = new Map([...stored, ...fresh].map((input) => [`${input.name}\n${input.sha256}`, input]));
  return [...inputs].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, input]) => input);
}

/**
 * The store in a folder, or undefined where the folder is not one.
 * @throws {AntipodeError} `format` where a table is missing, cut or changed
 */
export async function readStoreIn(
  dir: string,
): Promise<
  { readonly data: FeatureData; readonly manifest: StoreManifest; readonly files: string[] } | undefined
> {
  const manifest = await readManifest(dir);
  if (!manifest) return undefined;
  const { tables } = manifest;
  const files = (['explanations', 'features'] as const).filter((name) => tables[name]);
  const explanations = await readTable(dir, 'explanations', tables.explanations, EXPLANATION_COLUMN_NAMES);
  const features = await readTable(dir, 'features', tables.features, FEATURE_COLUMN_NAMES);
  return {
    data: dataFrom(manifest, explanations, features),
    manifest,
    files: files.map((name) => join(dir, `${name}.parquet`)),
  };
}

async function readTable(
  dir: string,
  name: TableName,
  facts: TableFacts | undefined,
  columns: readonly string[],
): Promise<Table | undefined> {
  if (!facts) return undefined;
  const path = join(dir, `${name}.parquet`);
  const source = await openFileSource(path, path);
  try {
    const { byteLength } = source;
    if (byteLength !== facts.byteLength || byteLength > MAX_TABLE_BYTES) {
      throw damaged(path, `${byteLength} bytes, the manifest says ${facts.byteLength}`);
    }
    const bytes = await readBytes(source, 0, byteLength);
    if (sha256(bytes) !== facts.sha256) throw damaged(path, 'its bytes are not those that were written');
    return await readParquet(memorySource(path, bytes), { columns });
  } finally {
    await source.close();
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export interface StoreList {
  /** By model, then by layer and source. */
  readonly stores: readonly StoreEntry[];
  /** Sentences about folders whose manifest cannot be read. */
  readonly damaged: readonly string[];
}

/** What is imported, from the manifests alone; an absent cache is an empty list. */
export async function listFeatureStores(env: Env): Promise<StoreList> {
  const root = featureStoresDir(env);
  const stores: StoreEntry[] = [];
  const problems: string[] = [];
  for (const modelId of await folders(root)) {
    for (const sourceId of await folders(join(root, modelId))) {
      const dir = join(root, modelId, sourceId);
      try {
        const manifest = await readManifest(dir);
        if (manifest) stores.push({ id: `${manifest.modelId}/${manifest.sourceId}`, dir, manifest });
      } catch (error) {
        if (!(error instanceof AntipodeError)) throw error;
        problems.push(error.message);
      }
    }
  }
  return { stores, damaged: problems };
}

const NUMERIC = new Intl.Collator('en', { numeric: true });

async function folders(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && isNeuronpediaName(entry.name))
      .map((entry) => entry.name)
      .sort((left, right) => NUMERIC.compare(left, right) || (left < right ? -1 : 1));
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** Whether a source is the one, or one of those, that a reference means: every part that it names is the same. */
export function fits(
  ref: SourceRef,
  source: { readonly modelId: string; readonly sourceId: string },
): boolean {
  return (
    (ref.modelId ?? source.modelId) === source.modelId &&
    (ref.sourceId ?? source.sourceId) === source.sourceId &&
    (ref.layer === undefined || ref.layer === layerOf(source.sourceId))
  );
}

/**
 * The imported store that a reference means.
 * @param asked how the user wrote it
 * @throws {AntipodeError} `missing` where none fits, `usage` where several do, with their ids
 */
export async function findFeatureStore(env: Env, ref: SourceRef, asked: string): Promise<StoreEntry> {
  const { stores } = await listFeatureStores(env);
  const fitting = stores.filter(({ manifest }) => fits(ref, manifest));
  const [only] = fitting;
  if (only && fitting.length === 1) return only;
  const shown = (entries: readonly StoreEntry[]): string =>
    `${entries
      .slice(0, 10)
      .map(({ id }) => id)
      .join(', ')}${entries.length > 10 ? ', …' : ''}`;
  if (fitting.length > 1) {
    throw new AntipodeError('usage', `${asked}: several imported sources fit (${shown(fitting)})`, {
      hint: 'write the full id, as model/source/index',
    });
  }
  const imported = stores.length > 0 ? `imported are ${shown(stores)}` : 'nothing is imported yet';
  throw new AntipodeError('missing', `${asked}: no explanations of this source are imported (${imported})`, {
    hint: 'antipode download MODEL/SOURCE fetches an export of Neuronpedia; antipode features import PATH reads one',
  });
}
