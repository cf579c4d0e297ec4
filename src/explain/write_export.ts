/**
 * @file Explanations and statistics as a folder in the layout of Neuronpedia's bulk export: `v1/{model}/{source}/{explanations,features,activations}/
 * batch-N.jsonl.gz`, with a `manifest.json` that says what they were made from. The folder of a source appears whole or not at all; the same content gives
 * the same bytes (with one version of Node: deflate may differ between them).
 */

import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import { isNeuronpediaName } from '../features/feature_ref.ts';
import { checkOutputDirectory, type FolderKind, writeDirectoryAtomic } from '../formats/atomic.ts';
import {
  activationRow,
  type ExportedExplanation,
  type ExportRow,
  explanationRow,
  featureRow,
  type SourceName,
} from './export_rows.ts';
import type { FeatureStatistics } from './statistics.ts';

export interface ExplanationExport extends SourceName {
  readonly statistics: FeatureStatistics;
  /** By feature, ascending. */
  readonly explanations: readonly ExportedExplanation[];
  /** One token alone, as `Tokenizer.tokenText`. */
  readonly tokenText: (id: number) => string;
  /** Whether contexts are written: by far the largest part. */
  readonly hasActivations: boolean;
  /** For the manifest, in snake_case: model, SAE, corpus, settings. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface WrittenExport {
  /** `…/v1/{model}/{source}`. */
  readonly dir: string;
  /** Relative to it. */
  readonly files: readonly string[];
  readonly byteLength: number;
}

/** Features per batch: as many as Neuronpedia has rows in one. */
const BATCH_FEATURES = 1024;

const SCHEMA = 'explanations';
const SCHEMA_VERSION = 1;

const EXPORT_FOLDER: FolderKind = {
  schema: SCHEMA,
  filesOf: (manifest) => {
    const files: unknown = manifest['files'];
    return Array.isArray(files) ? files.filter(isOwnedFile) : [];
  },
};

function isOwnedFile(value: unknown): value is { readonly file: string; readonly sha256: string } {
  if (typeof value !== 'object' || value === null || !('file' in value) || !('sha256' in value)) return false;
  return typeof value.file === 'string' && typeof value.sha256 === 'string';
}

/** @throws {AntipodeError} `usage` for names that cannot be folders */
export function exportFolder(root: string, { modelId, sourceId }: SourceName): string {
  for (const [what, name] of [
    ['model', modelId],
    ['source', sourceId],
  ] as const) {
    if (isNeuronpediaName(name)) continue;
    throw new AntipodeError(
      'usage',
      `${what} id: got ${JSON.stringify(name.slice(0, 140))}, expected letters, digits, dots, dashes and underscores`,
      { hint: 'choose the ids with --id model/source' },
    );
  }
  return join(root, 'v1', modelId, sourceId);
}

/** For commands that work for long before they write. @throws {AntipodeError} `usage` where something else is there */
export function checkExportFolder(root: string, source: SourceName): Promise<void> {
  return checkOutputDirectory(exportFolder(root, source), EXPORT_FOLDER);
}

/**
 * Replaces an earlier export of this source that nobody changed, and nothing else.
 * @param root gets `v1/` inside
 * @throws {AntipodeError} `usage` where something else is there, `resource`, `interrupted`
 */
export async function writeExplanationExport(
  root: string,
  content: ExplanationExport,
  signal?: AbortSignal,
): Promise<WrittenExport> {
  const dir = exportFolder(root, content);
  const files: FileFacts[] = [];
  const fill = async (temporary: string): Promise<void> => {
    const { features } = content.statistics;
    for (let batch = 0; batch * BATCH_FEATURES < features.length; batch++) {
      const part = features.slice(batch * BATCH_FEATURES, (batch + 1) * BATCH_FEATURES);
      for (const [kind, rows] of rowsOf(content, part)) {
        throwIfInterrupted(signal);
        if (rows.length > 0) files.push(await writeBatch(temporary, `${kind}/batch-${batch}.jsonl.gz`, rows));
      }
    }
    await writeFile(join(temporary, 'manifest.json'), manifestText(content, files));
  };
  await writeDirectoryAtomic(dir, EXPORT_FOLDER, fill, { signal });
  return {
    dir,
    files: files.map(({ file }) => file),
    byteLength: files.reduce((sum, { byte_length }) => sum + byte_length, 0),
  };
}

function* rowsOf(
  content: ExplanationExport,
  features: readonly number[],
): Iterable<readonly [kind: string, rows: readonly ExportRow[]]> {
  const { statistics, explanations, tokenText, hasActivations } = content;
  const [first = 0, last = -1] = [features[0], features.at(-1)];
  const explained = explanations.filter(({ feature }) => feature >= first && feature <= last);
  yield ['explanations', explained.map((one) => explanationRow(content, one))];
  yield ['features', features.map((feature) => featureRow(content, statistics, feature))];
  if (!hasActivations) return;
  yield [
    'activations',
    features.flatMap((feature) =>
      statistics.contexts(feature).map((context) => activationRow(content, feature, context, tokenText)),
    ),
  ];
}

interface FileFacts {
  readonly file: string;
  readonly rows: number;
  readonly byte_length: number;
  readonly sha256: string;
}

const zip = promisify(gzip);

async function writeBatch(folder: string, file: string, rows: readonly ExportRow[]): Promise<FileFacts> {
  const bytes = await zip(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  // RFC 1952: the operating system, which zlib writes by itself; 255 is "unknown". The time is 0 already.
  bytes[9] = 255;
  await mkdir(join(folder, file, '..'), { recursive: true });
  await writeFile(join(folder, file), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file, rows: rows.length, byte_length: bytes.byteLength, sha256 };
}

function manifestText(content: ExplanationExport, files: readonly FileFacts[]): string {
  const { modelId, sourceId, statistics, explanations, facts } = content;
  const document = {
    tool: 'antipode',
    schema: SCHEMA,
    schema_version: SCHEMA_VERSION,
    model_id: modelId,
    source_id: sourceId,
    d_sae: statistics.dSae,
    features: statistics.features.length,
    explained: explanations.length,
    documents: statistics.documents,
    tokens: statistics.tokens,
    ...facts,
    files,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
