import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { createBlockCandidates } from './device_pass_blocks.ts';
import { compareBottom, compareTop, type ScoredPair } from './pairs.ts';

interface Table {
  /** Cosines of pair (row, place), in rows of blocks. */
  readonly truth: readonly (readonly number[])[];
  readonly width: number;
  /** Of each block's value, as a share of the bound. */
  readonly noise: readonly number[];
  readonly k: number;
  readonly sign: 1 | -1;
}

function pairsIn({ truth, width }: Table, row: number, start: number): ScoredPair[] {
  return truth[row]!.slice(start, start + width).map((cos, at) => ({ i: row, j: start + at, cos }));
}

/** Offers every block with a value off by `actual * noise`, to candidates that believe in `bound`. */
function collect(table: Table, bound: number, actual = bound, onBlock = (): void => {}): ScoredPair[] {
  const { k, sign, truth, width, noise } = table;
  const candidates = createBlockCandidates({
    k,
    sign,
    errorBound: bound,
    blocks: truth.reduce((sum, row) => sum + Math.ceil(row.length / width), 0),
    compare: sign === 1 ? compareTop : compareBottom,
    pairsOf: (row, start) => {
      onBlock();
      return pairsIn(table, row, start);
    },
    firstOf: (row, start) => ({ i: row, j: start }),
  });
  let block = 0;
  truth.forEach((values, row) => {
    for (let start = 0; start < values.length; start += width, block++) {
      const most = Math.max(...pairsIn(table, row, start).map(({ cos }) => sign * cos));
      const value = most + actual * noise[block % noise.length]!;
      if (!(value < candidates.bar())) candidates.add(value, row, start);
    }
  });
  return candidates.finish();
}

function best({ truth, k, sign }: Table): ScoredPair[] {
  return truth
    .flatMap((values, i) => values.map((cos, j) => ({ i, j, cos })))
    .sort(sign === 1 ? compareTop : compareBottom)
    .slice(0, k);
}

/** Few different cosines, so that ties cross the k-th place. */
const cosines = fc.integer({ min: -22, max: 22 }).map((value) => Math.max(-1, Math.min(1, value / 20)));

describe('blocks of pairs', () => {
  it('keep exactly the k best whatever the errors within the bound', () => {
    const tables: fc.Arbitrary<Table> = fc.record({
      truth: fc.array(fc.array(cosines, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 30 }),
      width: fc.integer({ min: 1, max: 7 }),
      noise: fc.array(fc.double({ min: -0.99, max: 0.99, noNaN: true }), { minLength: 1, maxLength: 50 }),
      k: fc.integer({ min: 0, max: 40 }),
      sign: fc.constantFrom<1 | -1>(1, -1),
    });
    fc.assert(
      fc.property(tables, fc.constantFrom(1e-9, 0.04, 0.6), (table, bound) => {
        expect(collect(table, bound)).toEqual(best(table));
      }),
      { numRuns: runs(200) },
    );
  });

  /** 70,000 blocks: more than are kept at once. */
  const many = (cosineOf: (row: number, at: number) => number): Table['truth'] =>
    Array.from({ length: 400 }, (_, row) => Array.from({ length: 350 }, (_, at) => cosineOf(row, at)));

  it('stay within their memory and exact under a hundred thousand near ties', () => {
    const truth = many((row, at) => 0.5 + ((row * 350 + at) % 7919) * 1e-9);
    const noise = Array.from({ length: 997 }, (_, i) => Math.sin(i));
    for (const sign of [1, -1] as const) {
      const table: Table = { truth, width: 2, noise, k: 10, sign };
      expect(collect(table, 1e-4)).toEqual(best(table));
    }
  });

  it('are left alone behind k pairs that nothing beats: equal rows do not cost a search in float64', () => {
    const truth = many(() => 1);
    for (const sign of [1, -1] as const) {
      const table: Table = {
        truth: truth.map((row) => row.map(() => sign)),
        width: 2,
        noise: [0],
        k: 10,
        sign,
      };
      let computed = 0;
      const counted = collect(table, 1e-4, 1e-4, () => computed++);
      expect(counted).toEqual(best(table));
      expect(computed).toBeLessThan(100);
    }
  });

  it('come in any order, also those that tie at 1', () => {
    const tables: fc.Arbitrary<Table> = fc.record({
      truth: fc.array(fc.array(fc.constant(1), { minLength: 1, maxLength: 20 }), {
        minLength: 1,
        maxLength: 9,
      }),
      width: fc.integer({ min: 1, max: 4 }),
      noise: fc.array(fc.double({ min: -0.99, max: 0.99, noNaN: true }), { minLength: 1, maxLength: 50 }),
      k: fc.integer({ min: 1, max: 9 }),
      sign: fc.constant(1 as const),
    });
    fc.assert(
      fc.property(tables, (table) => {
        expect(collect(table, 0.01)).toEqual(best(table));
      }),
      { numRuns: runs(200) },
    );
  });

  it('lose pairs when the bound is a lie, so the tests above can fail', () => {
    const truth = many((row, at) => (((row * 350 + at) * 7919) % 140_009) / 140_009);
    // Half of the blocks say a tenth too little: none of those is verified, so nothing notices.
    const table: Table = { truth, width: 2, noise: [0, -1], k: 10, sign: 1 };
    expect(collect(table, 1e-6, 0.1)).not.toEqual(best(table));
    expect(collect(table, 0.11, 0.1)).toEqual(best(table));
  });

  it('refuse a value that is further from its pairs than the bound, and one that is no number', () => {
    const table: Table = { truth: [[0.5, 0.25], [0.75]], width: 2, noise: [1], k: 2, sign: 1 };
    expect(collect(table, 1e-3, 0.9e-3)).toEqual(best(table));
    for (const [noise, what] of [
      [1.1e-3, 'off by 0.00'],
      [-1.1e-3, 'off by 0.00'],
      [Number.NaN, 'not a number'],
    ] as const) {
      expect(() => collect({ ...table, noise: [noise / 1e-3] }, 1e-3)).toThrow(
        expect.objectContaining({ kind: 'check', message: expect.stringContaining(what) }),
      );
    }
  });
});
