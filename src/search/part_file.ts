/**
 * @file The file of one part of a search: what was asked, which rows were searched, how far it is and what it has found. While the part runs it is its checkpoint, when it
 * is done it is what `merge_parts.ts` joins. JSON, with a hash of itself in front: `docs/schema.md`.
 */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AntipodeError } from '../errors.ts';
import { writeFileAtomic } from '../formats/atomic.ts';
import { parseJson } from '../formats/json/json_text.ts';
import { openFileSource, readBytes } from '../formats/source.ts';
import {
  type ColumnRange,
  joinRanges,
  type PairTable,
  pairsIn,
  type Shard,
  shardColumns,
} from './columns.ts';
import type { FoundSoFar } from './found.ts';
import type { ScoredPair } from './pairs.ts';
import type { RowIdentity } from './row_identity.ts';

/** A fact of the caller that decides what is searched, by the name that users know it by. */
export type Asked = Readonly<Record<string, string | number | null>>;

/** One search of the part: a space, say. */
export interface PartSearch extends FoundSoFar {
  readonly name: string;
  readonly a: RowIdentity;
  /** Null for pairs within `a`. */
  readonly b: RowIdentity | null;
  /** What the caller wants to know of it again. */
  readonly about: unknown;
}

export interface Part {
  readonly shard: Shard;
  readonly k: number;
  /** The same in all parts. */
  readonly asked: Asked;
  /** What the caller needs again when the parts are joined, and may differ from part to part, such as where a file lies. */
  readonly caller: unknown;
  readonly searches: readonly PartSearch[];
}

const SCHEMA = 'antipode-extremes-part';
const SCHEMA_VERSION = 1;

/** Two searches of 100,000 pairs at both ends take about 20 MB; ten times as much leaves room for what callers add. */
const MOST_BYTES = 200 * 2 ** 20;

const COUNT = z.number().int().min(0);
const RANGE = z.tuple([COUNT, COUNT]).transform(([from, to]): ColumnRange => ({ from, to }));
const PAIR = z
  .tuple([COUNT, COUNT, z.number().min(-1).max(1)])
  .transform(([i, j, cos]): ScoredPair => ({ i, j, cos }));
const ROWS = z.object({
  rows: COUNT,
  usable: COUNT,
  width: COUNT,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const PART = z.object({
  schema: z.literal(SCHEMA),
  schema_version: z.literal(SCHEMA_VERSION),
  shard: z.object({ index: z.number().int().min(1), count: z.number().int().min(1) }),
  k: COUNT,
  asked: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  caller: z.unknown(),
  searches: z.array(
    z.object({
      name: z.string(),
      a: ROWS,
      b: ROWS.nullable(),
      about: z.unknown(),
      done: z.array(RANGE),
      top: z.array(PAIR),
      bottom: z.array(PAIR),
    }),
  ),
});

/** The hash stands first and covers all that follows `"part":` but the last brace. */
const HEAD = /^\{"sha256":"([0-9a-f]{64})","part":/;
const HEAD_LENGTH = '{"sha256":"","part":'.length + 64;

/**
 * @param shown its name in messages @returns undefined where there is no such file
 * @throws {AntipodeError} `format` for a file that is cut, changed or something else
 */
export async function readPart(path: string, shown: string): Promise<Part | undefined> {
  const bytes = await readWhole(path, shown);
  if (bytes === undefined) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sha256 = HEAD.exec(text.toString('latin1', 0, HEAD_LENGTH))?.[1];
  if (sha256 === undefined) throw notAPart(shown, 'it does not begin as one');
  const body = text.subarray(HEAD_LENGTH, text.lastIndexOf('}'));
  if (createHash('sha256').update(body).digest('hex') !== sha256) {
    throw new AntipodeError('format', `${shown}: is damaged (its content does not match its hash)`, {
      hint: 'delete it and run its command again: it begins anew',
    });
  }
  const parsed = PART.safeParse(parseJson(body, shown));
  if (!parsed.success) {
    const { message, path: at } = parsed.error.issues[0]!;
    throw notAPart(shown, `${at.join('.')}: ${message}`);
  }
  const { schema: _, schema_version: __, ...part } = parsed.data;
  checkPart(part, shown);
  return part;
}

async function readWhole(path: string, shown: string): Promise<Uint8Array | undefined> {
  try {
    const source = await openFileSource(path, shown);
    try {
      if (source.byteLength > MOST_BYTES) throw notAPart(shown, `it has ${source.byteLength} bytes`);
      return await readBytes(source, 0, source.byteLength);
    } finally {
      await source.close();
    }
  } catch (error) {
    if (error instanceof AntipodeError && error.kind === 'missing') return undefined;
    throw error;
  }
}

function notAPart(shown: string, why: string): AntipodeError {
  return new AntipodeError('format', `${shown}: is not a part of a search (${why})`, {
    hint: 'antipode extremes --shard 1/8 --out FOLDER writes one',
  });
}

/** What a hash cannot tell: numbers that contradict each other. */
function checkPart({ k, searches, shard }: Part, shown: string): void {
  if (shard.index > shard.count) throw notAPart(shown, `it is part ${shard.index} of ${shard.count}`);
  for (const search of searches) {
    const { from, to } = shardColumns(shard, tableOf(search));
    const isOutside = search.done.some((range) => range.from < from || range.to > to);
    const others = search.b ?? search.a;
    const isWrong = [...search.top, ...search.bottom].some(
      ({ i, j }) => i >= search.a.rows || j >= others.rows || (search.b === null && i >= j),
    );
    if (isOutside || isWrong || Math.max(search.top.length, search.bottom.length) > k)
      throw notAPart(shown, `its ${search.name} contradicts itself`);
  }
}

export function tableOf({ a, b }: Pick<PartSearch, 'a' | 'b'>): PairTable {
  return { rows: a.usable, others: b?.usable };
}

/** Pairs of one search of a part: how many are searched, of how many. */
export function pairsDone(
  shard: Shard,
  search: PartSearch,
): { readonly done: number; readonly total: number } {
  const table = tableOf(search);
  return {
    done: joinRanges(search.done).reduce((sum, range) => sum + pairsIn(range, table), 0),
    total: pairsIn(shardColumns(shard, table), table),
  };
}

/** True where every pair of the search has been visited. */
export function isSearched(shard: Shard, search: PartSearch): boolean {
  const { from, to } = shardColumns(shard, tableOf(search));
  const [range] = joinRanges(search.done);
  return from === to || (range !== undefined && range.from <= from && range.to >= to);
}

/** In one step: a reader sees the old content or the new one, and a full disk leaves the old. @throws {AntipodeError} as `writeFileAtomic` */
export async function writePart(path: string, { asked, caller, k, searches, shard }: Part): Promise<void> {
  const head = { schema: SCHEMA, schema_version: SCHEMA_VERSION, shard, k, asked, caller };
  const body = `${JSON.stringify(head).slice(0, -1)},"searches":[${searches.map(searchText).join(',')}]}`;
  const sha256 = createHash('sha256').update(body).digest('hex');
  await writeFileAtomic(path, `{"sha256":"${sha256}","part":${body}}\n`);
}

function searchText({ a, about, b, bottom, done, name, top }: PartSearch): string {
  const ranges = done.map(({ from, to }) => [from, to]);
  // By hand, because JSON.stringify writes the zero below zero as 0.
  const pairs = (of: readonly ScoredPair[]): string =>
    of.map(({ i, j, cos }) => `[${i},${j},${Object.is(cos, -0) ? '-0' : cos}]`).join(',');
  const head = JSON.stringify({ name, a, b, about, done: ranges }).slice(0, -1);
  return `${head},"top":[${pairs(top)}],"bottom":[${pairs(bottom)}]}`;
}
