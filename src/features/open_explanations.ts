/**
 * @file One name for every place that explanations come from: a store folder, an export file or folder (read directly), `-` for stdin, or
 * the id of an imported source.
 */

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AntipodeError, systemErrorCode } from '../errors.ts';
import type { Env } from '../hub/cache_dirs.ts';
import { embeddedSae } from '../hub/embedded_default.ts';
import { type ExplanationLookup, lookupIn } from './explanation_lookup.ts';
import { newestDate } from './feature_data.ts';
import { neuronpediaIdOf, parseSourceRef, type SourceRef } from './feature_ref.ts';
import { findFeatureStore, fits, readStoreIn } from './feature_store.ts';
import { readExports, type SourceExport, skippedSentence } from './read_exports.ts';
import { damaged } from './store_manifest.ts';

export interface OpenExplanationsOptions {
  readonly env: Env;
  readonly cwd: string;
  /** Read for `-`. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Prefer this explainer's words; the one with most features otherwise. */
  readonly explainer?: string | undefined;
  /** `model/source`, a source or a layer: what to take from an export that holds several, and the source of rows that name none. */
  readonly source?: string | undefined;
  readonly signal?: AbortSignal;
}

/**
 * @param ref a path wins over an id of the same name
 * @throws {AntipodeError} `missing` where it is neither a path nor imported, `usage` where it holds several sources and `source` does not
 * choose, or for an unknown explainer, `format` for damaged files
 */
export async function openExplanations(
  ref: string,
  options: OpenExplanationsOptions,
): Promise<ExplanationLookup> {
  if (ref !== '-') {
    const path = resolve(options.cwd, ref);
    const kind = await kindAt(path);
    if (kind === 'folder') {
      const lookup = await openStore(path, options);
      if (lookup) return lookup;
    }
    if (kind === undefined) return openImported(ref, options);
  }
  return openExports(ref, options);
}

/** The imported store of a source; for the embedded default, without an import, what ships with it. @throws {AntipodeError} `missing`, `usage` or `format` */
export async function openImported(
  ref: string | { readonly source: SourceRef; readonly asked: string },
  options: Pick<OpenExplanationsOptions, 'env' | 'explainer'>,
): Promise<ExplanationLookup> {
  const { source, asked } = typeof ref === 'string' ? { source: parseSourceRef(ref), asked: ref } : ref;
  if (!source) {
    throw new AntipodeError('missing', `${asked}: neither a file nor a folder nor the id of a source`, {
      hint: 'antipode features list shows the sources that are here',
    });
  }
  const embedded = embeddedSae(neuronpediaIdOf(source) ?? asked);
  const { dir } = await findFeatureStore(options.env, source, asked).catch((error: unknown) => {
    if (embedded && error instanceof AntipodeError && error.kind === 'missing') {
      return { dir: embedded.explanations };
    }
    throw error;
  });
  if (dir === embedded?.explanations) return openExports(dir, { ...options, cwd: '/' });
  const lookup = await openStore(dir, options);
  if (!lookup) throw damaged(dir, 'it has changed while it was opened');
  return lookup;
}

async function openStore(
  dir: string,
  { explainer }: Pick<OpenExplanationsOptions, 'explainer'>,
): Promise<ExplanationLookup | undefined> {
  const store = await readStoreIn(dir);
  if (!store) return undefined;
  return lookupIn(store.data, { explainer, exportDate: store.manifest.exported?.date, files: store.files });
}

async function openExports(ref: string, options: OpenExplanationsOptions): Promise<ExplanationLookup> {
  const { cwd, stdin, signal, source, explainer } = options;
  const known = source === undefined ? undefined : parseSourceRef(source);
  const { sources, skipped, paths } = await readExports([ref], {
    cwd,
    ...(stdin && { stdin }),
    ...(signal && { signal }),
    ...(known && { known }),
  });
  const { data } = choose(sources, ref, source, known);
  const sentence = skippedSentence(skipped);
  return lookupIn(data, {
    explainer,
    exportDate: newestDate(data),
    files: paths.filter((path) => path !== '-'),
    warnings: sentence === undefined ? [] : [`${ref}: ${sentence}`],
  });
}

function choose(
  sources: readonly SourceExport[],
  ref: string,
  asked: string | undefined,
  wanted: SourceRef | undefined,
): SourceExport {
  const [first] = sources;
  if (first && sources.length === 1) return first;
  const fitting = wanted ? sources.filter(({ data }) => fits(wanted, data)) : [];
  const [only] = fitting;
  if (only && fitting.length === 1) return only;
  const ids = (fitting.length > 0 ? fitting : sources).map(({ data }) => `${data.modelId}/${data.sourceId}`);
  const shown = `${ids.slice(0, 10).join(', ')}${ids.length > 10 ? ', …' : ''}`;
  const got = asked === undefined || fitting.length > 0 ? '' : `, none of them ${asked}`;
  throw new AntipodeError('usage', `${ref}: holds ${ids.length} sources (${shown})${got}`, {
    hint: 'name one by its full id, or import them with `antipode features import`',
  });
}

async function kindAt(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}
