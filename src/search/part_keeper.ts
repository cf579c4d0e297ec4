/** @file Keeps a part of a search in its file while it runs, so that it goes on from there after whatever ended it. */

import { isDeepStrictEqual } from 'node:util';
import { AntipodeError } from '../errors.ts';
import type { Shard } from './columns.ts';
import { type FoundSoFar, NOTHING_FOUND } from './found.ts';
import {
  type Asked,
  isSearched,
  type Part,
  type PartSearch,
  pairsDone,
  readPart,
  writePart,
} from './part_file.ts';

export interface PartPlace {
  readonly path: string;
  /** Its name in messages. */
  readonly shown: string;
  readonly shard: Shard;
  readonly k: number;
  readonly asked: Asked;
  readonly caller: unknown;
}

export interface PartKeeper {
  readonly shard: Shard;
  /** What the file held when it was opened. */
  readonly searches: readonly PartSearch[];
  /** Where this search stands. @throws {AntipodeError} `usage` where the file is about other rows */
  begin(search: Omit<PartSearch, keyof FoundSoFar>): FoundSoFar;
  /** Writes what a search that has begun has found. @throws {AntipodeError} `resource` for a full disk and the like: the file holds what it held */
  save(name: string, found: FoundSoFar): Promise<void>;
}

/** @throws {AntipodeError} `usage` where the file is part of another search, `format` where it is damaged */
export async function openPartKeeper(place: PartPlace): Promise<PartKeeper> {
  const { asked, caller, k, path, shard, shown } = place;
  const before = await readPart(path, shown);
  if (before) refuseOther(shown, { ...asked, k, shard: wordsOf(shard) }, before);
  const searches = new Map(before?.searches.map((search) => [search.name, search]));
  return {
    shard,
    searches: before?.searches ?? [],
    begin({ a, about, b, name }) {
      const known = searches.get(name);
      if (known && !isDeepStrictEqual([known.a, known.b], [a, b])) {
        throw otherSearch(shown, `the ${name} had other rows, ${known.a.rows} x ${known.a.width}`);
      }
      const { bottom, done, top } = known ?? NOTHING_FOUND;
      searches.set(name, { name, a, b, about, done, top, bottom });
      return { done, top, bottom };
    },
    async save(name, { bottom, done, top }) {
      const search = searches.get(name);
      if (!search) throw new Error(`internal: ${name} was not begun`);
      searches.set(name, { ...search, done, top, bottom });
      await writePart(path, { shard, k, asked, caller, searches: [...searches.values()] });
    },
  };
}

function wordsOf({ count, index }: Shard): string {
  return `${index}/${count}`;
}

function refuseOther(shown: string, now: Asked, { asked, k, shard }: Part): void {
  const changes = differences({ ...asked, k, shard: wordsOf(shard) }, now);
  if (changes.length === 0) return;
  throw otherSearch(shown, changes.map(([name, was, is]) => `${name} was ${was}, now ${is}`).join('; '));
}

function otherSearch(shown: string, how: string): AntipodeError {
  return new AntipodeError('usage', `${shown}: is part of another search (${how})`, {
    hint: 'name another file or folder, or delete this one to begin anew',
  });
}

/** Names with their two values, where these differ. */
export function differences(one: Asked, other: Asked): [name: string, one: string, other: string][] {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  const shown = (value: string | number | null | undefined): string => String(value ?? 'not given');
  return names
    .filter((name) => (one[name] ?? null) !== (other[name] ?? null))
    .map((name) => [name, shown(one[name]), shown(other[name])]);
}

/** Share of a part's pairs that are searched, 0 to 1; `names` are the searches it consists of. */
export function shareDone(
  { searches, shard }: Pick<Part, 'searches' | 'shard'>,
  names: readonly string[],
): number {
  let share = 0;
  for (const name of names) {
    const search = searches.find((one) => one.name === name);
    if (!search) continue;
    const { done, total } = pairsDone(shard, search);
    share += (isSearched(shard, search) ? 1 : done / total) / names.length;
  }
  return share;
}
