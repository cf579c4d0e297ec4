/**
 * @file What is taken from WordNet 3.1 (Fellbaum 1998): opposites with their derived, synonymous and similar words, names that only contain such a word, and words that only
 * look like a form of one. The files in data/ are written by `scripts/wordnet_table.mjs`. Leaves out meanings, and every word without an opposite.
 */

import { readFileSync } from 'node:fs';

/** How a word came to stand on a side: WordNet's antonym itself; derived from it (happiness); of the same synset; of a satellite synset (`gelid` is similar to `cold`). */
export const WORD_KINDS = ['exact', 'derived', 'synonym', 'similar'] as const;
export type WordKind = (typeof WORD_KINDS)[number];

export interface SideWord {
  /** Lower case; up to three words. */
  readonly word: string;
  readonly kind: WordKind;
  /** Share, in [0, 1], of the word's occurrences that have this sense: of those tagged in WordNet, over all parts of speech, half a count added to each sense. */
  readonly share: number;
}

/** Two sides, each with at least one exact word; no word is on both. */
export type WordnetAxis = readonly [readonly SideWord[], readonly SideWord[]];

export interface Wordnet {
  readonly axes: readonly WordnetAxis[];
  /** `cold war`; two or three words. */
  readonly compounds: ReadonlySet<string>;
  /** `number`, which is no form of `numb`. */
  readonly lookalikes: ReadonlySet<string>;
}

let loaded: Wordnet | undefined;

/** Reads the files once; they are part of the package, so that one is absent or damaged is an internal fault. */
export function readWordnet(): Wordnet {
  loaded ??= {
    axes: linesOf('wordnet_antonyms.txt').map(axisFrom),
    compounds: new Set(linesOf('wordnet_compounds.txt')),
    lookalikes: new Set(linesOf('wordnet_lemmas.txt')),
  };
  return loaded;
}

function linesOf(name: string): string[] {
  const text = readFileSync(new URL(`../../data/${name}`, import.meta.url), 'utf8');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function axisFrom(line: string): WordnetAxis {
  const [a, b, ...rest] = line.split('\t');
  if (a === undefined || b === undefined || rest.length > 0) throw damaged(line);
  return [sideFrom(a, line), sideFrom(b, line)];
}

function sideFrom(text: string, line: string): SideWord[] {
  return text.split('|').flatMap((list, i) => {
    const kind = WORD_KINDS[i];
    if (kind === undefined) throw damaged(line);
    if (list === '') return [];
    return list.split(',').map((entry) => {
      const [word = '', percent = ''] = entry.split('=');
      if (word === '' || !/^\d{1,3}$/.test(percent)) throw damaged(line);
      return { word, kind, share: Number(percent) / 100 };
    });
  });
}

function damaged(line: string): Error {
  return new Error(`internal: data/wordnet_antonyms.txt has a line that is not one (${line.slice(0, 60)})`);
}
