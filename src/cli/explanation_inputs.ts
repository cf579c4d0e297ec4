/** @file What is known about an SAE's features, from where a command was pointed to or from what was imported. */

import { sep } from 'node:path';
import { AntipodeError } from '../errors.ts';
import type { ExplanationLookup } from '../features/explanation_lookup.ts';
import { parseSourceRef } from '../features/feature_ref.ts';
import { featureStoresDir } from '../features/feature_store.ts';
import { openImported } from '../features/open_explanations.ts';
import { isEmbeddedId } from '../hub/embedded_default.ts';
import { hfPlaceOf } from '../hub/hf_cache.ts';
import { type FeatureNotes, NO_NOTES } from '../report/feature_notes.ts';
import type { SaeFile } from '../sae/sae.ts';
import { syntheticFiles } from '../sae/synthetic_file.ts';
import type { CliContext } from './context.ts';
import { exportSourceOf, fetchUnlessAbsent, openExplanationsOrFetch } from './fetch_explanations.ts';
import { mayFetch } from './hub_access.ts';
import { visible } from './output.ts';

export interface ExplanationFlags {
  readonly explanations: string | undefined;
  readonly explainer: string | undefined;
}

export interface KnownNotes {
  readonly notes: FeatureNotes;
  readonly explanationFiles: readonly string[];
  /** Explainer, date and count, for the manifest; null without explanations. */
  readonly explanationFacts: Readonly<Record<string, unknown>> | null;
}

/** @throws {AntipodeError} as `openExplanations`; where nothing was named, having nothing is no error */
export async function notesFor(
  context: CliContext,
  flags: ExplanationFlags,
  sae: SaeFile,
): Promise<KnownNotes> {
  const lookup = await explanationsFor(context, flags, sae);
  if (!lookup && flags.explainer !== undefined) {
    context
      .out()
      .warn(
        visible(`${sae.header.identity.label}: no explanations are here, so --explainer chooses nothing`),
      );
  }
  return describe(context, lookup, sae);
}

/** Those named for this SAE; else the generated ones, or what was imported under the SAE's Neuronpedia id. */
async function explanationsFor(
  context: CliContext,
  { explanations: named, explainer }: ExplanationFlags,
  sae: SaeFile,
): Promise<ExplanationLookup | undefined> {
  const { env, cwd, stdin, signal } = context;
  const { neuronpediaId, isSynthetic } = sae.header.identity;
  const ref = named ?? (isSynthetic ? syntheticFiles(env).explanations : undefined);
  if (ref !== undefined) {
    return openExplanationsOrFetch(context, ref, {
      env,
      cwd,
      stdin,
      signal,
      explainer,
      source: isSynthetic ? undefined : neuronpediaId,
    });
  }
  if (neuronpediaId === undefined) return undefined;
  try {
    return await openImported(neuronpediaId, { env, explainer });
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind !== 'missing') throw error;
    return fetchedFor(context, sae, explainer);
  }
}

/** Of SAEs that came from the hub, and nobody's own files; having nothing is no error here, so a network that fails is none either. */
async function fetchedFor(
  context: CliContext,
  { header: { files, identity } }: SaeFile,
  explainer: string | undefined,
): Promise<ExplanationLookup | undefined> {
  const { neuronpediaId } = identity;
  const [weights] = files;
  if (!neuronpediaId || !weights || !hfPlaceOf(weights.path) || !mayFetch(context)) return undefined;
  const source = exportSourceOf(parseSourceRef(neuronpediaId));
  if (!source) return undefined;
  try {
    await fetchUnlessAbsent(context, source);
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind === 'interrupted') throw error;
    context.out().note(visible(`going on without explanations: ${error.message}`));
    return undefined;
  }
  return openImported(neuronpediaId, { env: context.env, explainer });
}

/** Where an import stands in the way of what ships with the embedded default: which is used, and how to get back to the other. */
export function noteShadowed(context: CliContext, { files, neuronpediaId }: ExplanationLookup): void {
  const sentence = shadowSentence(neuronpediaId);
  const isImported = files.some((file) => file.startsWith(featureStoresDir(context.env) + sep));
  if (isImported && sentence !== undefined) context.out().note(sentence);
}

/** Undefined for sources of which nothing ships. */
export function shadowSentence(neuronpediaId: string): string | undefined {
  if (!isEmbeddedId(neuronpediaId)) return undefined;
  return `${neuronpediaId}: imported explanations take the place of those that ship with it; back to these: antipode cache rm features/${neuronpediaId}`;
}

function describe(context: CliContext, lookup: ExplanationLookup | undefined, sae: SaeFile): KnownNotes {
  if (!lookup) return { notes: NO_NOTES, explanationFiles: [], explanationFacts: null };
  const { neuronpediaId, isSynthetic } = sae.header.identity;
  for (const warning of lookup.warnings) context.out().warn(visible(warning));
  noteShadowed(context, lookup);
  if (!isSynthetic && neuronpediaId !== undefined && lookup.neuronpediaId !== neuronpediaId) {
    context
      .out()
      .warn(
        visible(
          `the explanations are of ${lookup.neuronpediaId}, the SAE is ${neuronpediaId}: they describe other features`,
        ),
      );
  }
  const last = lookup.explained().at(-1) ?? 0;
  const { dSae } = sae.header;
  if (last >= dSae) {
    const sentence = `the explanations go up to feature ${last}, ${sae.header.identity.label} has ${dSae} features: they may be of another dictionary`;
    context.out().warn(visible(sentence));
  }
  return {
    notes: lookup,
    explanationFiles: lookup.files,
    explanationFacts: {
      source: lookup.neuronpediaId,
      explainer: lookup.explainer ?? null,
      export_date: lookup.exportDate ?? null,
      explained_features: lookup.count,
    },
  };
}
