/**
 * @file Byte-pair encoding learnt from word counts: Sennrich et al. 2016 (arXiv 1508.07909), over characters, never across words, and
 * whole words beside them: a grammar has so few that each is a token of its own, and what no text of it holds is put together from merged pieces.
 * Leaves out files (`tokenizer_json.ts`).
 */

export interface TrainedBpe {
  /** Pieces that begin with one character each and what was merged of them, in the order in which they came to be. */
  readonly pieces: readonly string[];
  /** Pairs in the order in which they are merged. */
  readonly merges: readonly (readonly [string, string])[];
  /** All words of the counts that are no piece, the most frequent first. They are looked up before anything is merged. */
  readonly words: readonly string[];
}

/** Enough for the common syllables: more would only add pieces that no text of the grammar needs. */
const MAX_MERGES = 192;

interface Word {
  parts: string[];
  readonly count: number;
}

/** Stands for the space in front of a word. */
export const SPACE = '\u2581';

/** A word with the space before it, a number, a sign, a space: what a merge never crosses. Stands in `tokenizer.json` as well. */
export const WORD_PATTERN = '\u2581?[A-Za-z]+|\u2581?[0-9]+|\u2581?[^\u2581A-Za-z0-9]|\u2581';

export function splitWords(text: string): string[] {
  return text.replaceAll(' ', SPACE).match(new RegExp(WORD_PATTERN, 'gu')) ?? [];
}

/** Printable ASCII and the mark for a space, in the order of their codes. */
const ALPHABET: readonly string[] = [
  ...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)),
  SPACE,
];

/**
 * The most frequent pair of neighbours is merged first; of several, the one that comes first in the order of UTF-16 codes: counts alone decide.
 * @param counts of words as `splitWords` gives them
 */
export function trainBpe(counts: ReadonlyMap<string, number>): TrainedBpe {
  const words = [...counts].map(([word, count]) => ({ parts: [...word], count }));
  const characters = new Set(words.flatMap(({ parts }) => parts));
  const pieces = [...ALPHABET, ...[...characters].filter((piece) => !ALPHABET.includes(piece)).sort()];
  const known = new Set(pieces);
  const merges: [string, string][] = [];
  while (merges.length < MAX_MERGES) {
    const best = mostFrequent(countPairs(words));
    if (!best) break;
    const merged = best.join('');
    merges.push(best);
    if (!known.has(merged)) pieces.push(merged);
    known.add(merged);
    for (const word of words) word.parts = mergeParts(word.parts, best);
  }
  return { pieces, merges, words: byCount(counts).filter((word) => !known.has(word)) };
}

function byCount(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([word]) => word);
}

function countPairs(words: readonly Word[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { parts, count } of words) {
    for (let i = 0; i + 1 < parts.length; i++) {
      const pair = `${parts[i]} ${parts[i + 1]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  return counts;
}

function mostFrequent(counts: ReadonlyMap<string, number>): [string, string] | undefined {
  let best: string | undefined;
  let most = 0;
  for (const [pair, count] of counts) {
    if (count > most || (count === most && best !== undefined && pair < best)) {
      best = pair;
      most = count;
    }
  }
  if (best === undefined) return undefined;
  const [left = '', right = ''] = best.split(' ');
  return [left, right];
}

function mergeParts(parts: readonly string[], [left, right]: readonly [string, string]): string[] {
  const merged: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] === left && parts[i + 1] === right) {
      merged.push(left + right);
      i += 1;
    } else merged.push(parts[i]!);
  }
  return merged;
}
