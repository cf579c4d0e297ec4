/**
 * @file `manifest.json` of a feature store: what the two tables beside it hold, where they came from, and their hashes. Schema:
 * `tool` = `antipode`, `schema` = `features`, `schema_version` = 1; names in snake_case. Leaves out the tables.
 */

import { join } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { parseJson } from '../formats/json/json_text.ts';
import { openFileSource, readBytes } from '../formats/source.ts';
import type { ExplainerCount } from './feature_data.ts';
import { isNeuronpediaName } from './feature_ref.ts';
import type { InputFacts } from './read_exports.ts';

export const MANIFEST_FILE = 'manifest.json';
export const STORE_SCHEMA_VERSION = 1;

/** A few thousand inputs at 200 bytes each. */
const MAX_MANIFEST_BYTES = 64 * 2 ** 20;

export type TableName = 'explanations' | 'features';

export interface TableFacts {
  readonly rows: number;
  readonly byteLength: number;
  readonly sha256: string;
}

export interface ExportDate {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** `given` by the user, when the `server` says it was written, or the newest date on a `row`. */
  readonly from: 'given' | 'server' | 'row';
}

export interface StoreManifest {
  readonly modelId: string;
  readonly sourceId: string;
  readonly exported: ExportDate | undefined;
  /** Features with at least one explanation. */
  readonly explained: number;
  readonly explainers: readonly ExplainerCount[];
  readonly tables: Readonly<Partial<Record<TableName, TableFacts>>>;
  readonly inputs: readonly InputFacts[];
}

/** The same facts give the same bytes. */
export function manifestText(manifest: StoreManifest): string {
  const { modelId, sourceId, exported, explained, explainers, tables, inputs } = manifest;
  const document = {
    tool: 'antipode',
    schema: 'features',
    schema_version: STORE_SCHEMA_VERSION,
    model_id: modelId,
    source_id: sourceId,
    exported: exported ?? null,
    explained_features: explained,
    explainers,
    tables: Object.fromEntries(
      Object.entries(tables).map(([name, { rows, byteLength, sha256 }]) => [
        name,
        { file: `${name}.parquet`, rows, byte_length: byteLength, sha256 },
      ]),
    ),
    inputs: inputs.map(({ name, byteLength, sha256 }) => ({ name, byte_length: byteLength, sha256 })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * @returns undefined where the folder has no manifest, or one of something else
 * @throws {AntipodeError} `format` for a manifest of a store that cannot be read
 */
export async function readManifest(dir: string): Promise<StoreManifest | undefined> {
  const path = join(dir, MANIFEST_FILE);
  const source = await openFileSource(path, path).catch((error: unknown) => {
    if (error instanceof AntipodeError && error.kind === 'missing') return undefined;
    throw error;
  });
  if (!source) return undefined;
  try {
    if (source.byteLength > MAX_MANIFEST_BYTES) return undefined;
    const value = parseManifest(await readBytes(source, 0, source.byteLength), path);
    if (!isRecord(value) || value['tool'] !== 'antipode' || value['schema'] !== 'features') return undefined;
    return manifestFrom(value, path);
  } finally {
    await source.close();
  }
}

function parseManifest(bytes: Uint8Array, path: string): unknown {
  try {
    return parseJson(bytes, path);
  } catch (error) {
    throw new AntipodeError('format', `${path}: not JSON, so this folder is not a usable feature store`, {
      hint: 'remove it with `antipode cache rm` and import the exports again',
      cause: error,
    });
  }
}

function manifestFrom(value: Record<string, unknown>, path: string): StoreManifest {
  const version = value['schema_version'];
  if (version !== STORE_SCHEMA_VERSION) {
    throw damaged(path, `schema_version is ${String(version)}, expected ${STORE_SCHEMA_VERSION}`);
  }
  const [modelId, sourceId] = [value['model_id'], value['source_id']];
  if (typeof modelId !== 'string' || !isNeuronpediaName(modelId))
    throw damaged(path, 'model_id is not a name');
  if (typeof sourceId !== 'string' || !isNeuronpediaName(sourceId))
    throw damaged(path, 'source_id is not a name');
  return {
    modelId,
    sourceId,
    exported: exportedFrom(value['exported'], path),
    explained: count(value['explained_features'], path, 'explained_features'),
    explainers: list(value['explainers'], path, 'explainers').map((entry) => ({
      name: entry['name'] === null ? null : text(entry['name'], path, 'explainers.name'),
      explanations: count(entry['explanations'], path, 'explainers.explanations'),
      features: count(entry['features'], path, 'explainers.features'),
    })),
    tables: tablesFrom(value['tables'], path),
    inputs: list(value['inputs'], path, 'inputs').map((entry) => ({
      name: text(entry['name'], path, 'inputs.name'),
      byteLength: count(entry['byte_length'], path, 'inputs.byte_length'),
      sha256: text(entry['sha256'], path, 'inputs.sha256'),
    })),
  };
}

function tablesFrom(value: unknown, path: string): StoreManifest['tables'] {
  if (!isRecord(value)) throw damaged(path, 'tables is missing');
  const tables: Partial<Record<TableName, TableFacts>> = {};
  for (const name of ['explanations', 'features'] as const) {
    const entry = value[name];
    if (entry === undefined) continue;
    if (!isRecord(entry)) throw damaged(path, `tables.${name} is not an object`);
    tables[name] = {
      rows: count(entry['rows'], path, 'rows'),
      byteLength: count(entry['byte_length'], path, 'byte_length'),
      sha256: text(entry['sha256'], path, 'sha256'),
    };
  }
  return tables;
}

function exportedFrom(value: unknown, path: string): ExportDate | undefined {
  if (value === null || value === undefined) return undefined;
  if (!isRecord(value)) throw damaged(path, 'exported is not an object');
  return {
    date: text(value['date'], path, 'exported.date'),
    from: value['from'] === 'given' || value['from'] === 'server' ? value['from'] : 'row',
  };
}

function list(value: unknown, path: string, name: string): Record<string, unknown>[] {
  if (!Array.isArray(value) || !value.every(isRecord))
    throw damaged(path, `${name} is not a list of objects`);
  return value;
}

function text(value: unknown, path: string, name: string): string {
  if (typeof value !== 'string') throw damaged(path, `${name} is not text`);
  return value;
}

function count(value: unknown, path: string, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw damaged(path, `${name} is not a count`);
  }
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function damaged(path: string, problem: string): AntipodeError {
  return new AntipodeError('format', `${path}: not a usable feature store (${problem})`, {
    hint: 'import the exports again with `antipode features import --replace`',
  });
}
