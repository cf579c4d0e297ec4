/**
 * @file What a steering run leaves behind its replies and verdicts: tables, figures, report and manifest, in the folder that they lie in. The manifest goes
 * first and comes last, so that a folder with one is whole. The same replies and verdicts give the same bytes.
 */

import { createHash } from 'node:crypto';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import { writeFileAtomic } from '../formats/atomic.ts';
import { writeCsv } from '../formats/csv.ts';
import { hashFile } from '../formats/hash_file.ts';
import { writeJson } from '../formats/json/json.ts';
import { writeParquet } from '../formats/parquet/parquet.ts';
import type { Table } from '../formats/table.ts';

export interface SteeringFolderContents {
  readonly tables: readonly Table[];
  /** By file name, such as `calibration.svg`. */
  readonly figures: ReadonlyMap<string, string>;
  readonly reportMarkdown: string;
  /** Relative to the folder: what the tables were made of, such as `replies.jsonl`. */
  readonly kept: readonly string[];
  /** Everything of the manifest but the files; `schema` among it. */
  readonly facts: Readonly<Record<string, unknown>>;
}

interface OutputFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

const MANIFEST = 'manifest.json';

/** What is made anew each time; everything else that a manifest lists is kept. */
const MADE = /^(tables|figures)\/|^report\.md$/;

/**
 * Replaces what the folder's manifest vouches for. What it does not list stays where it is.
 * @throws {AntipodeError} `usage` where somebody edited one of these files since, `resource`, `interrupted`
 */
export async function writeSteeringFolder(
  dir: string,
  contents: SteeringFolderContents,
  signal?: AbortSignal,
): Promise<void> {
  throwIfInterrupted(signal);
  const before = (await madeBefore(dir)).map(({ file }) => file);
  await rm(join(dir, MANIFEST), { force: true });
  const outputs: OutputFile[] = [];
  for (const file of contents.kept) {
    const { size } = await stat(join(dir, file));
    outputs.push({ file, bytes: size, sha256: await hashFile(join(dir, file), signal) });
  }
  for (const [file, content] of filesOf(contents)) {
    throwIfInterrupted(signal);
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    await writeFileAtomic(join(dir, file), bytes);
    outputs.push({ file, bytes: bytes.byteLength, sha256: sha256(bytes) });
  }
  for (const file of before) {
    if (!outputs.some((output) => output.file === file)) await rm(join(dir, file), { force: true });
  }
  const manifest = { tool: 'antipode', ...contents.facts, outputs };
  await writeFileAtomic(join(dir, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * The check of `writeSteeringFolder`, for commands that work for long before they write; and that these files, where the manifest of a finished run lists
 * them, are still what its tables were made of. A file that is gone can be made again.
 * @param shown the folder in messages
 * @param sources such as `replies.jsonl`
 * @throws {AntipodeError} `usage` for an edited table, figure or report, `check` for an edited source
 */
export async function checkSteeringFolder(
  dir: string,
  shown: string,
  sources: readonly string[],
): Promise<void> {
  await checkSources(dir, shown, sources);
  await madeBefore(dir);
}

/** The half of `checkSteeringFolder` for commands that write nothing. */
export async function checkSources(dir: string, shown: string, sources: readonly string[]): Promise<void> {
  for (const { file, sha256: expected } of await readOutputs(join(dir, MANIFEST))) {
    if (!sources.includes(file)) continue;
    const found = await stat(join(dir, file)).catch(() => undefined);
    if (!found || (await hashFile(join(dir, file))) === expected) continue;
    throw new AntipodeError(
      'check',
      `${shown}: ${file} is not what it was when the run ended (${MANIFEST} holds its hash)`,
      { hint: 'put the file back as it was, or begin anew with another folder: --out' },
    );
  }
}

function* filesOf({
  tables,
  figures,
  reportMarkdown,
}: SteeringFolderContents): Iterable<readonly [string, string | Uint8Array]> {
  for (const table of tables) {
    yield [`tables/${table.name}.parquet`, writeParquet(table)];
    yield [`tables/${table.name}.csv`, writeCsv(table)];
    yield [`tables/${table.name}.json`, writeJson(table)];
  }
  for (const [file, svg] of figures) yield [`figures/${file}`, svg];
  yield ['report.md', reportMarkdown];
}

/** Files of the last time that are still as they were written; those that are gone are passed over. */
async function madeBefore(dir: string): Promise<OutputFile[]> {
  const made = (await readOutputs(join(dir, MANIFEST))).filter(({ file }) => MADE.test(file));
  const found: OutputFile[] = [];
  for (const output of made) {
    const bytes = await readFile(join(dir, output.file)).catch(() => undefined);
    if (!bytes) continue;
    if (sha256(bytes) !== output.sha256)
      throw inTheWay(dir, `${output.file}, changed since antipode wrote it`);
    found.push(output);
  }
  return found;
}

function inTheWay(dir: string, what: string): AntipodeError {
  return new AntipodeError('usage', `${dir}: holds ${what}`, {
    hint: 'move it away, then run the same command again',
  });
}

/** Empty where there is no manifest, or none of ours. */
async function readOutputs(path: string): Promise<OutputFile[]> {
  try {
    const manifest = JSON.parse(await readFile(path, 'utf8')) as { tool?: unknown; outputs?: unknown } | null;
    if (manifest?.tool !== 'antipode' || !Array.isArray(manifest.outputs)) return [];
    return manifest.outputs.filter(
      (output: Partial<OutputFile> | null): output is OutputFile =>
        typeof output?.file === 'string' && typeof output.sha256 === 'string' && !output.file.includes('..'),
    );
  } catch {
    return [];
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
