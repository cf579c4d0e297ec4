/** @file Joins the parts of a search to what the whole search would have found. Parts may come from different machines and numbers of workers; they have to be all, each once. */

import { isDeepStrictEqual } from 'node:util';
import { AntipodeError } from '../errors.ts';
import { pairsIn, shardColumns, WHOLE } from './columns.ts';
import { joinFound } from './found.ts';
import { type Asked, isSearched, type Part, type PartSearch, tableOf } from './part_file.ts';
import { differences, shareDone } from './part_keeper.ts';

export interface NamedPart {
  /** As messages call it. */
  readonly shown: string;
  readonly part: Part;
}

export interface MergedParts {
  readonly k: number;
  readonly asked: Asked;
  /** Of the first part. */
  readonly caller: unknown;
  /** In the order of the parts; all pairs are searched. */
  readonly searches: readonly PartSearch[];
}

/**
 * @param names the searches that every part has to hold
 * @throws {AntipodeError} `usage` for parts of different searches, and for one that is there twice; `missing` for parts that are absent or not finished
 */
export function mergeParts(parts: readonly NamedPart[], names: readonly string[]): MergedParts {
  const [first] = parts;
  if (!first) throw new AntipodeError('missing', 'merge: no part was given');
  for (const one of parts.slice(1)) refuseStranger(first, one);
  refuseTwins(parts);
  refuseUnfinished(parts, names);
  refuseGaps(parts);
  const { asked, caller, k } = first.part;
  const searches = first.part.searches.map((search) => {
    const all = parts.map(({ part }) => part.searches.find(({ name }) => name === search.name)!);
    const table = tableOf(search);
    const range = shardColumns(WHOLE, table);
    const found = joinFound(all, k);
    const wanted = Math.min(k, pairsIn(range, table));
    if (found.top.length !== wanted || found.bottom.length !== wanted) {
      throw new AntipodeError(
        'check',
        `merge: the parts hold too few pairs of the ${search.name} (got ${found.top.length} and ${found.bottom.length}, expected ${wanted})`,
        { hint: 'delete the parts and search again' },
      );
    }
    return { ...search, ...found, done: [range] };
  });
  return { k, asked, caller, searches };
}

function refuseStranger(first: NamedPart, other: NamedPart): void {
  const facts = ({ part }: NamedPart): Asked => ({ parts: part.shard.count, ...part.asked, k: part.k });
  const words = differences(facts(first), facts(other)).map(
    ([name, one, two]) => `${name} ${one} and ${two}`,
  );
  for (const search of other.part.searches) {
    const known = first.part.searches.find(({ name }) => name === search.name);
    if (known && !isDeepStrictEqual([known.a, known.b], [search.a, search.b]))
      words.push(`the rows of the ${search.name} differ`);
  }
  if (words.length === 0) return;
  throw new AntipodeError(
    'usage',
    `${first.shown} and ${other.shown}: are parts of different searches (${words.join('; ')})`,
    { hint: 'give the parts of one search, or name their folder' },
  );
}

function refuseTwins(parts: readonly NamedPart[]): void {
  const seen = new Map<number, string>();
  for (const { part, shown } of parts) {
    const { count, index } = part.shard;
    const twin = seen.get(index);
    if (twin !== undefined) {
      throw new AntipodeError('usage', `${twin} and ${shown}: are both part ${index} of ${count}`, {
        hint: 'leave one of them out',
      });
    }
    seen.set(index, shown);
  }
}

function refuseUnfinished(parts: readonly NamedPart[], names: readonly string[]): void {
  for (const { part, shown } of parts) {
    const { searches, shard } = part;
    const isWhole = names.every((name) =>
      searches.some((search) => search.name === name && isSearched(shard, search)),
    );
    if (isWhole) continue;
    const percent = Math.floor(100 * shareDone(part, names));
    throw new AntipodeError('missing', `${shown}: is not finished (${percent} % of its pairs are searched)`, {
      hint: 'run the command that began it again: it goes on where it stopped',
    });
  }
}

/** Enough to see what is wrong. */
const SHOWN_GAPS = 12;

function refuseGaps(parts: readonly NamedPart[]): void {
  const { count } = parts[0]!.part.shard;
  if (parts.length === count) return;
  const there = new Set(parts.map(({ part }) => part.shard.index));
  const gaps: number[] = [];
  for (let index = 1; index <= count && gaps.length <= SHOWN_GAPS; index++)
    if (!there.has(index)) gaps.push(index);
  const shown = gaps.slice(0, SHOWN_GAPS).join(', ') + (gaps.length > SHOWN_GAPS ? ', …' : '');
  const missing = count - parts.length;
  throw new AntipodeError(
    'missing',
    `merge: ${missing === 1 ? `part ${shown} of ${count} is` : `parts ${shown} of ${count} are`} missing`,
    { hint: `antipode extremes … --shard ${gaps[0]}/${count} --out FOLDER searches it` },
  );
}
