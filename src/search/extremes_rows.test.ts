import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { between, everyPair, firstOf, within } from '../../test/support/every_pair.ts';
import { allocateMatrix, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';

type Edit = (data: Float32Array, d: number) => void;

function gaussian(n: number, d: number, edit?: Edit): FeatureMatrix {
  const matrix = allocateMatrix(n, d);
  const rng = createRng(1, `extremes ${n} ${d}`);
  for (let i = 0; i < n * d; i++) matrix.data[i] = rng.normal();
  edit?.(matrix.data, d);
  return toFeatureMatrix(matrix);
}

const equalRows: Edit = (data, d) => {
  for (let at = d; at < data.length; at += d) data.copyWithin(at, 0, d);
};

describe('extremes equal every pair in float64', () => {
  it.each<[string, number, number, number]>([
    ['one row', 1, 5, 3],
    ['two rows', 2, 5, 3],
    ['three rows, more pairs asked than there are', 3, 40, 100],
    ['a row more than 256, a column more than 16', 257, 17, 20],
    ['a row less than 512', 511, 33, 20],
    ['a row more than 1,024', 1025, 16, 300],
    ['width 1: all cosines are 1 or -1', 300, 1, 50],
    ['width 2', 400, 2, 1000],
    ['more pairs asked than there are, over several tiles', 140, 6, 1_000_000],
    ['nothing asked', 30, 4, 0],
  ])('%s', async (_, n, d, k) => {
    const matrix = gaussian(n, d);
    expect(await within(matrix, { k })).toEqual(firstOf(everyPair(matrix), k));
  });

  it.each<[string, number, number, Edit]>([
    [
      'rows of NaN, infinities and zeros, at both ends and at tiles’ edges',
      700,
      20,
      (data, d) => {
        for (const row of [0, 255, 300, 699]) data.fill(0, row * d, (row + 1) * d);
        for (const row of [1, 256, 511]) data[row * d + 7] = Number.NaN;
        for (const row of [2, 512]) data[row * d] = Number.NEGATIVE_INFINITY;
      },
    ],
    ['one row with a direction', 20, 6, (data) => data.fill(0, 6)],
    ['no row with a direction', 20, 6, (data) => data.fill(Number.NaN)],
    ['equal rows only', 270, 19, equalRows],
    [
      'copies and opposites of one row, of all lengths',
      300,
      24,
      (data, d) => {
        for (let row = 1; row < 300; row += 2) {
          const factor = (row % 4 === 1 ? 1 : -1) * 2 ** (row % 40);
          for (let c = 0; c < d; c++) data[row * d + c] = factor * data[c]!;
        }
      },
    ],
    [
      'one huge coordinate, in the first or the last column',
      300,
      48,
      (data, d) => {
        for (let row = 0; row < 300; row++) data[row * d + (row % 2 ? 0 : d - 1)] = row % 3 ? 1e6 : -1e6;
      },
    ],
    [
      'alternating signs',
      300,
      64,
      (data) => {
        for (let at = 0; at < data.length; at++) data[at] = (at % 2 ? -1 : 1) + 1e-3 * data[at]!;
      },
    ],
    [
      'denormal rows beside huge ones',
      300,
      32,
      (data, d) => {
        for (let row = 0; row < 300; row++) {
          const factor = [1e-43, 1, 1e18, 1e37][row % 4]!;
          for (let c = 0; c < d; c++) data[row * d + c]! *= factor;
        }
      },
    ],
    [
      'one coordinate each: all cosines are 0, 1 or -1',
      257,
      17,
      (data, d) => {
        for (let row = 0; row < 257; row++) {
          data.fill(0, row * d, (row + 1) * d);
          data[row * d + (row % d)] = row % 3 ? 1e-30 : -1e30;
        }
      },
    ],
    [
      'coordinates of all magnitudes that float32 has',
      300,
      33,
      (data) => {
        for (let at = 0; at < data.length; at++) data[at]! *= 10 ** (((at * 37) % 70) - 38);
      },
    ],
    [
      'a coordinate that all share, so that all cosines are close to 1',
      300,
      40,
      (data, d) => {
        for (let row = 0; row < 300; row++) data[row * d + 3] = 1e4;
      },
    ],
  ])('%s', async (_, n, d, edit) => {
    const matrix = gaussian(n, d, edit);
    const truth = everyPair(matrix);
    for (const k of [1, 60]) expect(await within(matrix, { k })).toEqual(firstOf(truth, k));
  });

  it('between two dictionaries, with rows without a direction on both sides', async () => {
    const a = gaussian(530, 21, (data, d) => data.fill(0, 17 * d, 18 * d));
    const b = gaussian(263, 21, (data, d) => {
      data[40 * d] = Number.NaN;
      data.set(a.data.subarray(0, 5 * d), 100 * d);
    });
    expect(await between(a, b, { k: 50 })).toEqual(firstOf(everyPair(a, b), 50));
    expect(await between(b, a, { k: 50 })).toEqual(firstOf(everyPair(b, a), 50));
    const one = gaussian(1, 21);
    expect(await between(one, a, { k: 50 })).toEqual(firstOf(everyPair(one, a), 50));
  });

  it('a dictionary beside itself: all ordered pairs, a row and itself among them', async () => {
    const matrix = gaussian(300, 12);
    expect(await between(matrix, matrix, { k: 400 })).toEqual(firstOf(everyPair(matrix, matrix), 400));
  });

  it('rows that lie in the middle of other memory, shared or not', async () => {
    const whole = gaussian(400, 18);
    const part = { data: whole.data.subarray(50 * 18, 350 * 18), rows: 300, cols: 18 };
    const expected = firstOf(everyPair(toFeatureMatrix(part)), 30);
    expect(await within(toFeatureMatrix(part), { k: 30 })).toEqual(expected);
    const plain = { ...part, data: Float32Array.from(whole.data).subarray(50 * 18, 350 * 18) };
    expect(await within(toFeatureMatrix(plain), { k: 30 })).toEqual(expected);
  });
});

/** Rows as an adversary would pick them, each after those before it. */
const adversarialRow = fc.record({
  kind: fc.constantFrom('plain', 'copy', 'opposite', 'zero', 'nan', 'one', 'huge', 'alternating', 'near'),
  of: fc.nat(),
  scale: fc.constantFrom(1, 1, 1, 2, 1e-44, 1e-30, 1e12, 3e37),
});
type AdversarialRow = typeof adversarialRow extends fc.Arbitrary<infer T> ? T : never;

function build(rows: readonly AdversarialRow[], d: number, seed: number): FeatureMatrix {
  const matrix = allocateMatrix(rows.length, d);
  const rng = createRng(seed, 'adversary');
  const directions: number[][] = [];
  for (const [at, { kind, of, scale }] of rows.entries()) {
    const plain = Array.from({ length: d }, () => rng.normal());
    const earlier = directions[of % Math.max(1, at)] ?? plain;
    const direction = {
      plain,
      copy: earlier,
      opposite: earlier.map((value) => -value),
      near: earlier.map((value, c) => value + 1e-6 * plain[c]!),
      zero: plain.map(() => 0),
      nan: plain.map((value, c) => (c === of % d ? Number.NaN : value)),
      one: plain.map((_, c) => (c === of % d ? 1 : 0)),
      huge: plain.map((value, c) => (c === of % d ? 1e6 : value)),
      alternating: plain.map((_, c) => (c % 2 ? -1 : 1)),
    }[kind];
    directions.push(direction);
    matrix.data.set(
      direction.map((value) => value * scale),
      at * d,
    );
  }
  return toFeatureMatrix(matrix);
}

describe('property: whatever the rows', () => {
  it('extremes equal every pair in float64', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(adversarialRow, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 0, max: 80 }),
        fc.nat(1000),
        async (rows, n, d, k, seed) => {
          const cycled = Array.from({ length: n }, (_, at) => rows[at % rows.length]!);
          const matrix = build(cycled, d, seed);
          expect(await within(matrix, { k })).toEqual(firstOf(everyPair(matrix), k));
        },
      ),
      { numRuns: runs(12) },
    );
  });
});
