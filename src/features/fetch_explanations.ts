/**
 * @file Neuronpedia's export of one source into the feature store: listed, fetched batch by batch, converted once, and the batches removed.
 * What was fetched before an interruption is not fetched again. Leaves out how a file is fetched (`hub/`) and what is in it (`export_record.ts`).
 */

import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { ensureFolder } from '../formats/atomic.ts';
import { withLock } from '../formats/lock.ts';
import { antipodeCacheDir, type Env } from '../hub/cache_dirs.ts';
import { downloadFile } from '../hub/download_file.ts';
import type { Http } from '../hub/http.ts';
import { inParallel } from '../hub/in_parallel.ts';
import {
  type ExportedFile,
  type ExportKind,
  type ExportSource,
  explanationsOnlyFile,
  type ListedExport,
  listExport,
  STORED_KINDS,
} from '../hub/neuronpedia_export.ts';
import { forgetAbsence, rememberAbsence } from './absent_export.ts';
import { listFeatureStores, type StoreEntry, storeSource } from './feature_store.ts';
import { readExports, skippedSentence } from './read_exports.ts';

/** The bulk export of today, or the older array of explanations alone, which the article most likely used. */
export type ExportName = 'v1' | 'explanations-only';

export interface FetchExplanationsOptions {
  readonly env: Env;
  readonly http: Http;
  readonly export?: ExportName | undefined;
  /** Keep the batches of example texts too, unread, in the cache. */
  readonly activations?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes fetched; `total` is undefined where the server has not said. */
  readonly onProgress?: ((bytes: number, total: number | undefined) => void) | undefined;
}

export interface FetchedExplanations {
  readonly store: StoreEntry;
  readonly fetched: { readonly files: number; readonly byteLength: number };
  /** Where the batches of activations are, if they were asked for. */
  readonly activations: string | undefined;
  /** About rows that could not be used. */
  readonly warnings: readonly string[];
}

/** More connections to one server gain nothing on the lines that were tried, and servers limit them. */
const FILES_AT_ONCE = 4;

/** Gigabytes of activations over a thin line. */
const LONGEST_FETCH_MS = 12 * 3600 * 1000;

/** Batches of one source until they are converted. */
export function downloadedExportDir(env: Env, { modelId, sourceId }: ExportSource): string {
  return join(antipodeCacheDir(env), 'downloads', 'neuronpedia', 'v1', modelId, sourceId);
}

/** What there is to fetch: all files, and those that the store does not hold yet. */
export interface ExportPlan extends ListedExport {
  readonly missing: readonly ExportedFile[];
}

/**
 * @param remembers that there is no export, where there is none; default: nothing is written
 * @throws {AntipodeError} `missing` where Neuronpedia has no such source, and as `listExport`
 */
export async function planExport(
  source: ExportSource,
  options: FetchExplanationsOptions,
  remembers: boolean = false,
): Promise<ExportPlan> {
  const { activations, env, http, signal } = options;
  const isOlder = options.export === 'explanations-only';
  const kinds: readonly ExportKind[] = activations ? [...STORED_KINDS, 'activations'] : STORED_KINDS;
  const listed = isOlder
    ? { files: [explanationsOnlyFile(env, source)], date: undefined }
    : await listExport(source, { env, kinds, http, signal });
  if (listed.files.length === 0) {
    if (remembers) await rememberAbsence(env, source);
    throw noExport(source);
  }
  const stored = await storedInputs(env, source);
  const missing: ExportedFile[] = [];
  for (const file of listed.files) {
    const isStored = stored.has(`${source.sourceId}/${file.name} ${file.byteLength ?? ''}`);
    const kept = file.name.startsWith('activations/')
      ? join(downloadedExportDir(env, source), file.name)
      : '';
    const isKept = kept !== '' && (await sizeOf(kept)) === file.byteLength;
    if (!isStored && !isKept) missing.push(file);
  }
  return { ...listed, missing };
}

function noExport({ modelId, sourceId }: ExportSource): AntipodeError {
  return new AntipodeError('missing', `${modelId}/${sourceId}: Neuronpedia has no export of this source`, {
    hint: 'check its id at https://www.neuronpedia.org (upper and lower case count), or try --export explanations-only',
  });
}

/** `NAME SIZE` of what the store was made of, and `NAME ` for files whose size nobody says beforehand. */
async function storedInputs(env: Env, source: ExportSource): Promise<ReadonlySet<string>> {
  const store = await findFetched(env, source, undefined);
  return new Set(
    (store?.manifest.inputs ?? []).flatMap(({ byteLength, name }) => [`${name} ${byteLength}`, `${name} `]),
  );
}

/** Whether batches of activations are kept. */
export async function keptActivations(env: Env, source: ExportSource): Promise<boolean> {
  const names = await readdir(join(downloadedExportDir(env, source), 'activations')).catch(() => []);
  return names.length > 0;
}

/** The store, without asking anybody; undefined where it is not here, or not from the older array where that was asked for. */
export async function findFetched(
  env: Env,
  source: ExportSource,
  name: ExportName | undefined,
): Promise<StoreEntry | undefined> {
  const { stores } = await listFeatureStores(env);
  const store = stores.find(({ id }) => id === `${source.modelId}/${source.sourceId}`);
  if (name !== 'explanations-only') return store;
  const older = `${source.sourceId}/${explanationsOnlyFile(env, source).name}`;
  return store?.manifest.inputs.some((input) => input.name === older) ? store : undefined;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

/**
 * The store of the source, with everything that the export has now. Two processes that want the same source wait for each other.
 * @throws {AntipodeError} as `planExport` and the reader; `format` for an export that cannot be read, which is then forgotten; `interrupted`
 */
export async function fetchExplanations(
  source: ExportSource,
  options: FetchExplanationsOptions,
): Promise<FetchedExplanations> {
  const { env, signal } = options;
  const dir = downloadedExportDir(env, source);
  await ensureFolder(dirname(dir));
  return withLock(join(dirname(dir), `.${source.sourceId}.lock`), () => fetchLocked(source, dir, options), {
    signal,
    maxWaitMs: LONGEST_FETCH_MS,
  });
}

async function fetchLocked(
  source: ExportSource,
  dir: string,
  options: FetchExplanationsOptions,
): Promise<FetchedExplanations> {
  const { env, signal } = options;
  const plan = await planExport(source, options, true);
  const { bytes, date = plan.date } = await fetchFiles(plan.missing, dir, options);
  const fetched = { files: plan.missing.length, byteLength: bytes };
  const isUnread = plan.missing.some(({ name }) => !name.startsWith('activations/'));
  const activations = options.activations ? join(dir, 'activations') : undefined;
  if (!isUnread) {
    const store = await findFetched(env, source, undefined);
    if (!store) throw noExport(source);
    return { store, fetched, activations, warnings: [] };
  }
  const converted = await convert(source, { dir, date, env, signal });
  return { ...converted, fetched, activations };
}

/** @returns how many bytes all of them have, and the date of a file that no listing spoke of */
async function fetchFiles(
  files: readonly ExportedFile[],
  dir: string,
  { http, onProgress, signal }: FetchExplanationsOptions,
): Promise<{ readonly bytes: number; readonly date: string | undefined }> {
  const sizes = files.map(({ byteLength }) => byteLength);
  const stated = sizes.every((size) => size !== undefined)
    ? sizes.reduce((sum, size) => sum + size, 0)
    : undefined;
  const done = files.map(() => 0);
  const sum = (): number => done.reduce((bytes, more) => bytes + more, 0);
  let date: string | undefined;
  for (const folder of new Set(files.map(({ name }) => dirname(join(dir, name))))) await ensureFolder(folder);
  await inParallel(
    files,
    FILES_AT_ONCE,
    async (file, index) => {
      const { byteLength, etag, name, url } = file;
      // Complete files of an earlier run: only such have that name.
      if (byteLength !== undefined && (await sizeOf(join(dir, name))) === byteLength) {
        done[index] = byteLength;
        return;
      }
      const { lastModified } = await downloadFile(http, {
        url,
        to: join(dir, name),
        shown: `${basename(dir)}/${name}`,
        expectedSize: byteLength,
        etag,
        signal,
        onProgress: (bytes, total) => {
          done[index] = bytes;
          onProgress?.(sum(), stated ?? (files.length === 1 ? total : undefined));
        },
      });
      if (byteLength === undefined) date = dateOf(lastModified);
    },
    signal,
  );
  return { bytes: sum(), date };
}

function dateOf(lastModified: string | undefined): string | undefined {
  const time = new Date(lastModified ?? '');
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString().slice(0, 10);
}

interface Conversion {
  readonly env: Env;
  readonly dir: string;
  readonly date: string | undefined;
  readonly signal: AbortSignal | undefined;
}

async function convert(
  source: ExportSource,
  { date, dir, env, signal }: Conversion,
): Promise<Pick<FetchedExplanations, 'store' | 'warnings'>> {
  const forget = async (): Promise<void> => {
    for (const name of [...STORED_KINDS, explanationsOnlyFile(env, source).name]) {
      await rm(join(dir, name), { recursive: true, force: true });
    }
    // Batches of activations may be kept beside them.
    await rmdir(dir).catch(() => {});
  };
  try {
    const read = await readExports([dir], { cwd: dir, ...(signal && { signal }) });
    const id = `${source.modelId}/${source.sourceId}`;
    const own = read.sources.find(({ data }) => `${data.modelId}/${data.sourceId}` === id);
    if (!own) throw new AntipodeError('format', `${id}: its export is of other sources than its name says`);
    const store = await storeSource(env, own, { signal, served: date });
    await forget();
    await forgetAbsence(env, source);
    const others = read.sources.length - 1;
    const warnings = [
      skippedSentence(read.skipped),
      others > 0 ? `${id}: rows of ${others} other sources in its export were left out` : undefined,
    ].filter((sentence) => sentence !== undefined);
    return { store, warnings };
  } catch (error) {
    // What cannot be read would be found again, and never fetched anew.
    if (error instanceof AntipodeError && error.kind === 'format') await forget();
    throw error;
  }
}
