/**
 * @file The opposites that discovery looks for: the article's concepts (`data/opposites.json`), which take in what WordNet has of the same words, and WordNet's own; and which words
 * stand on which side in which sense. Leaves out texts.
 */

import { readFileSync } from 'node:fs';
import { baseForms } from './base_forms.ts';
import { readWordnet, type SideWord, type WordKind, type Wordnet } from './wordnet.ts';

export const OPPOSITE_LISTS = ['article', 'wordnet'] as const;
export type OppositeList = (typeof OPPOSITE_LISTS)[number];

export type Side = 0 | 1;

/** `listed` by hand; the others as in WordNet. */
export type AxisWordKind = 'listed' | WordKind;

export interface AxisWord {
  readonly kind: AxisWordKind;
  /** Share of the word's uses that have this sense, in [0, 1]. */
  readonly share: number;
  /** Words beside which it has this sense, and words beside which it has another. */
  readonly cues?: { readonly for: ReadonlySet<string>; readonly against: ReadonlySet<string> };
}

export interface Axis {
  readonly list: OppositeList;
  /** Of the article's concepts; else the words found name it. */
  readonly concept?: string;
  readonly labels?: readonly [string, string];
  readonly sides: readonly [ReadonlyMap<string, AxisWord>, ReadonlyMap<string, AxisWord>];
}

export interface WordSense extends AxisWord {
  /** Place in `axes`. */
  readonly axis: number;
  readonly side: Side;
}

export interface Opposites {
  readonly axes: readonly Axis[];
  /** What a word or a phrase of two or three words, as it stands in a text (lower case), may stand for; empty for most. Forms are traced back to their word. */
  sensesOf(text: string): readonly WordSense[];
  /** A name that only contains a word with an opposite. */
  isCompound(text: string): boolean;
}

interface OppositesFile {
  readonly schema: 1;
  readonly opposites: readonly {
    readonly concept: string;
    readonly a: FileSide;
    readonly b: FileSide;
  }[];
  readonly senses: readonly {
    readonly word: string;
    readonly opposite: string;
    readonly for: readonly string[];
    readonly against: readonly string[];
  }[];
  /** Pairs of WordNet that contrast without being opposites: `all` and `some`. */
  readonly not_opposites: readonly (readonly [string, string])[];
}

interface FileSide {
  readonly label: string;
  readonly words: readonly (string | { readonly word: string; readonly share: number })[];
}

interface OpenAxis extends Axis {
  readonly sides: readonly [Map<string, AxisWord>, Map<string, AxisWord>];
}

/** Longer than any word or phrase of the lists, with its endings. */
const LONGEST = 64;

/** The words of texts from strangers have no end. */
const MOST_LOOKED_UP = 100_000;

const cache = new Map<string, Opposites>();

/** @param lists at least one; the files are read once */
export function readOpposites(lists: readonly OppositeList[] = OPPOSITE_LISTS): Opposites {
  const key = OPPOSITE_LISTS.filter((list) => lists.includes(list)).join();
  const known = cache.get(key);
  if (known) return known;
  const file = readFile();
  const wordnet = readWordnet();
  const axes = lists.includes('article') ? articleAxes(file) : [];
  if (lists.includes('wordnet')) addWordnet(axes, wordnet, file.not_opposites);
  const made = oppositesOf(withCues(axes, file.senses), wordnet);
  cache.set(key, made);
  return made;
}

/** The opposites of the article, in its order: concept and labels. */
export function articleOpposites(): { concept: string; a: string; b: string }[] {
  return readFile().opposites.map(({ concept, a, b }) => ({ concept, a: a.label, b: b.label }));
}

function readFile(): OppositesFile {
  const file = JSON.parse(
    readFileSync(new URL('../../data/opposites.json', import.meta.url), 'utf8'),
  ) as OppositesFile;
  if (file.schema !== 1)
    throw new Error(`internal: data/opposites.json has schema ${file.schema}, expected 1`);
  return file;
}

function articleAxes({ opposites }: OppositesFile): OpenAxis[] {
  return opposites.map(({ concept, a, b }) => ({
    list: 'article',
    concept,
    labels: [a.label, b.label],
    sides: [listed(a), listed(b)],
  }));
}

function listed({ words }: FileSide): Map<string, AxisWord> {
  return new Map(
    words.map((entry) =>
      typeof entry === 'string'
        ? [entry, { kind: 'listed', share: 1 }]
        : [entry.word, { kind: 'listed', share: entry.share }],
    ),
  );
}

/** Opposites of WordNet whose exact words a concept of the article has too, in either direction, are the same opposites. */
function addWordnet(axes: OpenAxis[], wordnet: Wordnet, denied: OppositesFile['not_opposites']): void {
  const own = axes.slice();
  for (const [a, b] of wordnet.axes) {
    if (
      denied.some(
        ([left, right]) => (isExact(a, left) && isExact(b, right)) || (isExact(a, right) && isExact(b, left)),
      )
    )
      continue;
    const ways = own.flatMap((axis) => [
      { axis, sides: [a, b] as const, isMet: meets(axis, a, b) },
      { axis, sides: [b, a] as const, isMet: meets(axis, b, a) },
    ]);
    const met = ways.find(({ isMet }) => isMet);
    if (met) for (const side of [0, 1] as const) addWords(met.axis, side, met.sides[side]);
    else axes.push({ list: 'wordnet', sides: [sideMap(a), sideMap(b)] });
  }
}

function meets(axis: OpenAxis, a: readonly SideWord[], b: readonly SideWord[]): boolean {
  const has = (words: readonly SideWord[], side: Side): boolean =>
    words.some(({ word, kind }) => kind === 'exact' && axis.sides[side].get(word)?.kind === 'listed');
  return has(a, 0) && has(b, 1);
}

function isExact(words: readonly SideWord[], word: string): boolean {
  return words.some((one) => one.word === word && one.kind === 'exact');
}

function addWords(axis: OpenAxis, side: Side, words: readonly SideWord[]): void {
  for (const { word, kind, share } of words) {
    if (axis.sides[0].has(word) || axis.sides[1].has(word)) continue;
    axis.sides[side].set(word, { kind, share });
  }
}

function sideMap(words: readonly SideWord[]): Map<string, AxisWord> {
  return new Map(words.map(({ word, kind, share }) => [word, { kind, share }]));
}

function withCues(axes: readonly OpenAxis[], senses: OppositesFile['senses']): readonly Axis[] {
  for (const axis of axes) {
    for (const { word, opposite, ...cues } of senses) {
      for (const side of [0, 1] as const) {
        const entry = axis.sides[side].get(word);
        const other = axis.sides[side === 0 ? 1 : 0].get(opposite);
        if (!entry || !isNamed(entry.kind) || !other || !isNamed(other.kind)) continue;
        axis.sides[side].set(word, {
          ...entry,
          cues: { for: new Set(cues.for), against: new Set(cues.against) },
        });
      }
    }
  }
  return axes;
}

function isNamed(kind: AxisWordKind): boolean {
  return kind === 'listed' || kind === 'exact';
}

function oppositesOf(axes: readonly Axis[], wordnet: Wordnet): Opposites {
  const senses = new Map<string, WordSense[]>();
  for (const [axis, { sides }] of axes.entries()) {
    for (const side of [0, 1] as const) {
      for (const [word, entry] of sides[side]) {
        const known = senses.get(word);
        if (known) known.push({ ...entry, axis, side });
        else senses.set(word, [{ ...entry, axis, side }]);
      }
    }
  }
  const startsOfPhrases = new Set([...senses.keys()].filter((word) => word.includes(' ')).map(firstOf));
  const looked = new Map<string, readonly WordSense[]>();
  const none: readonly WordSense[] = [];
  return {
    axes,
    sensesOf(text) {
      const known = looked.get(text);
      if (known) return known;
      if (text.length > LONGEST || (text.includes(' ') && !startsOfPhrases.has(firstOf(text)))) return none;
      const found = wordnet.lookalikes.has(text) ? none : sensesThrough(senses, text);
      if (looked.size === MOST_LOOKED_UP) looked.clear();
      looked.set(text, found);
      return found;
    },
    isCompound: (text) =>
      wordnet.compounds.has(text) || baseForms(text).some((form) => wordnet.compounds.has(form)),
  };
}

function firstOf(phrase: string): string {
  const end = phrase.indexOf(' ');
  return end < 0 ? phrase : phrase.slice(0, end);
}

/** Of the word itself and of the likeliest word that it is a form of: `loved` is the opposite of unloved, and a form of love; `lovely` is a word of its own. */
function sensesThrough(senses: ReadonlyMap<string, readonly WordSense[]>, text: string): WordSense[] {
  const own = senses.get(text) ?? [];
  const isOwnWord = own.length > 0 && /(ly|er|est)$/.test(text);
  const base = isOwnWord ? undefined : baseForms(text).find((form) => senses.has(form));
  const through = base === undefined ? [] : senses.get(base)!;
  return [...own, ...through.filter(({ axis }) => own.every((sense) => sense.axis !== axis))];
}
