/** @file What a dry run says about downloads: every file that would be fetched, with where it is, and its bytes where somebody knows them. */

import { posix } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { parseSourceRef } from '../features/feature_ref.ts';
import { listFeatureStores } from '../features/feature_store.ts';
import { planExport } from '../features/fetch_explanations.ts';
import { isOffline } from '../hub/hf_env.ts';
import { publishedRepository } from '../hub/published_files.ts';
import { plural } from '../report/display.ts';
import type { CliContext } from './context.ts';
import { exportSourceOf } from './fetch_explanations.ts';
import { httpFor } from './hub_access.ts';
import { formatBytes, visible } from './output.ts';

/** One that is not on this machine. */
export interface PlannedFile {
  /** `org/name` on the hub, `neuronpedia`, or the host of another address. */
  readonly repository: string;
  readonly path: string;
  /** More than one where the path stands for several; null where nobody knows how many. */
  readonly files: number | null;
  readonly bytes: number | null;
  /** Who says how many bytes: its server now, or the table that ships (`data/published_files.json`). */
  readonly known_by: 'server' | 'shipped table' | null;
}

/** What files of a repository are, as far as the table that ships goes. @param below a folder */
export function tabledFiles(repoId: string, below = ''): PlannedFile[] {
  return (publishedRepository(repoId)?.files ?? [])
    .filter(({ path }) => below === '' || path.startsWith(`${below}/`))
    .map(({ path, files = 1, bytes }) => ({
      repository: repoId,
      path,
      files,
      bytes,
      known_by: bytes === null ? null : 'shipped table',
    }));
}

/**
 * Explanations that a command would fetch for a source: none where they are imported, or Neuronpedia has no pages of it. Where it cannot be asked, its
 * files are listed all the same, of unknown number and size.
 */
export async function planExplanations(
  context: CliContext,
  neuronpediaId: string | undefined,
): Promise<PlannedFile[]> {
  const source = exportSourceOf(parseSourceRef(neuronpediaId ?? ''));
  if (!source) return [];
  const { env, signal } = context;
  const id = `${source.modelId}/${source.sourceId}`;
  const { stores } = await listFeatureStores(env);
  if (stores.some((store) => store.id === id)) return [];
  const at = (name: string): Pick<PlannedFile, 'path' | 'repository'> => ({
    repository: 'neuronpedia',
    path: `v1/${id}/${name}`,
  });
  const unknown = ['explanations', 'features'].map((kind) => ({
    ...at(`${kind}/batch-*.jsonl.gz`),
    files: null,
    bytes: null,
    known_by: null,
  }));
  if (isOffline(env)) return unknown;
  try {
    const { missing } = await planExport(source, { env, signal, http: httpFor(context) });
    return missing.map(({ name, byteLength }) => ({
      ...at(name),
      files: 1,
      bytes: byteLength ?? null,
      known_by: byteLength === undefined ? null : 'server',
    }));
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind === 'interrupted') throw error;
    // A source without an export is one whose explanations are not fetched.
    return error.kind === 'missing' ? [] : unknown;
  }
}

export interface Downloads {
  /** Of the files whose size is known. */
  readonly bytes: number;
  /** Entries of unknown size. */
  readonly of_unknown_size: number;
  readonly files: readonly PlannedFile[];
}

/** Each file once. */
export function downloadsOf(files: readonly PlannedFile[]): Downloads {
  const once = [...new Map(files.map((file) => [`${file.repository} ${file.path}`, file])).values()];
  return {
    bytes: once.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
    of_unknown_size: once.filter(({ bytes }) => bytes === null).length,
    files: once,
  };
}

/** Batches of one folder beyond this are one line for people. */
const LISTED_OF_FOLDER = 4;

/** Lines for people: a sum, then the files. None where nothing would be fetched. */
export function downloadLines({ bytes, files, of_unknown_size }: Downloads): string[] {
  if (files.length === 0) return [];
  const known = of_unknown_size === files.length ? [] : [formatBytes(bytes)];
  const unknown =
    of_unknown_size === 0 ? [] : [`${plural(of_unknown_size, 'entry', 'entries')} of unknown size`];
  return [`download ${[...known, ...unknown].join(', and ')}:`, ...gathered(files).map(fileLine)];
}

function gathered(files: readonly PlannedFile[]): PlannedFile[] {
  const folderOf = ({ path, repository }: PlannedFile): string => `${repository} ${posix.dirname(path)}`;
  const folders = new Map<string, PlannedFile[]>();
  for (const file of files) folders.set(folderOf(file), [...(folders.get(folderOf(file)) ?? []), file]);
  return [...folders.values()].flatMap((inside) => {
    const [first] = inside;
    if (first?.repository !== 'neuronpedia' || inside.length <= LISTED_OF_FOLDER) return inside;
    const sizes = inside.map(({ bytes }) => bytes);
    return {
      ...first,
      path: `${posix.dirname(first.path)}/batch-*.jsonl.gz`,
      files: inside.length,
      bytes: sizes.includes(null) ? null : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    };
  });
}

function fileLine({ repository, path, files, bytes, known_by }: PlannedFile): string {
  const size = bytes === null ? 'size unknown' : formatBytes(bytes);
  const count = files === 1 ? '' : files === null ? ', number of files unknown' : `, ${files} files`;
  const basis = known_by === 'shipped table' ? ' (as published; the hub was not asked)' : '';
  return `  ${visible(repository)}: ${visible(path)}${count}, ${size}${basis}`;
}
