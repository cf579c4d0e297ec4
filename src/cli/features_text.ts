/** @file How sources, search hits and single features are shown to people. All text of exports passes through `visible`. */

import type { Explanation, ExplanationLookup } from '../features/explanation_lookup.ts';
import { neuronpediaUrl } from '../features/feature_ref.ts';
import type { SearchHit } from '../features/search_explanations.ts';
import type { SourceSummary } from '../features/source_summary.ts';
import { embeddedSae } from '../hub/embedded_default.ts';
import { type DisplayTable, formatCount, left, right } from '../report/display.ts';
import { type Style, visible } from './output.ts';

export function sourcesTable(title: string, sources: readonly SourceSummary[]): DisplayTable {
  return {
    title,
    columns: [
      left('source'),
      right('explained'),
      right('explanations'),
      right('with firing facts'),
      left('exported'),
      left('explainers'),
    ],
    rows: sources.map(({ id, explained, explanations, features, exported, explainers }) => [
      id,
      formatCount(explained),
      formatCount(explanations),
      formatCount(features),
      exported?.date ?? 'not known',
      explainers.map(({ name, features }) => `${name ?? 'not named'} (${formatCount(features)})`).join(', '),
    ]),
    notes: [],
  };
}

export function sourceJson(source: SourceSummary): Record<string, unknown> {
  const { id, dir, explained, explanations, features, exported, explainers, isEmbedded } = source;
  return {
    id,
    path: dir,
    explained_features: explained,
    explanations,
    features,
    exported: exported?.date ?? null,
    exported_from: exported?.from ?? null,
    explainers,
    is_embedded: isEmbedded,
  };
}

/** One line per feature: reference, explanation with the matches set off, explainer. */
export function hitText({ neuronpediaId, feature, explanation, matches }: SearchHit, style: Style): string {
  const { text, explainer } = explanation;
  let shown = '';
  let at = 0;
  for (const [start, end] of matches) {
    shown += `${oneLine(text.slice(at, start))}${style.bold(oneLine(text.slice(start, end)))}`;
    at = end;
  }
  shown += oneLine(text.slice(at));
  const by = explainer === undefined ? '' : style.dim(`  [${oneLine(explainer)}]`);
  return `${neuronpediaId}/${feature}  ${shown}${by}`;
}

/** Where the feature is shown to everyone; the embedded default has no such place. */
export function pageOf(neuronpediaId: string, feature: number): string | undefined {
  return embeddedSae(neuronpediaId) === undefined ? neuronpediaUrl(neuronpediaId, feature) : undefined;
}

export function featureText(
  lookup: ExplanationLookup,
  feature: number,
  explanations: readonly Explanation[],
  { bold, dim }: Style,
): string {
  const density = lookup.density(feature);
  const maximum = lookup.maxActivation(feature);
  const facts = [
    density === undefined ? '' : `active on ${formatShare(density)} of tokens`,
    maximum === undefined ? '' : `largest activation ${Number(maximum.toPrecision(6))}`,
  ].filter((fact) => fact !== '');
  const lines = [
    bold(`${lookup.neuronpediaId}/${feature}`),
    pageOf(lookup.neuronpediaId, feature) ?? dim('ships with antipode'),
    facts.length > 0 ? facts.join(', ') : dim('how often it fires is not known'),
    '',
    ...explanations.flatMap((explanation) => [oneLine(explanation.text), dim(`  ${origin(explanation)}`)]),
  ];
  if (explanations.length === 0) lines.push(dim('no explanation'));
  if (lookup.exportDate !== undefined) lines.push('', dim(`export of ${visible(lookup.exportDate)}`));
  return lines.join('\n');
}

function origin({ explainer, typeName, createdAt }: Explanation): string {
  const parts = [
    `by ${explainer ?? 'an explainer that is not named'}`,
    typeName ?? '',
    createdAt?.slice(0, 10) ?? '',
  ];
  return oneLine(parts.filter((part) => part !== '').join(', '));
}

/** `0.069 %`, three significant digits; a share that is not zero is not shown as zero. */
function formatShare(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

/** A line break inside an explanation must not look like another result. */
function oneLine(text: string): string {
  return visible(text.replace(/[\n\t]/g, ' '));
}
