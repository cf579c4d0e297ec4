import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { bytesOf, makeRows, makeWholeNumbers, type RowKind } from '../../test/support/search_rows.ts';
import { allocateMatrix, cosine, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { type Extremes, type ExtremesOptions, extremesBetween, extremes as search } from './extremes.ts';
import { compareBottom, compareTop, type ScoredPair } from './pairs.ts';

/** What is promised, without what an engine may tell of its work. */
async function extremes(a: FeatureMatrix, options: ExtremesOptions): Promise<Extremes> {
  return endsOf(await search(a, options));
}

async function between(a: FeatureMatrix, b: FeatureMatrix, options: ExtremesOptions): Promise<Extremes> {
  return endsOf(await extremesBetween(a, b, options));
}

const endsOf = ({ top, bottom }: Extremes): Extremes => ({ top, bottom });

interface Golden {
  readonly sha256: readonly string[];
  /** i, j of the pairs in order, one after the other. */
  readonly top: readonly number[];
  readonly bottom: readonly number[];
  /** Cosine by rank. */
  readonly top_cosines: Readonly<Record<string, number>>;
  readonly bottom_cosines: Readonly<Record<string, number>>;
}

function readGolden<T>(name: string): Golden & T {
  const path = new URL(`../../test/golden/search/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8'));
}

const sha256 = (matrix: FeatureMatrix): string => createHash('sha256').update(bytesOf(matrix)).digest('hex');

const indices = (pairs: readonly ScoredPair[]): number[] => pairs.flatMap(({ i, j }) => [i, j]);

/** The golden indices, and cosines within `tolerance` of the golden ones. */
function expectGolden(found: Extremes, golden: Golden, k: number, tolerance: number): void {
  for (const end of ['top', 'bottom'] as const) {
    expect(indices(found[end])).toEqual(golden[end].slice(0, 2 * k));
    for (const [rank, cos] of Object.entries(golden[`${end}_cosines`])) {
      if (Number(rank) <= k)
        expect(Math.abs(found[end][Number(rank) - 1]!.cos - cos)).toBeLessThanOrEqual(tolerance);
    }
  }
}

/** Float64 sums of up to 600 terms below 1 in another order: each cosine is off by a few units of its last place. */
const OTHER_ORDER = 1e-14;

describe('extremes are those of numpy in float64', () => {
  describe.each(['struct', 'gauss', 'aniso'] as const)('%s rows', (name) => {
    const golden = readGolden<{ kind: RowKind; n: number; d: number; seed: number }>(name);
    const matrix = makeRows(golden.kind, golden.n, golden.d, golden.seed);

    it('are the rows that numpy had', () => {
      expect(sha256(matrix)).toBe(golden.sha256[0]);
    });

    it.each([1, 10, 100, 1000])('k = %i', async (k) => {
      expectGolden(await extremes(matrix, { k }), golden, k, OTHER_ORDER);
    });
  });

  it('between two dictionaries, either way round', async () => {
    const golden = readGolden('between');
    const a = makeRows('struct', 700, 320, 20);
    const b = makeRows('aniso', 900, 320, 30);
    for (let copy = 0; copy < 10; copy++)
      for (let c = 0; c < 320; c++)
        b.data[(5 + 90 * copy) * 320 + c]! += 0.5 * a.data[(7 + 7 * copy) * 320 + c]!;
    const others = toFeatureMatrix(b);
    expect([sha256(a), sha256(others)]).toEqual(golden.sha256);
    for (const k of [10, 1000]) expectGolden(await between(a, others, { k }), golden, k, OTHER_ORDER);

    const turned = await between(others, a, { k: 100 });
    const swapped = turned.top.flatMap(({ i, j }) => [j, i]);
    expect(swapped).toEqual(golden.top.slice(0, 200));
  });

  it('thousands of ties: by (cosine, i, j), and the very same cosines', async () => {
    const golden = readGolden<{ n: number; d: number; seed: number }>('ties');
    const matrix = makeWholeNumbers(golden.n, golden.d, golden.seed);
    expect(sha256(matrix)).toBe(golden.sha256[0]);
    for (const k of [10, 100, 1000]) expectGolden(await extremes(matrix, { k }), golden, k, 0);
  });
});

/** Every pair by the definition, in float64. */
function everyPair(a: FeatureMatrix, b?: FeatureMatrix): ScoredPair[] {
  const pairs: ScoredPair[] = [];
  for (let i = 0; i < a.rows; i++) {
    for (let j = b ? 0 : i + 1; j < (b ?? a).rows; j++) {
      const cos = cosine(a, i, b ?? a, j);
      if (!Number.isNaN(cos)) pairs.push({ i, j, cos });
    }
  }
  return pairs;
}

/** The first k of all pairs at both ends, cosines to the last bit. */
function firstOf(pairs: readonly ScoredPair[], k: number): Extremes {
  const sorted = Float64Array.from(pairs, ({ cos }) => cos).sort();
  const lowest = sorted[k - 1] ?? 1;
  const highest = sorted[sorted.length - k] ?? -1;
  return {
    top:
      k === 0
        ? []
        : pairs
            .filter(({ cos }) => cos >= highest)
            .sort(compareTop)
            .slice(0, k),
    bottom:
      k === 0
        ? []
        : pairs
            .filter(({ cos }) => cos <= lowest)
            .sort(compareBottom)
            .slice(0, k),
  };
}

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
    expect(await extremes(matrix, { k })).toEqual(firstOf(everyPair(matrix), k));
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
    for (const k of [1, 60]) expect(await extremes(matrix, { k })).toEqual(firstOf(truth, k));
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
    expect(await extremes(toFeatureMatrix(part), { k: 30 })).toEqual(expected);
    const plain = { ...part, data: Float32Array.from(whole.data).subarray(50 * 18, 350 * 18) };
    expect(await extremes(toFeatureMatrix(plain), { k: 30 })).toEqual(expected);
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
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 0, max: 80 }),
        fc.nat(1000),
        async (rows, d, k, seed) => {
          const matrix = build(rows, d, seed);
          expect(await extremes(matrix, { k })).toEqual(firstOf(everyPair(matrix), k));
        },
      ),
      { numRuns: runs(12) },
    );
  });

  it('lengths that are powers of two and the order of coordinates’ signs change nothing', async () => {
    const matrix = makeRows('struct', 600, 64, 50);
    const changed = allocateMatrix(600, 64);
    for (let row = 0; row < 600; row++) {
      const factor = 2 ** (((row * 7) % 60) - 30);
      for (let c = 0; c < 64; c++)
        changed.data[row * 64 + c] = (c % 3 ? factor : -factor) * matrix.data[row * 64 + c]!;
    }
    expect(await extremes(toFeatureMatrix(changed), { k: 50 })).toEqual(await extremes(matrix, { k: 50 }));
  });

  it('opposite rows turn the ends round', async () => {
    const [a, b] = [makeRows('struct', 400, 48, 60), makeRows('gauss', 350, 48, 70)];
    const opposite = toFeatureMatrix({ ...b, data: b.data.map((value) => -value) });
    const { top, bottom } = await between(a, b, { k: 40 });
    const turned = await between(a, opposite, { k: 40 });
    expect(indices(turned.top)).toEqual(indices(bottom));
    expect(turned.bottom.map(({ cos }) => cos)).toEqual(top.map(({ cos }) => -cos));
  });
});

describe('what the answer does not depend on', () => {
  it('the number of workers, to the last bit', async () => {
    const [a, b] = [makeRows('struct', 1300, 96, 80), makeWholeNumbers(700, 96, 90)];
    const within = await extremes(a, { k: 200, threads: 1 });
    const across = await between(a, b, { k: 200, threads: 1 });
    for (const threads of [2, 3, 7]) {
      expect(await extremes(a, { k: 200, threads })).toEqual(within);
      expect(await between(a, b, { k: 200, threads })).toEqual(across);
    }
  });

  it('k: a shorter list is the beginning of a longer one', async () => {
    const matrix = makeWholeNumbers(700, 5, 100);
    const long = await extremes(matrix, { k: 2000 });
    for (const k of [1, 7, 435, 1999]) {
      const short = await extremes(matrix, { k });
      expect(short.top).toEqual(long.top.slice(0, k));
      expect(short.bottom).toEqual(long.bottom.slice(0, k));
    }
  });

  it('searches at the same time', async () => {
    const [a, b] = [makeRows('struct', 500, 40, 110), makeRows('aniso', 450, 40, 120)];
    const alone = [await extremes(a, { k: 30 }), await extremes(b, { k: 30 })];
    expect(await Promise.all([extremes(a, { k: 30 }), extremes(b, { k: 30 })])).toEqual(alone);
  });

  it('the rows stay as they were', async () => {
    const matrix = makeRows('struct', 500, 40, 110);
    const before = [sha256(matrix), Array.from(matrix.norms)];
    await extremes(matrix, { k: 30 });
    expect([sha256(matrix), Array.from(matrix.norms)]).toEqual(before);
  });
});

describe('what is said on the way', () => {
  it('progress grows to at most all pairs', async () => {
    const matrix = makeRows('gauss', 3000, 256, 130);
    const seen: [number, number][] = [];
    await extremes(matrix, { k: 10, onProgress: (done, total) => seen.push([done, total]) });
    expect(seen.length).toBeGreaterThan(0);
    for (const [at, [done, total]] of seen.entries()) {
      expect(total).toBe((3000 * 2999) / 2);
      expect(done).toBeLessThanOrEqual(total);
      expect(done).toBeGreaterThanOrEqual(seen[at - 1]?.[0] ?? 0);
    }
  });

  it.each<[string, (controller: AbortController) => void]>([
    ['before it began', () => {}],
    ['in its first moment', (controller) => queueMicrotask(() => controller.abort())],
    ['when its workers start', (controller) => setImmediate(() => controller.abort())],
  ])('C19: an abort ends the search with kind `interrupted`: %s', async (when, abort) => {
    const matrix = makeRows('gauss', 3000, 256, 130);
    const controller = new AbortController();
    if (when === 'before it began') controller.abort();
    const stopped = extremes(matrix, { k: 10, signal: controller.signal });
    abort(controller);
    await expect(stopped).rejects.toMatchObject({ kind: 'interrupted' });
    // Nothing of the stopped search remains in the way of the next.
    expect((await extremes(matrix, { k: 1 })).top).toHaveLength(1);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('k = %d is refused', async (k) => {
    await expect(extremes(gaussian(5, 3), { k })).rejects.toMatchObject({ kind: 'usage' });
  });

  it('widths that differ are refused', async () => {
    await expect(between(gaussian(5, 3), gaussian(5, 4), { k: 1 })).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('3 and 4'),
    });
  });
});
