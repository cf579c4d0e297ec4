/** @file Export files into the rows of every source they speak of, with a count of what could not be used and why. */

import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import { findExportFiles, openExport, type ReadFacts } from './export_files.ts';
import { recordsOf } from './export_record.ts';
import { FeatureCollector, type FeatureData } from './feature_data.ts';
import type { SourceRef } from './feature_ref.ts';

export interface ReadExportsOptions {
  readonly cwd: string;
  /** Read for `-`. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Model and source of rows that name none. */
  readonly known?: SourceRef;
  readonly signal?: AbortSignal;
  /** Files done, files in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface InputFacts extends ReadFacts {
  readonly name: string;
}

export interface SourceExport {
  readonly data: FeatureData;
  /** The files that hold rows of this source. */
  readonly inputs: readonly InputFacts[];
}

export interface Skipped {
  readonly count: number;
  /** The first few, as `batch-3.jsonl.gz:17: index is "x", expected a whole number`. */
  readonly reasons: readonly string[];
}

export interface ReadExports {
  /** By id; never empty. */
  readonly sources: readonly SourceExport[];
  readonly skipped: Skipped;
  readonly ignored: readonly string[];
  /** Absolute paths, in the order of reading. */
  readonly paths: readonly string[];
}

const SHOWN_REASONS = 5;
const ROWS_BETWEEN_CHECKS = 1000;

/**
 * @throws {AntipodeError} `missing` for a path that is not there, `format` for a file that is not JSON or holds nothing usable, `resource`
 * for more rows than fit, `interrupted`
 */
export async function readExports(
  paths: readonly string[],
  options: ReadExportsOptions,
): Promise<ReadExports> {
  const { files, ignored } = await findExportFiles(paths, options.cwd);
  const collector = new FeatureCollector();
  const inputs = new Map<string, InputFacts[]>();
  const skipped = { count: 0, reasons: [] as string[] };
  for (const [done, file] of files.entries()) {
    options.onProgress?.(done, files.length);
    const stream = openExport(file, options.stdin);
    const found = new Set<string>();
    let rows = 0;
    for await (const { where, value } of stream.values) {
      if (rows++ % ROWS_BETWEEN_CHECKS === 0) throwIfInterrupted(options.signal);
      for (const result of recordsOf(value, options.known)) {
        if ('skipped' in result) {
          skipped.count += 1;
          if (skipped.reasons.length < SHOWN_REASONS) skipped.reasons.push(`${where}: ${result.skipped}`);
          continue;
        }
        collector.add(result.rows);
        found.add(`${result.rows.modelId}/${result.rows.sourceId}`);
      }
    }
    const facts = { name: file.name, ...stream.facts() };
    for (const id of found) inputs.set(id, [...(inputs.get(id) ?? []), facts]);
  }
  throwIfInterrupted(options.signal);
  const sources = collector.finish().map((data) => ({
    data,
    inputs: inputs.get(`${data.modelId}/${data.sourceId}`) ?? [],
  }));
  if (sources.length === 0) throw nothingUsable(paths, skipped);
  return { sources, skipped, ignored, paths: files.map(({ path }) => path) };
}

/** `3 rows skipped (labels.json:2: …)`; undefined where none were. */
export function skippedSentence({ count, reasons }: Skipped): string | undefined {
  if (count === 0) return undefined;
  const more = count > reasons.length ? '; …' : '';
  return `${count} ${count === 1 ? 'row' : 'rows'} skipped (${reasons.join('; ')}${more})`;
}

function nothingUsable(paths: readonly string[], skipped: Skipped): AntipodeError {
  const reason = skippedSentence(skipped) ?? 'no rows';
  return new AntipodeError(
    'format',
    `${paths.join(', ')}: no explanations and no firing facts in it (${reason})`,
    {
      hint: 'expected an export of Neuronpedia (explanations/ or features/ batches, or a JSON array) or of SAEDashboard',
    },
  );
}
