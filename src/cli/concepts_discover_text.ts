/** @file The findings of `antipode concepts discover` as a table for people and as JSON. */

import type { Discovery, ProposedConcept, ProposedFeature, ProposedSide } from '../concepts/discover.ts';
import { type DisplayTable, formatCount, left, right } from '../report/display.ts';

const SHOWN_FEATURES = 6;

export function conceptsTable(id: string, discovery: Discovery): DisplayTable {
  const { concepts, total, explained, mentioning, contrasting } = discovery;
  const more = total > concepts.length ? `; --limit ${total} keeps all` : '';
  return {
    title: `Opposites in the explanations of ${id}`,
    columns: [left('concept'), left('from'), right('score'), right('pairs'), left('A'), left('B')],
    rows: concepts.map(({ concept, list, score, pairs, a, b }) => [
      concept,
      list,
      score.toFixed(2),
      String(pairs.length),
      sideText(a),
      sideText(b),
    ]),
    notes: [
      `${formatCount(explained)} features are explained, ${formatCount(mentioning)} mention a word with an opposite; ${formatCount(contrasting)} speak of both sides and were left out there.`,
      `${concepts.length} of ${total} concepts${more}. The score is that of the best pair: how strongly both explanations speak of their side, 0 to 1; docs/concepts.md has its factors.`,
      'These are proposals from words alone: read the explanations before using them.',
    ],
  };
}

function sideText({ label, features, found }: ProposedSide): string {
  const shown = features.slice(0, SHOWN_FEATURES).map(({ feature }) => feature);
  return `${label} (${shown.join(', ')}${found > shown.length ? `, +${found - shown.length}` : ''})`;
}

export function conceptJson({ concept, list, score, a, b, pairs }: ProposedConcept): Record<string, unknown> {
  return {
    concept,
    from: list,
    score: rounded(score),
    a: sideJson(a),
    b: sideJson(b),
    pairs: pairs.map((pair) => ({
      a: pair.a.feature,
      b: pair.b.feature,
      score: rounded(pair.score),
    })),
  };
}

function sideJson({ label, features, found }: ProposedSide): Record<string, unknown> {
  return { label, found, features: features.map(featureJson) };
}

function featureJson({ feature, text, mention, rarity, strength }: ProposedFeature): Record<string, unknown> {
  const { said, kind, isNegated, word, sense, focus, polarity, use } = mention;
  return {
    feature,
    explanation: text,
    said,
    kind,
    negated: isNegated,
    strength: rounded(strength),
    factors: {
      word: rounded(word),
      sense: rounded(sense),
      focus: rounded(focus),
      polarity: rounded(polarity),
      use: rounded(use),
      rarity: rounded(rarity),
    },
  };
}

/** Six digits: the factors multiply to the strength within them. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
