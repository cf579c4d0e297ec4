import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import {
  type ColumnRange,
  checkShard,
  cutBlocks,
  joinRanges,
  type PairTable,
  pairsIn,
  rangesLeft,
  shardColumns,
  WHOLE,
} from './columns.ts';

const tables = fc.record({
  rows: fc.integer({ min: 0, max: 3000 }),
  others: fc.option(fc.integer({ min: 0, max: 3000 }), { nil: undefined }),
});
const columnsOf = ({ rows, others }: PairTable): number => others ?? rows;
const numbersIn = (ranges: readonly ColumnRange[]): number[] =>
  ranges.flatMap(({ from, to }) => Array.from({ length: Math.max(0, to - from) }, (_, c) => from + c));

describe('shards', () => {
  it('follow each other from the first column to the last, with nearly the same number of pairs', () => {
    fc.assert(
      fc.property(tables, fc.integer({ min: 1, max: 60 }), (table, count) => {
        const shards = Array.from({ length: count }, (_, s) => shardColumns({ index: s + 1, count }, table));
        let next = 0;
        for (const { from, to } of shards) {
          expect([from, to >= from]).toEqual([next, true]);
          next = to;
        }
        expect(next).toBe(columnsOf(table));
        const all = pairsIn(shardColumns(WHOLE, table), table);
        const each = shards.map((range) => pairsIn(range, table));
        expect(each.reduce((sum, pairs) => sum + pairs, 0)).toBe(all);
        // Columns are not cut: each of the two edges is at most half a column off.
        for (const pairs of each) expect(Math.abs(pairs - all / count)).toBeLessThanOrEqual(table.rows + 1);
      }),
      { numRuns: runs(100) },
    );
  });

  it('count pairs as they are', () => {
    expect(pairsIn({ from: 0, to: 5 }, { rows: 5, others: undefined })).toBe(10);
    expect(pairsIn({ from: 3, to: 5 }, { rows: 5, others: undefined })).toBe(3 + 4);
    expect(pairsIn({ from: 3, to: 5 }, { rows: 7, others: 5 })).toBe(14);
  });

  it.each([
    [0, 4],
    [5, 4],
    [1.5, 4],
    [1, 0],
    [Number.NaN, 4],
  ])('part %d of %d is refused', (index, count) => {
    expect(() => checkShard({ index, count })).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});

const ranges = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 80 }))
    .map(([from, size]) => ({ from, to: from + size })),
  { maxLength: 8 },
);

describe('ranges of columns', () => {
  it('joined, they are the same columns, ascending and apart', () => {
    fc.assert(
      fc.property(ranges, (given) => {
        const joined = joinRanges(given);
        expect(numbersIn(joined)).toEqual([...new Set(numbersIn(given))].sort((p, q) => p - q));
        joined.slice(1).forEach(({ from }, r) => {
          expect(from).toBeGreaterThan(joined[r]!.to);
        });
      }),
      { numRuns: runs(100) },
    );
  });

  it('what is left is all that is not done', () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 0, max: 300 }), (done, from) => {
        const range = { from, to: from + 120 };
        const isDone = new Set(numbersIn(done));
        const left = numbersIn([range]).filter((column) => !isDone.has(column));
        expect(numbersIn(rangesLeft(range, done))).toEqual(left);
      }),
      { numRuns: runs(100) },
    );
  });

  it('blocks hold every column once, the last first, and none more than is allowed', () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 1, max: 100 }), (given, most) => {
        const joined = joinRanges(given);
        const flat = cutBlocks(joined, most);
        const blocks = Array.from({ length: flat.length / 2 }, (_, b) => ({
          from: flat[2 * b]!,
          to: flat[2 * b]! + flat[2 * b + 1]!,
        }));
        expect(blocks.every(({ from, to }) => to > from && to - from <= most)).toBe(true);
        expect(numbersIn([...blocks].reverse())).toEqual(numbersIn(joined));
      }),
      { numRuns: runs(100) },
    );
  });
});
