/**
 * @file The folder that a run leaves: every table as Parquet, CSV and JSON, the report as Markdown, and a manifest of what made them. It
 * appears whole or not at all. The same inputs and seed give the same bytes, so nothing in it tells the time or the folder's own name.
 */

import { createHash } from 'node:crypto';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { throwIfInterrupted } from '../errors.ts';
import { type FolderKind, writeDirectoryAtomic } from '../formats/atomic.ts';
import { writeCsv } from '../formats/csv.ts';
import { hashFile } from '../formats/hash_file.ts';
import { writeJson } from '../formats/json/json.ts';
import { writeParquet } from '../formats/parquet/parquet.ts';
import type { Table } from '../formats/table.ts';
import { hfPlaceOf } from '../hub/hf_cache.ts';

/** A run folder is replaced by the next run only while it holds nothing but what its manifest lists. */
export const RUN_FOLDER: FolderKind = runFolderKind('geometry');

/** @param schema as the manifest's facts say it */
export function runFolderKind(schema: string): FolderKind {
  return {
    schema,
    filesOf: ({ outputs }) =>
      Array.isArray(outputs)
        ? outputs.map((output: { file?: unknown; sha256?: unknown } | null) => ({
            file: String(output?.file),
            sha256: String(output?.sha256),
          }))
        : [],
  };
}

export interface InputFile {
  /** What it was used as, e.g. `sae`. */
  readonly role: string;
  /** Label of the SAE that it belongs to. */
  readonly sae: string;
  readonly path: string;
}

export interface RunContents {
  readonly tables: readonly Table[];
  /** SVG by file name, such as `calibration.svg`. */
  readonly figures?: ReadonlyMap<string, string>;
  readonly reportMarkdown?: string;
  /** Further files by name, such as `report.json`. */
  readonly texts?: ReadonlyMap<string, string>;
  readonly inputs: readonly InputFile[];
  /** Versions, seed, parameters, notes: everything of the manifest but the files. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export type TableForm = 'parquet' | 'csv' | 'json';

const WRITERS: Readonly<Record<TableForm, (table: Table) => string | Uint8Array>> = {
  parquet: writeParquet,
  csv: writeCsv,
  json: writeJson,
};

const FORMS: readonly TableForm[] = ['parquet', 'csv', 'json'];

export interface WriteRunOptions {
  /** `RUN_FOLDER` where left out. */
  readonly kind?: FolderKind;
  /** Of the tables; all three where left out. */
  readonly forms?: readonly TableForm[];
  readonly signal?: AbortSignal;
}

/** @throws {AntipodeError} as `writeDirectoryAtomic` does: a foreign folder is never replaced */
export async function writeRunDirectory(
  dir: string,
  run: RunContents,
  options: WriteRunOptions = {},
): Promise<void> {
  const { kind = RUN_FOLDER, forms = FORMS, signal } = options;
  const inputs: unknown[] = [];
  for (const { role, sae, path } of run.inputs) {
    throwIfInterrupted(signal);
    const { size } = await stat(path);
    const sha256 = await hashFile(path, signal);
    inputs.push({ role, sae, file: basename(path), bytes: size, sha256, ...publishedAs(path) });
  }
  await writeDirectoryAtomic(
    dir,
    kind,
    async (temporary) => {
      const outputs: { file: string; bytes: number; sha256: string }[] = [];
      const put = async (file: string, content: string | Uint8Array): Promise<void> => {
        throwIfInterrupted(signal);
        const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
        await writeFile(join(temporary, file), bytes);
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        outputs.push({ file, bytes: bytes.byteLength, sha256 });
      };
      await mkdir(join(temporary, 'tables'), { recursive: true });
      for (const table of run.tables) {
        for (const form of forms) await put(`tables/${table.name}.${form}`, WRITERS[form](table));
      }
      if (run.figures?.size) await mkdir(join(temporary, 'figures'));
      for (const [file, svg] of run.figures ?? []) await put(`figures/${file}`, svg);
      if (run.reportMarkdown !== undefined) await put('report.md', run.reportMarkdown);
      for (const [file, text] of run.texts ?? []) await put(file, text);
      const manifest = { tool: 'antipode', ...run.facts, inputs, outputs };
      await writeFile(join(temporary, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    },
    { signal },
  );
}

/** Of files of the hub: the repository, the commit and the path there, by which the same bytes can be had again. */
export function publishedAs(path: string): Record<string, string> {
  const place = hfPlaceOf(path);
  return place ? { repo_id: place.repoId, commit: place.commit, repo_path: place.path } : {};
}
