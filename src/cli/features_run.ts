/** @file The work of `antipode features`: opens stores and exports, and prints what they say. Explanations are untrusted text. */

import { AntipodeError } from '../errors.ts';
import type { ExplanationLookup } from '../features/explanation_lookup.ts';
import {
  type FeatureRef,
  formatFeatureRef,
  parseFeatureRef,
  parseIndex,
  parseSourceRef,
  type SourceRef,
} from '../features/feature_ref.ts';
import { fits, listFeatureStores, storeSource } from '../features/feature_store.ts';
import { readExports, skippedSentence } from '../features/read_exports.ts';
import { type SearchHit, searchExplanations } from '../features/search_explanations.ts';
import { knownSources, type SourceSummary, storedSummary } from '../features/source_summary.ts';
import { EMBEDDED_SAES } from '../hub/embedded_default.ts';
import { renderText } from '../report/text.ts';
import type { CliContext } from './context.ts';
import { noteShadowed } from './explanation_inputs.ts';
import type { ImportFlags, SearchFlags, ShowFlags } from './features_flags.ts';
import { featureText, hitText, pageOf, sourceJson, sourcesTable } from './features_text.ts';
import { openExplanationsOrFetch, openImportedOrFetch } from './fetch_explanations.ts';
import { visible } from './output.ts';

export async function runImport(
  context: CliContext,
  paths: readonly string[],
  flags: ImportFlags,
): Promise<void> {
  const out = context.out();
  const exported = flags.exported === undefined ? undefined : dateOption(flags.exported);
  const known = knownSource(flags);
  const progress: { update(done: number): void; end(): void }[] = [];
  const read = await readExports(paths, {
    cwd: context.cwd,
    stdin: context.stdin,
    signal: context.signal,
    known,
    onProgress: (done, total) => {
      if (progress.length === 0) progress.push(out.progress('reading exports', total));
      for (const shown of progress) shown.update(done);
    },
  });
  for (const shown of progress) shown.end();
  const stores: SourceSummary[] = [];
  for (const source of read.sources) {
    const options = { exported, replace: flags.replace, signal: context.signal };
    stores.push(storedSummary(await storeSource(context.env, source, options)));
  }
  const skipped = skippedSentence(read.skipped);
  if (skipped !== undefined) out.warn(visible(skipped));
  if (read.ignored.length > 0) out.note(visible(`passed over: ${read.ignored.slice(0, 10).join(', ')}`));
  out.result({
    human: ({ bold }) =>
      [
        renderText([sourcesTable('Imported', stores)], { sanitize: visible, bold }),
        '',
        ...stores.map(({ dir }) => visible(dir)),
      ].join('\n'),
    json: () => ({
      stores: stores.map(sourceJson),
      files: read.paths.length,
      skipped: read.skipped,
      ignored: read.ignored,
    }),
    quiet: () => stores.map(({ dir }) => visible(dir)),
  });
}

function knownSource({ model, source }: ImportFlags): SourceRef {
  const ref = source === undefined ? {} : parseSourceRef(source);
  if (!ref || (source !== undefined && ref.sourceId === undefined)) {
    throw new AntipodeError(
      'usage',
      `--source: got '${source}', expected a source id such as 20-gemmascope-res-16k`,
    );
  }
  if (model !== undefined && ref.modelId !== undefined && model !== ref.modelId) {
    throw new AntipodeError('usage', `--model: got ${model}, but --source says ${ref.modelId}`);
  }
  return { ...ref, ...(model === undefined ? {} : { modelId: model }) };
}

function dateOption(text: string): string {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : new Date(Number.NaN);
  // 2024-02-31 would roll over into March.
  if (!Number.isNaN(time.getTime()) && time.toISOString().startsWith(text)) return text;
  throw new AntipodeError('usage', `--exported: got '${text}', expected a date such as 2024-12-01`);
}

export async function runSearch(context: CliContext, text: string, flags: SearchFlags): Promise<void> {
  const out = context.out();
  const lookups = await searchedLookups(context, flags);
  checkExplainer(lookups, flags.explainer);
  const { hits, total } = searchExplanations(lookups, text, {
    explainer: flags.explainer,
    limit: flags.limit,
  });
  const where = new Map(lookups.map((lookup) => [lookup.neuronpediaId, lookup]));
  out.result({
    human: (style) =>
      hits.length === 0
        ? `No explanation matches '${visible(text)}'.`
        : hits.map((hit) => hitText(hit, style)).join('\n'),
    json: () => hits.map((hit) => hitJson(hit, where.get(hit.neuronpediaId))),
    quiet: () => hits.map(({ neuronpediaId, feature }) => `${neuronpediaId}/${feature}`),
  });
  if (total > hits.length) out.note(`${hits.length} of ${total} features; --limit ${total} shows all.`);
}

async function searchedLookups(context: CliContext, flags: SearchFlags): Promise<ExplanationLookup[]> {
  if (flags.explanations !== undefined) return [await open(context, flags.explanations, flags.source)];
  if (flags.source !== undefined) {
    const lookup = await openImportedOrFetch(context, flags.source);
    noteShadowed(context, lookup);
    return [lookup];
  }
  const { stores, damaged } = await listFeatureStores(context.env);
  for (const problem of damaged) context.out().warn(visible(problem));
  const lookups: ExplanationLookup[] = [];
  for (const { dir } of stores) lookups.push(await open(context, dir, undefined));
  for (const lookup of lookups) noteShadowed(context, lookup);
  // Where nothing is imported, what ships is what there is to search; beside a user's own sources it would only be in the way.
  if (stores.length > 0) return lookups;
  for (const { explanations } of EMBEDDED_SAES) lookups.push(await open(context, explanations, undefined));
  return lookups;
}

async function open(
  context: CliContext,
  ref: string,
  source: string | undefined,
  explainer?: string,
): Promise<ExplanationLookup> {
  const { env, cwd, stdin, signal } = context;
  const lookup = await openExplanationsOrFetch(context, ref, { env, cwd, stdin, signal, source, explainer });
  for (const warning of lookup.warnings) context.out().warn(visible(warning));
  return lookup;
}

/** Of several sources it is enough that one has explanations by this model. */
function checkExplainer(lookups: readonly ExplanationLookup[], explainer: string | undefined): void {
  if (explainer === undefined) return;
  const names = new Set(lookups.flatMap(({ explainers }) => explainers.flatMap(({ name }) => name ?? [])));
  if (names.has(explainer)) return;
  const known = [...names].slice(0, 10).join(', ');
  throw new AntipodeError(
    'usage',
    `--explainer: got '${explainer}', expected ${known === '' ? 'none, because no explanation names its author' : `one of ${known}`}`,
  );
}

function hitJson(hit: SearchHit, lookup: ExplanationLookup | undefined): Record<string, unknown> {
  const { neuronpediaId, feature, explanation, matches, rank } = hit;
  return {
    neuronpedia_id: neuronpediaId,
    feature,
    url: pageOf(neuronpediaId, feature) ?? null,
    explanation: explanation.text,
    explainer: explanation.explainer ?? null,
    type_name: explanation.typeName ?? null,
    matches,
    rank,
    density: lookup?.density(feature) ?? null,
    max_activation: lookup?.maxActivation(feature) ?? null,
  };
}

export async function runShow(context: CliContext, text: string, flags: ShowFlags): Promise<void> {
  const { lookup, ref } = await findFeature(context, text, flags);
  const { index } = ref;
  const { neuronpediaId } = lookup;
  if (!lookup.has(index)) {
    throw new AntipodeError('missing', `${neuronpediaId}/${index}: nothing is known about this feature`, {
      hint: `${lookup.count} features of this source have explanations; antipode features search finds one by its words`,
    });
  }
  const explanations = lookup
    .all(index)
    .filter(({ explainer }) => flags.explainer === undefined || explainer === flags.explainer);
  context.out().result({
    human: (style) => featureText(lookup, index, explanations, style),
    json: () => ({
      neuronpedia_id: neuronpediaId,
      layer: lookup.layer ?? null,
      feature: index,
      url: pageOf(neuronpediaId, index) ?? null,
      explanations: explanations.map((explanation) => ({
        explanation: explanation.text,
        explainer: explanation.explainer ?? null,
        type_name: explanation.typeName ?? null,
        author_id: explanation.authorId ?? null,
        created_at: explanation.createdAt ?? null,
      })),
      density: lookup.density(index) ?? null,
      max_activation: lookup.maxActivation(index) ?? null,
      exported: lookup.exportDate ?? null,
    }),
    quiet: () => [`${neuronpediaId}/${index}`],
  });
}

async function findFeature(
  context: CliContext,
  text: string,
  { explanations, explainer }: ShowFlags,
): Promise<{ lookup: ExplanationLookup; ref: FeatureRef }> {
  if (explanations !== undefined) {
    const asked = parseFeatureRef(text, {});
    const lookup = await open(context, explanations, sourceText(asked), explainer);
    if (fits(asked, lookup)) return { lookup, ref: asked };
    throw new AntipodeError(
      'usage',
      `${text.trim()}: not in ${explanations} (it holds ${lookup.neuronpediaId})`,
    );
  }
  const ref = parseIndex(text.trim()) === undefined ? parseFeatureRef(text) : await bareIndex(context, text);
  const source = { source: ref, asked: text.trim() };
  const lookup = await openImportedOrFetch(context, source, explainer);
  noteShadowed(context, lookup);
  return { lookup, ref };
}

/** The source part of a reference as `openExplanations` takes it. */
function sourceText(ref: FeatureRef): string | undefined {
  if (ref.sourceId === undefined) return ref.layer === undefined ? undefined : String(ref.layer);
  return formatFeatureRef(ref).replace(/\/\d+$/, '');
}

/** An index alone names a feature only where there is one source to take it from. */
async function bareIndex(context: CliContext, text: string): Promise<FeatureRef> {
  const { stores } = await listFeatureStores(context.env);
  const [only] = stores;
  if (!only) throw nothingImported(text.trim());
  if (stores.length === 1) return parseFeatureRef(text, parseSourceRef(only.id));
  const ids = stores.slice(0, 10).map(({ id }) => id);
  throw new AntipodeError(
    'usage',
    `${text.trim()}: an index alone does not say which source is meant (imported are ${ids.join(', ')}${stores.length > 10 ? ', …' : ''})`,
    { hint: `write layer:index, such as ${stores[0]?.manifest.sourceId.split('-')[0]}:${text.trim()}` },
  );
}

function nothingImported(subject: string): AntipodeError {
  return new AntipodeError('missing', `${subject}: no explanations are imported yet`, {
    hint: 'antipode download MODEL/SOURCE fetches an export of Neuronpedia; --explanations PATH reads one directly',
  });
}

export async function runList(context: CliContext): Promise<void> {
  const { damaged, embedded, imported } = await knownSources(context.env);
  for (const problem of damaged) context.out().warn(visible(problem));
  const all = [...imported, ...embedded];
  context.out().result({
    human: ({ bold }) => {
      const tables = [
        ...(imported.length > 0 ? [sourcesTable('Imported sources', imported)] : []),
        ...(embedded.length > 0 ? [sourcesTable('Ships with antipode', embedded)] : []),
      ];
      const text = renderText(tables, { sanitize: visible, bold });
      const nothing =
        'Nothing is imported yet; antipode download MODEL/SOURCE fetches an export of Neuronpedia.';
      return imported.length > 0 ? text : `${text}\n\n${nothing}`;
    },
    json: () => all.map(sourceJson),
    quiet: () => all.map(({ id }) => id),
  });
}
