/** @file Explanations by the id of their source, fetched from Neuronpedia where they are not imported yet. */

import { AntipodeError } from '../errors.ts';
import { knownAbsence } from '../features/absent_export.ts';
import type { ExplanationLookup } from '../features/explanation_lookup.ts';
import { neuronpediaIdOf, parseSourceRef, type SourceRef } from '../features/feature_ref.ts';
import {
  type FetchExplanationsOptions,
  type FetchedExplanations,
  fetchExplanations,
} from '../features/fetch_explanations.ts';
import {
  type OpenExplanationsOptions,
  openExplanations,
  openImported,
} from '../features/open_explanations.ts';
import { isEmbeddedId } from '../hub/embedded_default.ts';
import type { ExportSource } from '../hub/neuronpedia_export.ts';
import type { CliContext } from './context.ts';
import { createFetchBars, downloadHint, httpFor, mayFetch } from './hub_access.ts';
import { visible } from './output.ts';

/** As `fetchSource`, but for what Neuronpedia did not have some days ago, which only `antipode download` asks for again. */
export async function fetchUnlessAbsent(context: CliContext, source: ExportSource): Promise<void> {
  const day = await knownAbsence(context.env, source);
  if (day === undefined) {
    await fetchSource(context, source);
    return;
  }
  const id = `${source.modelId}/${source.sourceId}`;
  throw new AntipodeError('missing', `${id}: Neuronpedia had no export of this source on ${day}`, {
    hint: `it is asked again by: antipode download ${id} --only explanations`,
  });
}

/** With a progress line, and warnings about what was left out. @throws {AntipodeError} as `fetchExplanations` */
export async function fetchSource(
  context: CliContext,
  source: ExportSource,
  options: Pick<FetchExplanationsOptions, 'activations' | 'export'> = {},
): Promise<FetchedExplanations> {
  const bars = createFetchBars(context);
  const shown = `explanations of ${source.modelId}/${source.sourceId}`;
  try {
    const fetched = await fetchExplanations(source, {
      ...options,
      env: context.env,
      http: httpFor(context),
      signal: context.signal,
      onProgress: (bytes, total) => bars.update(shown, bytes, total),
    });
    for (const warning of fetched.warnings) context.out().warn(visible(warning));
    return fetched;
  } finally {
    bars.end();
  }
}

/** What a source reference means to Neuronpedia: undefined unless it names model and source, and for what ships with antipode. */
export function exportSourceOf(ref: SourceRef | undefined): ExportSource | undefined {
  const id = ref && neuronpediaIdOf(ref);
  if (!ref?.modelId || !ref.sourceId || isEmbeddedId(id)) return undefined;
  return { modelId: ref.modelId, sourceId: ref.sourceId };
}

/** As `openImported`, after fetching what is not there. */
export async function openImportedOrFetch(
  context: CliContext,
  ref: string | { readonly source: SourceRef; readonly asked: string },
  explainer?: string,
): Promise<ExplanationLookup> {
  const source = typeof ref === 'string' ? parseSourceRef(ref) : ref.source;
  return orFetched(context, source, () => openImported(ref, { env: context.env, explainer }));
}

/** As `openExplanations`, after fetching what is neither a path nor imported. */
export async function openExplanationsOrFetch(
  context: CliContext,
  ref: string,
  options: OpenExplanationsOptions,
): Promise<ExplanationLookup> {
  // What looks like a path is a mistyped one.
  const source = /^[./~]|\.(?:jsonl?|ndjson)(?:\.gz)?$/.test(ref) ? undefined : parseSourceRef(ref);
  return orFetched(context, source, () => openExplanations(ref, options));
}

async function orFetched(
  context: CliContext,
  ref: SourceRef | undefined,
  open: () => Promise<ExplanationLookup>,
): Promise<ExplanationLookup> {
  try {
    return await open();
  } catch (error) {
    const source = exportSourceOf(ref);
    if (!source || !(error instanceof AntipodeError) || error.kind !== 'missing') throw error;
    if (!mayFetch(context)) {
      throw new AntipodeError('missing', error.message, {
        hint: downloadHint(context, `${source.modelId}/${source.sourceId} --only explanations`),
      });
    }
    await fetchUnlessAbsent(context, source);
    return open();
  }
}
