/** @file What `antipode explain` says at the end: how many features were explained and how, and the clearest of them. */

import type { AskedFeatures } from '../explain/ask_features.ts';
import { DENSE } from '../explain/explain_features.ts';
import type { ExplanationKind, FeatureExplanation } from '../explain/explanation.ts';
import type { SourceName } from '../explain/export_rows.ts';
import type { FeatureStatistics } from '../explain/statistics.ts';
import type { WrittenExport } from '../explain/write_export.ts';
import type { StoreEntry } from '../features/feature_store.ts';
import { type DisplayTable, formatCount, left, plural, right } from '../report/display.ts';
import { renderText } from '../report/text.ts';
import type { HookPoint } from '../train/harvest/hook_name.ts';
import type { ExplainFlags } from './explain_flags.ts';
import { shadowSentence } from './explanation_inputs.ts';
import { formatBytes, type Result, visible } from './output.ts';

export interface ExplainSummary {
  readonly hook: HookPoint;
  readonly flags: ExplainFlags;
  readonly source: SourceName;
  readonly statistics: FeatureStatistics;
  readonly explanations: readonly FeatureExplanation[];
  readonly written: WrittenExport;
  /** Where `--import` put it. */
  readonly stored: StoreEntry | undefined;
  readonly asked: AskedFeatures | undefined;
}

const KINDS: readonly (readonly [kind: ExplanationKind, shown: string])[] = [
  ['word', 'one word'],
  ['words', 'several words'],
  ['piece', 'pieces of words'],
  ['class', 'numbers or punctuation'],
  ['next', 'what comes next'],
  ['previous', 'what came before'],
  ['position', 'beginnings of texts'],
  ['peak', 'the word of their top contexts'],
  ['dense', 'dense, without words that stand out'],
  ['mixed', 'mixed contexts'],
];

const CLEAREST = 10;

export function explainResult(summary: ExplainSummary): Result {
  return {
    human: ({ bold }) => {
      const clear = clearestTable(summary);
      const tables = [kindsTable(summary), ...(clear.rows.length > 0 ? [clear] : [])];
      return [renderText(tables, { sanitize: visible, bold }), '', ...placesOf(summary)].join('\n');
    },
    json: () => jsonOf(summary),
    quiet: () => [visible(summary.written.dir)],
  };
}

function kindsTable({ source, statistics, explanations }: ExplainSummary): DisplayTable {
  const { features, tokens, documents } = statistics;
  const dead = features.length - explanations.length;
  const rows = KINDS.map(([kind, shown]) => [shown, formatCount(countOf(explanations, kind))]);
  return {
    title: `${source.modelId}/${source.sourceId}: ${plural(explanations.length, 'feature', 'features')} explained`,
    columns: [left('Explained by'), right('Features')],
    rows: [...rows, ['dead: never active in these texts', formatCount(dead)]].filter(([, n]) => n !== '0'),
    notes: [
      `${plural(tokens, 'token', 'tokens')} of ${plural(documents, 'text', 'texts')}; special tokens and the first of a text are not counted.`,
      `${plural(denseCount(statistics), 'feature', 'features')} active on a tenth of the tokens or more; ${formatCount(sharedCount(explanations))} with one word at the peak of all top contexts.`,
    ],
  };
}

function clearestTable({ statistics, explanations }: ExplainSummary): DisplayTable {
  return {
    title: 'The clearest',
    columns: [right('Feature'), right('Density'), right('Max'), left('Explanation')],
    rows: clearest(explanations).map(({ feature, description }) => [
      String(feature),
      statistics.density(feature).toPrecision(2),
      statistics.maxActivation(feature).toPrecision(3),
      description,
    ]),
    notes: [],
  };
}

/** Most of the mass first, among those the one that says most. */
function clearest(explanations: readonly FeatureExplanation[]): FeatureExplanation[] {
  return explanations
    .filter(({ kind }) => kind !== 'mixed' && kind !== 'dense' && kind !== 'peak')
    .toSorted((a, b) => b.score - a.score || a.feature - b.feature)
    .slice(0, CLEAREST);
}

function placesOf({ flags, written, stored, asked }: ExplainSummary): string[] {
  const lines = asked ? [`${visible(flags.explainerModel ?? '')}: ${askedSentence(asked)}`] : [];
  const shadow = stored && shadowSentence(stored.id);
  if (stored) lines.push(`imported: ${visible(stored.dir)}`);
  if (shadow !== undefined) lines.push(visible(shadow));
  lines.push(`${visible(written.dir)} (${formatBytes(written.byteLength)})`);
  return lines;
}

function askedSentence({
  descriptions,
  failed,
  cached,
  promptTokens,
  completionTokens,
}: AskedFeatures): string {
  const spent = `${formatCount(promptTokens)} + ${formatCount(completionTokens)} tokens`;
  return `wrote ${plural(descriptions.size, 'explanation', 'explanations')} (${spent}; ${formatCount(cached)} cached, ${formatCount(failed)} failed)`;
}

function jsonOf(summary: ExplainSummary): unknown {
  const { flags, source, hook, statistics, explanations, written, stored, asked } = summary;
  return {
    model: flags.model,
    neuronpedia_id: `${source.modelId}/${source.sourceId}`,
    layer: hook.layer,
    hook: hook.hookName,
    texts: statistics.documents,
    tokens: statistics.tokens,
    features: statistics.features.length,
    explained: explanations.length,
    dead: statistics.features.length - explanations.length,
    dense: denseCount(statistics),
    kinds: Object.fromEntries(KINDS.map(([kind]) => [kind, countOf(explanations, kind)])),
    shared_top_word: sharedCount(explanations),
    clearest: clearest(explanations).map(({ feature, kind, share, words, description }) => ({
      feature,
      kind,
      share,
      words,
      explanation: description,
      density: statistics.density(feature),
      max_activation: statistics.maxActivation(feature),
    })),
    out: written.dir,
    files: written.files,
    imported: stored?.dir ?? null,
    endpoint: asked ? endpointJson(flags, asked) : null,
  };
}

function endpointJson(flags: ExplainFlags, asked: AskedFeatures): Record<string, unknown> {
  return {
    model: flags.explainerModel,
    explained: asked.descriptions.size,
    failed: asked.failed,
    not_asked: asked.notAsked,
    cached: asked.cached,
    prompt_tokens: asked.promptTokens,
    completion_tokens: asked.completionTokens,
    reasons: asked.reasons,
  };
}

function countOf(explanations: readonly FeatureExplanation[], kind: ExplanationKind): number {
  return explanations.filter((one) => one.kind === kind).length;
}

function denseCount(statistics: FeatureStatistics): number {
  return statistics.features.filter((feature) => statistics.density(feature) >= DENSE).length;
}

/** Features of at least five contexts, all with one word at their peak. */
function sharedCount(explanations: readonly FeatureExplanation[]): number {
  return explanations.filter(({ topWord }) => topWord && topWord.of >= 5 && topWord.contexts === topWord.of)
    .length;
}
