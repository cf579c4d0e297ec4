/**
 * @file Finding features by the words of their explanations: case-insensitive; the whole phrase first, then all words in any order, as
 * whole words, word beginnings, or parts of words. No stemming: `run` finds `running` because it begins it, `running` does not find `run`.
 */

import { AntipodeError } from '../errors.ts';
import type { Explanation, ExplanationLookup } from './explanation_lookup.ts';

export interface SearchHit {
  readonly neuronpediaId: string;
  readonly feature: number;
  readonly explanation: Explanation;
  /** What matched, as [start, end) in UTF-16 units of the explanation's text, ascending and apart. */
  readonly matches: readonly (readonly [number, number])[];
  /** 0 is best; see `RANKS`. */
  readonly rank: number;
}

/** What a rank means, in order. */
export const RANKS: readonly string[] = [
  'the text itself',
  'the phrase as whole words',
  'the phrase at the beginning of a word',
  'the phrase inside words',
  'all words',
  'all words as beginnings of words',
  'all words inside words',
];

export interface SearchResult {
  readonly hits: readonly SearchHit[];
  /** Features that match, shown or not. */
  readonly total: number;
}

export interface SearchOptions {
  /** Only this explainer's explanations. */
  readonly explainer?: string | undefined;
  /** Hits returned, at least 1. */
  readonly limit: number;
}

/** Far beyond any sensible question. */
const MAX_QUERY = 1000;

/**
 * One hit per feature, its best explanation; by rank, then the shorter text, then source, feature and explanation order.
 * @throws {AntipodeError} `usage` for an empty or endless query
 */
export function searchExplanations(
  lookups: readonly ExplanationLookup[],
  query: string,
  { explainer, limit }: SearchOptions,
): SearchResult {
  const phrase = fold(query.trim().replace(/\s+/g, ' '));
  if (phrase === '' || phrase.length > MAX_QUERY) {
    const got = phrase === '' ? 'nothing' : `${phrase.length} characters`;
    throw new AntipodeError('usage', `search: got ${got}, expected 1 to ${MAX_QUERY} characters`);
  }
  const words = [...new Set(phrase.split(' '))];
  const hits: SearchHit[] = [];
  for (const lookup of lookups) {
    for (const feature of lookup.explained()) {
      const best = bestOf(lookup, feature, { phrase, words, explainer });
      if (best) hits.push(best);
    }
  }
  const order = new Map(lookups.map(({ neuronpediaId }, i) => [neuronpediaId, i]));
  const place = ({ neuronpediaId }: SearchHit): number => order.get(neuronpediaId) ?? 0;
  hits.sort(
    (left, right) =>
      left.rank - right.rank ||
      left.explanation.text.length - right.explanation.text.length ||
      place(left) - place(right) ||
      left.feature - right.feature,
  );
  return { hits: hits.slice(0, limit), total: hits.length };
}

interface Query {
  readonly phrase: string;
  readonly words: readonly string[];
  readonly explainer: string | undefined;
}

function bestOf(lookup: ExplanationLookup, feature: number, query: Query): SearchHit | undefined {
  let best: SearchHit | undefined;
  for (const explanation of lookup.all(feature)) {
    if (query.explainer !== undefined && explanation.explainer !== query.explainer) continue;
    const match = matchIn(explanation.text, query);
    if (!match) continue;
    const isBetter =
      !best ||
      match.rank < best.rank ||
      (match.rank === best.rank && explanation.text.length < best.explanation.text.length);
    if (isBetter) best = { neuronpediaId: lookup.neuronpediaId, feature, explanation, ...match };
  }
  return best;
}

function matchIn(text: string, { phrase, words }: Query): Pick<SearchHit, 'rank' | 'matches'> | undefined {
  const folded = fold(text);
  if (folded === phrase) return { rank: 0, matches: [[0, text.length]] };
  const whole = find(folded, phrase);
  if (whole) return { rank: 1 + whole.grade, matches: whole.ranges };
  if (words.length < 2) return undefined;
  const found = words.map((word) => find(folded, word));
  if (!found.every((match) => match !== undefined)) return undefined;
  const grade = Math.max(...found.map((match) => match.grade));
  return { rank: 4 + grade, matches: joined(found.flatMap(({ ranges }) => ranges)) };
}

/** Occurrences of the best grade: 0 whole words, 1 the beginning of a word, 2 inside. */
function find(text: string, part: string): { grade: number; ranges: [number, number][] } | undefined {
  let grade = 3;
  let ranges: [number, number][] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) {
    const end = at + part.length;
    const starts = !(isWord(text, at - 1) && isWord(text, at));
    const ends = !(isWord(text, end - 1) && isWord(text, end));
    const here = starts ? (ends ? 0 : 1) : 2;
    if (here > grade) continue;
    if (here < grade) ranges = [];
    grade = here;
    ranges.push([at, end]);
  }
  return grade === 3 ? undefined : { grade, ranges };
}

const WORD = /[\p{L}\p{N}\p{M}\p{Cs}]/u;

function isWord(text: string, at: number): boolean {
  const unit = text[at];
  return unit !== undefined && WORD.test(unit);
}

function joined(ranges: readonly [number, number][]): [number, number][] {
  const result: [number, number][] = [];
  for (const [start, end] of ranges.toSorted((left, right) => left[0] - right[0])) {
    const last = result.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else result.push([start, end]);
  }
  return result;
}

/** Lower case without a change of length, so that positions hold in the original (`İ` would grow). */
function fold(text: string): string {
  const lower = text.toLowerCase();
  if (lower.length === text.length) return lower;
  return [...text].map((c) => (c.toLowerCase().length === c.length ? c.toLowerCase() : c)).join('');
}
