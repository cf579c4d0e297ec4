/** @file The work of `antipode concepts discover`: opens the explanations of one dictionary, finds opposites in them, and writes the file to review. */

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Discovery, discoverOpposites, type FeatureText } from '../concepts/discover.ts';
import { MAX_CONCEPT_BYTES } from '../concepts/load_concepts.ts';
import { reviewFileText } from '../concepts/review_file.ts';
import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import type { ExplanationLookup } from '../features/explanation_lookup.ts';
import { listFeatureStores } from '../features/feature_store.ts';
import { openExplanations, openImported } from '../features/open_explanations.ts';
import { checkOutputFile, writeFileAtomic } from '../formats/atomic.ts';
import { EMBEDDED_SAES } from '../hub/embedded_default.ts';
import { renderText } from '../report/text.ts';
import type { DiscoverFlags } from './concepts_discover.ts';
import { conceptJson, conceptsTable } from './concepts_discover_text.ts';
import type { CliContext } from './context.ts';
import { noteShadowed } from './explanation_inputs.ts';
import { visible } from './output.ts';

export async function runDiscover(context: CliContext, flags: DiscoverFlags): Promise<void> {
  if (flags.confirmFrom !== undefined && flags.out === undefined) {
    throw new AntipodeError('usage', '--confirm-from: decides what the file says (got no --out)', {
      hint: 'add --out FILE',
    });
  }
  await checkFree(context, flags.out);
  const lookup = await openDictionary(context, flags);
  for (const warning of lookup.warnings) context.out().warn(visible(warning));
  throwIfInterrupted(context.signal);
  const { from, minScore, perSide, limit } = flags;
  const discovery = discoverOpposites(textsOf(lookup, flags.explainer), {
    lists: from,
    minScore,
    perSide,
    limit,
  });
  await writeReview(context, flags, lookup, discovery);
  giveDiscovery(context, flags, lookup, discovery);
}

function* textsOf(lookup: ExplanationLookup, explainer: string | undefined): Iterable<FeatureText> {
  for (const feature of lookup.explained()) {
    for (const explanation of lookup.all(feature)) {
      if (explainer === undefined || explanation.explainer === explainer) {
        yield { feature, text: explanation.text };
      }
    }
  }
}

/** What was named; else the only dictionary that is imported; else, where none is, the last of those that ship. */
async function openDictionary(context: CliContext, flags: DiscoverFlags): Promise<ExplanationLookup> {
  const { env, cwd, stdin, signal } = context;
  const { source, explainer } = flags;
  if (flags.explanations !== undefined) {
    return openExplanations(flags.explanations, { env, cwd, stdin, signal, source, explainer });
  }
  const lookup = await openImported(source ?? (await onlySource(context)), { env, explainer });
  noteShadowed(context, lookup);
  return lookup;
}

async function onlySource(context: CliContext): Promise<string> {
  const { stores } = await listFeatureStores(context.env);
  const [only] = stores;
  if (stores.length > 1) {
    const ids = stores.slice(0, 10).map(({ id }) => id);
    throw new AntipodeError(
      'usage',
      `--source: not given, and ${stores.length} dictionaries are imported (expected one of ${ids.join(', ')}${stores.length > 10 ? ', …' : ''})`,
      { hint: `antipode concepts discover --source ${stores[0]?.id}` },
    );
  }
  const id = only?.id ?? EMBEDDED_SAES.at(-1)?.id;
  if (id === undefined) throw new Error('internal: no dictionary ships with antipode');
  context.out().note(`no --source is given: ${id}`);
  return id;
}

/** A review takes an afternoon: a file that is there is never replaced. */
async function checkFree({ cwd }: CliContext, out: string | undefined): Promise<void> {
  if (out === undefined) return;
  const path = resolve(cwd, out);
  await checkOutputFile(path);
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  throw new AntipodeError('usage', `${out}: is there already, and may hold a review`, {
    hint: 'choose another file with --out, or remove this one',
  });
}

async function writeReview(
  context: CliContext,
  flags: DiscoverFlags,
  lookup: ExplanationLookup,
  discovery: Discovery,
): Promise<void> {
  const { out, confirmFrom } = flags;
  if (out === undefined || discovery.concepts.length === 0) return;
  const text = reviewFileText(discovery, {
    title: `Opposites in the explanations of ${lookup.neuronpediaId}`,
    sae: lookup.neuronpediaId,
    source: sourceSentence(flags, lookup),
    confirmFrom,
  });
  if (Buffer.byteLength(text) > MAX_CONCEPT_BYTES) {
    throw new AntipodeError(
      'usage',
      `${out}: would be larger than concept files may be (got ${Buffer.byteLength(text)} bytes, expected at most ${MAX_CONCEPT_BYTES})`,
      { hint: 'lower --limit or --per-side, or raise --min-score' },
    );
  }
  await checkFree(context, out);
  await writeFileAtomic(resolve(context.cwd, out), text, { signal: context.signal });
}

function sourceSentence(flags: DiscoverFlags, lookup: ExplanationLookup): string {
  const { from, minScore, perSide, explainer, confirmFrom } = flags;
  const date = lookup.exportDate === undefined ? '' : `, exported ${lookup.exportDate}`;
  const confirmed = confirmFrom === undefined ? '' : `, confirmed without a person from score ${confirmFrom}`;
  return `antipode concepts discover on explanations by ${explainer ?? 'all explainers'}${date}: opposites from ${from.join(' and ')}, least score ${minScore}, at most ${perSide} features a side${confirmed}`;
}

function giveDiscovery(
  context: CliContext,
  { out, from, minScore, perSide, limit, explainer }: DiscoverFlags,
  lookup: ExplanationLookup,
  discovery: Discovery,
): void {
  const { concepts, total, explained, mentioning, contrasting } = discovery;
  const written = concepts.length > 0 ? out : undefined;
  const id = lookup.neuronpediaId;
  context.out().result({
    human: ({ bold }) =>
      concepts.length === 0
        ? `No explanation of ${visible(id)} names one side of opposites whose other side another names, at a score of ${minScore} or more.`
        : `${renderText([conceptsTable(id, discovery)], { sanitize: visible, bold })}${written === undefined ? '' : `\n\n${visible(written)}`}`,
    json: () => ({
      neuronpedia_id: id,
      explainer: explainer ?? null,
      export_date: lookup.exportDate ?? null,
      opposites_from: from,
      min_score: minScore,
      per_side: perSide,
      limit,
      explained_features: explained,
      mentioning_features: mentioning,
      contrasting_features: contrasting,
      total_concepts: total,
      out: written ?? null,
      concepts: concepts.map(conceptJson),
    }),
    quiet: () =>
      written === undefined ? concepts.map(({ concept }) => visible(concept)) : [visible(written)],
  });
  if (concepts.length === 0) {
    if (out !== undefined) context.out().warn(`nothing was written to ${out}`);
    return;
  }
  context
    .out()
    .note(
      written === undefined
        ? 'Nothing was written; --out FILE keeps the proposals for a person to confirm or strike.'
        : `Now confirm or strike each concept in ${written}; antipode concepts check ${written} says what is still open.`,
    );
}
