import { describe, expect, it } from 'vitest';
import { everyPair, firstOf } from '../../test/support/every_pair.ts';
import { makeRows } from '../../test/support/search_rows.ts';
import { shardColumns } from './columns.ts';
import { mergeParts, type NamedPart } from './merge_parts.ts';
import type { PartSearch } from './part_file.ts';
import { identifyRows } from './row_identity.ts';

const matrix = makeRows('gauss', 60, 12, 3);
const pairs = everyPair(matrix);
const k = 15;
const a = identifyRows(matrix);

/** A part by definition: what a search of its columns finds, and nothing else. */
function partOf(index: number, count: number, change: Partial<PartSearch> = {}): NamedPart {
  const range = shardColumns({ index, count }, { rows: a.usable, others: undefined });
  const own = pairs.filter(({ j }) => j >= range.from && j < range.to);
  const search = {
    name: 'decoder',
    a,
    b: null,
    about: 'words',
    done: [range],
    ...firstOf(own, k),
    ...change,
  };
  return {
    shown: `p${index}`,
    part: { shard: { index, count }, k, asked: { '--spaces': 'decoder' }, caller: index, searches: [search] },
  };
}

const three = (): NamedPart[] => [1, 2, 3].map((index) => partOf(index, 3));

it('parts in any order are the whole', () => {
  const [one, two, last] = three() as [NamedPart, NamedPart, NamedPart];
  const merged = mergeParts([last, one, two], ['decoder']);
  expect(merged).toEqual({
    k,
    asked: { '--spaces': 'decoder' },
    caller: 3,
    searches: [
      { name: 'decoder', a, b: null, about: 'words', done: [{ from: 0, to: 60 }], ...firstOf(pairs, k) },
    ],
  });
});

describe('are refused', () => {
  it.each<[string, () => NamedPart[], string, RegExp]>([
    ['no parts', () => [], 'missing', /no part was given/],
    ['a missing one', () => three().slice(1), 'missing', /^merge: part 1 of 3 is missing$/],
    ['missing ones', () => three().slice(2), 'missing', /^merge: parts 1, 2 of 3 are missing$/],
    [
      'one that is there twice',
      () => [...three(), { ...partOf(2, 3), shown: 'copy' }],
      'usage',
      /^p2 and copy: are both part 2 of 3$/,
    ],
    [
      'parts of other divisions',
      () => [partOf(1, 2), partOf(2, 3)],
      'usage',
      /parts of different searches \(parts 2 and 3\)/,
    ],
    [
      'one that is not finished',
      () => [partOf(1, 3), partOf(2, 3, { done: [{ from: 40, to: 49 }] }), partOf(3, 3)],
      'missing',
      /^p2: is not finished \(\d+ % of its pairs are searched\)$/,
    ],
    [
      'other rows',
      () => [partOf(1, 2), partOf(2, 2, { a: { ...a, sha256: 'f'.repeat(64) } })],
      'usage',
      /the rows of the decoder differ/,
    ],
    [
      'one without a search',
      () => [partOf(1, 2), partOf(2, 2, { name: 'encoder' })],
      'missing',
      /^p2: is not finished \(0 %/,
    ],
    [
      'pairs that got lost',
      () => [partOf(1, 1, { top: [] })],
      'check',
      /too few pairs of the decoder \(got 0 and 15, expected 15\)/,
    ],
  ])('%s', (_, make, kind, message) => {
    expect(() => mergeParts(make(), ['decoder'])).toThrow(
      expect.objectContaining({ kind, message: expect.stringMatching(message) }),
    );
  });

  it('another k, another question', () => {
    const [one, two] = [partOf(1, 2), partOf(2, 2)];
    const other = { ...two, part: { ...two.part, k: 16, asked: { '--spaces': 'encoder' } } };
    expect(() => mergeParts([one, other], ['decoder'])).toThrow(/--spaces decoder and encoder; k 15 and 16/);
  });
});
