/**
 * @file Finds features of one dictionary that explanations call opposites: `antipode concepts discover`. A proposal is a concept with the features of either side; each pair of
 * them has a score whose factors are kept. Leaves out where explanations come from, and the file in which a person reviews the proposals.
 */

import { type OppositeList, type Opposites, readOpposites, type Side } from './discover_axes.ts';
import { type Mention, mentionsIn } from './mentions.ts';

export interface FeatureText {
  readonly feature: number;
  readonly text: string;
}

export interface DiscoverOptions {
  /** Where opposites are taken from; all where left out. */
  readonly lists?: readonly OppositeList[];
  /** Least strength of a feature, and so least score of a pair, in [0, 1]. */
  readonly minScore: number;
  /** Features kept of each side, at least 1. */
  readonly perSide: number;
  /** Concepts returned, at least 1. */
  readonly limit: number;
}

export const DISCOVER_DEFAULTS: DiscoverOptions = { minScore: 0.5, perSide: 8, limit: 100 };

/** A feature on a side, by the mention and the text that speak most for it. */
export interface ProposedFeature {
  readonly feature: number;
  readonly text: string;
  readonly mention: Mention;
  /** 1 for a word that at most 2 % of the features mention (at least 20 of them), else the root of that number over theirs. */
  readonly rarity: number;
  /** The mention's strength times `rarity`, in (0, 1]. */
  readonly strength: number;
}

export interface ProposedPair {
  readonly a: ProposedFeature;
  readonly b: ProposedFeature;
  /** The lesser of both strengths, in (0, 1]: a pair is as good as its weaker side. */
  readonly score: number;
}

export interface ProposedSide {
  readonly label: string;
  /** Strongest first; ties by index. */
  readonly features: readonly ProposedFeature[];
  /** Features that are strong enough, kept or not. */
  readonly found: number;
}

export interface ProposedConcept {
  readonly concept: string;
  readonly list: OppositeList;
  readonly a: ProposedSide;
  readonly b: ProposedSide;
  /** All combinations of both sides; best first, ties by indices. */
  readonly pairs: readonly ProposedPair[];
  /** Of the best pair. */
  readonly score: number;
}

export interface Discovery {
  /** The article's opposites first, each list by score. */
  readonly concepts: readonly ProposedConcept[];
  /** Concepts found, returned or not. */
  readonly total: number;
  /** Features with a text. */
  readonly explained: number;
  /** Features that mention one side of some opposites. */
  readonly mentioning: number;
  /** Features left out of some opposites because their texts speak of both sides. */
  readonly contrasting: number;
}

const COMMON_SHARE = 0.02;
const COMMON_LEAST = 20;

/** @param texts several of one feature are several explanations of it; their order does not matter */
export function discoverOpposites(
  texts: Iterable<FeatureText>,
  options: DiscoverOptions = DISCOVER_DEFAULTS,
): Discovery {
  const opposites = readOpposites(options.lists);
  const collected = collect(texts, opposites);
  const { sides, contrasting, explained } = collected;
  const candidates: ProposedConcept[] = [];
  for (const axis of new Set([...sides.keys()].map((key) => key >> 1))) {
    const concept = conceptOf(axis, opposites, collected, options);
    if (concept) candidates.push(concept);
  }
  candidates.sort(
    (left, right) =>
      Number(left.list === 'wordnet') - Number(right.list === 'wordnet') ||
      right.score - left.score ||
      right.pairs.length - left.pairs.length ||
      (left.concept < right.concept ? -1 : 1),
  );
  const concepts = withDistinctNames(withoutRepeats(candidates));
  return {
    concepts: concepts.slice(0, options.limit),
    total: concepts.length,
    explained: explained.size,
    mentioning: new Set([...sides.values()].flatMap((side) => [...side.keys()])).size,
    contrasting: contrasting.size,
  };
}

interface Collected {
  /** By twice the axis plus the side, then by feature. */
  readonly sides: ReadonlyMap<number, ReadonlyMap<number, { text: string; mention: Mention }>>;
  /** Features whose texts say each word. */
  readonly saying: ReadonlyMap<string, ReadonlySet<number>>;
  readonly explained: ReadonlySet<number>;
  readonly contrasting: ReadonlySet<number>;
}

function collect(texts: Iterable<FeatureText>, opposites: Opposites): Collected {
  const sides = new Map<number, Map<number, { text: string; mention: Mention }>>();
  const saying = new Map<string, Set<number>>();
  const explained = new Set<number>();
  const contrasts: [number, number][] = [];
  for (const { feature, text } of texts) {
    explained.add(feature);
    const found = mentionsIn(text, opposites);
    for (const axis of found.contrasts) contrasts.push([axis, feature]);
    for (const mention of found.mentions) {
      addTo(saying, mention.said, feature);
      const key = 2 * mention.axis + mention.side;
      const side = sides.get(key) ?? new Map<number, { text: string; mention: Mention }>();
      sides.set(key, side);
      const before = side.get(feature);
      if (!before || isBetter(mention, text, before)) side.set(feature, { text, mention });
    }
  }
  // A feature that one explanation puts on either side, or another on both, is on none.
  for (const [key, side] of sides) {
    if (key % 2 === 1) continue;
    for (const feature of side.keys()) {
      if (sides.get(key + 1)?.has(feature)) contrasts.push([key >> 1, feature]);
    }
  }
  for (const [axis, feature] of contrasts) {
    for (const side of [0, 1]) sides.get(2 * axis + side)?.delete(feature);
  }
  return { sides, saying, explained, contrasting: new Set(contrasts.map(([, feature]) => feature)) };
}

function addTo(map: Map<string, Set<number>>, key: string, value: number): void {
  const known = map.get(key);
  if (known) known.add(value);
  else map.set(key, new Set([value]));
}

function isBetter(mention: Mention, text: string, before: { text: string; mention: Mention }): boolean {
  const more = mention.strength - before.mention.strength;
  return more > 0 || (more === 0 && text < before.text);
}

function conceptOf(
  axis: number,
  opposites: Opposites,
  collected: Collected,
  { minScore, perSide }: DiscoverOptions,
): ProposedConcept | undefined {
  const [a = [], b = []] = ([0, 1] as const).map((side) => proposed(axis, side, collected, minScore));
  const sideA = a.slice(0, perSide);
  const sideB = b.slice(0, perSide);
  const pairs = sideA
    .flatMap((left) =>
      sideB.map((right) => ({ a: left, b: right, score: Math.min(left.strength, right.strength) })),
    )
    .sort(
      (left, right) =>
        right.score - left.score || left.a.feature - right.a.feature || left.b.feature - right.b.feature,
    );
  const [best] = pairs;
  if (!best) return undefined;
  const { list, concept, labels } = opposites.axes[axis]!;
  const labelA = labels?.[0] ?? labelOf(sideA);
  const labelB = labels?.[1] ?? labelOf(sideB);
  return {
    concept: concept ?? `${labelA}-${labelB}`,
    list,
    a: { label: labelA, features: sideA, found: a.length },
    b: { label: labelB, features: sideB, found: b.length },
    pairs,
    score: best.score,
  };
}

/** Those strong enough, strongest first. */
function proposed(
  axis: number,
  side: Side,
  { sides, saying, explained }: Collected,
  minScore: number,
): ProposedFeature[] {
  const limit = Math.max(COMMON_LEAST, COMMON_SHARE * explained.size);
  return [...(sides.get(2 * axis + side) ?? [])]
    .map(([feature, { text, mention }]) => {
      const count = saying.get(mention.said)?.size ?? 1;
      const rarity = count <= limit ? 1 : Math.sqrt(limit / count);
      return { feature, text, mention, rarity, strength: mention.strength * rarity };
    })
    .filter(({ strength }) => strength >= minScore)
    .sort((left, right) => right.strength - left.strength || left.feature - right.feature);
}

/** What most of the side's features say; ties go to the stronger. */
function labelOf(features: readonly ProposedFeature[]): string {
  const counts = new Map<string, number>();
  for (const { mention } of features) {
    const label = mention.isNegated ? `not ${mention.said}` : mention.said;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  let best = '';
  for (const [label, count] of counts) if (count > (counts.get(best) ?? 0)) best = label;
  return best;
}

/** Opposites that bring no pair which stronger ones have not, or go by the same two words, say the same again. */
function withoutRepeats(concepts: readonly ProposedConcept[]): ProposedConcept[] {
  const seen = new Set<string>();
  const labels = new Set<string>();
  return concepts.filter(({ pairs, a: sideA, b: sideB }) => {
    const label = [sideA.label, sideB.label].sort().join('\n').toLowerCase();
    if (labels.has(label)) return false;
    labels.add(label);
    const keys = pairs.map(({ a, b }) =>
      a.feature < b.feature ? `${a.feature} ${b.feature}` : `${b.feature} ${a.feature}`,
    );
    const isNew = keys.some((key) => !seen.has(key));
    if (isNew) for (const key of keys) seen.add(key);
    return isNew;
  });
}

/** Names stand once in a concept file. */
function withDistinctNames(concepts: readonly ProposedConcept[]): ProposedConcept[] {
  const counts = new Map<string, number>();
  return concepts.map((proposal) => {
    const count = (counts.get(proposal.concept) ?? 0) + 1;
    counts.set(proposal.concept, count);
    return count === 1 ? proposal : { ...proposal, concept: `${proposal.concept} (${count})` };
  });
}
