/**
 * @file Neuronpedia's bulk exports: where they are, and which files one source (an SAE in Neuronpedia's words) has. Layout of the public bucket:
 * `v1/MODEL/SOURCE/{explanations,features,activations}/batch-N.jsonl.gz`, where batches are in the order of text, not of numbers, so that all are
 * needed; and the older `explanations-only/MODEL_SOURCE.json`, one JSON array. Leaves out what is in them.
 */

import { AntipodeError } from '../errors.ts';
import type { Env } from './cache_dirs.ts';
import { serverAddress } from './hf_env.ts';
import type { Http } from './http.ts';
import { readText } from './http_text.ts';
import { type ListedObject, listObjects, MAX_PAGE_BYTES } from './s3_listing.ts';

export type ExportKind = 'explanations' | 'features' | 'activations';

/** Those that the feature store is made of; activations are gigabytes of example texts, which nothing here reads. */
export const STORED_KINDS: readonly ExportKind[] = ['explanations', 'features'];

export interface ExportSource {
  readonly modelId: string;
  readonly sourceId: string;
}

export interface ExportedFile {
  /** Below the source, safe as a path: `explanations/batch-0.jsonl.gz`. */
  readonly name: string;
  readonly url: string;
  /** Undefined where only the server's answer will tell. */
  readonly byteLength: number | undefined;
  /** As `DownloadRequest`. */
  readonly etag?: string | undefined;
}

export interface ListedExport {
  readonly files: readonly ExportedFile[];
  /** `YYYY-MM-DD` on which the newest file was written, as the server says. */
  readonly date: string | undefined;
}

const DATASETS = 'https://neuronpedia-datasets.s3.us-east-1.amazonaws.com';
const EXPORTS = 'https://neuronpedia-exports.s3.amazonaws.com';

/** The largest published source has about a thousand batches of each kind. */
const MAX_FILES = 20_000;

/** Batches of activations, the largest, reach some tens of MB. */
const MAX_FILE_BYTES = 2 ** 30;

const BATCH = /^batch-\d{1,9}\.jsonl\.gz$/;

/** `ANTIPODE_NEURONPEDIA_DATASETS` for a mirror. @throws {AntipodeError} `usage` for what is no address */
export function datasetsBase(env: Env): string {
  return serverAddress(env, 'ANTIPODE_NEURONPEDIA_DATASETS', DATASETS);
}

/** `ANTIPODE_NEURONPEDIA_EXPORTS`: where the older arrays are. @throws {AntipodeError} `usage` for what is no address */
export function exportsBase(env: Env): string {
  return serverAddress(env, 'ANTIPODE_NEURONPEDIA_EXPORTS', EXPORTS);
}

export interface ListExportOptions {
  readonly env: Env;
  readonly kinds: readonly ExportKind[];
  readonly http: Http;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Every batch of the kinds, in the order of kinds and then of numbers; other files of the bucket are passed over. Empty where the source is not there.
 * @throws {AntipodeError} as `listObjects`; `network` for more or larger files than any export has
 */
export async function listExport(source: ExportSource, options: ListExportOptions): Promise<ListedExport> {
  const { env, http, kinds, signal } = options;
  const base = datasetsBase(env);
  const readPage = (url: string): Promise<string> =>
    readText(http, url, { maxBytes: MAX_PAGE_BYTES, signal });
  const files: ExportedFile[] = [];
  let newest = '';
  for (const kind of kinds) {
    const prefix = `v1/${source.modelId}/${source.sourceId}/${kind}/`;
    const objects = await listObjects({ base, prefix, readPage, signal });
    const batches = objects.filter(({ key }) => BATCH.test(key.slice(prefix.length)));
    for (const batch of batches.sort((left, right) => numberOf(left) - numberOf(right))) {
      checkSize(base, batch, files.length);
      const name = `${kind}/${batch.key.slice(prefix.length)}`;
      const url = `${base}/${batch.key.split('/').map(encodeURIComponent).join('/')}`;
      files.push({ name, url, byteLength: batch.byteLength, etag: batch.etag });
      if (batch.modified !== undefined && batch.modified > newest) newest = batch.modified;
    }
  }
  return { files, date: newest === '' ? undefined : newest.slice(0, 10) };
}

function numberOf({ key }: ListedObject): number {
  return Number(/(\d+)\.jsonl\.gz$/.exec(key)?.[1]);
}

function checkSize(base: string, { byteLength, key }: ListedObject, count: number): void {
  const problem =
    count >= MAX_FILES
      ? `lists more than ${MAX_FILES} files`
      : byteLength > MAX_FILE_BYTES
        ? `${key} has ${byteLength} bytes, the limit is ${MAX_FILE_BYTES}`
        : undefined;
  if (problem !== undefined) throw new AntipodeError('network', `${base}: ${problem}`);
}

/** The older export: one file, whose size only its server knows. */
export function explanationsOnlyFile(env: Env, { modelId, sourceId }: ExportSource): ExportedFile {
  const name = `${modelId}_${sourceId}.json`;
  return {
    name,
    url: `${exportsBase(env)}/explanations-only/${encodeURIComponent(name)}`,
    byteLength: undefined,
  };
}
