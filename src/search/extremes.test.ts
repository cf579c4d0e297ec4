import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { between, within } from '../../test/support/every_pair.ts';
import { bytesOf, makeRows, makeWholeNumbers, type RowKind } from '../../test/support/search_rows.ts';
import { allocateMatrix, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import type { Extremes } from './extremes.ts';
import { nearestRows } from './nearest_rows.ts';
import type { ScoredPair } from './pairs.ts';

interface Golden {
  readonly sha256: readonly string[];
  /** i, j of the pairs in order, one after the other. */
  readonly top: readonly number[];
  readonly bottom: readonly number[];
  /** Row by row, within one dictionary. */
  readonly nearest?: readonly number[];
  readonly opposed?: readonly number[];
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

    it.each([1, 10, 25, 100, 1000])('k = %i', async (k) => {
      expectGolden(await within(matrix, { k }), golden, k, OTHER_ORDER);
    });

    it('each row’s nearest and most opposed row', async () => {
      const { nearest, opposed } = await nearestRows(matrix);
      expect(Array.from(nearest)).toEqual(golden.nearest);
      expect(Array.from(opposed)).toEqual(golden.opposed);
    });
  });

  it('between two dictionaries, either way round', async () => {
    const golden = readGolden('between');
    const a = makeRows('struct', 700, 640, 20);
    const b = makeRows('aniso', 900, 640, 30);
    for (let pair = 0; pair < 20; pair++) {
      const [from, to] = [(7 + 7 * pair) * 640, (5 + 45 * pair) * 640];
      for (let c = 0; c < 640; c++)
        b.data[to + c] = (pair % 2 ? -1 : 1) * a.data[from + c]! + 0.25 * b.data[to + c]!;
    }
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
    for (const k of [10, 100, 1000]) expectGolden(await within(matrix, { k }), golden, k, 0);
    const { nearest, opposed } = await nearestRows(matrix);
    expect(Array.from(nearest)).toEqual(golden.nearest);
    expect(Array.from(opposed)).toEqual(golden.opposed);
  });
});

describe('what rows say of the answer', () => {
  it('lengths that are powers of two and the order of coordinates’ signs change nothing', async () => {
    const matrix = makeRows('struct', 600, 64, 50);
    const changed = allocateMatrix(600, 64);
    for (let row = 0; row < 600; row++) {
      const factor = 2 ** (((row * 7) % 60) - 30);
      for (let c = 0; c < 64; c++)
        changed.data[row * 64 + c] = (c % 3 ? factor : -factor) * matrix.data[row * 64 + c]!;
    }
    expect(await within(toFeatureMatrix(changed), { k: 50 })).toEqual(await within(matrix, { k: 50 }));
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
  it('the number of workers, to the last bit, with few coordinates multiplied and with all', async () => {
    const [a, b] = [makeRows('struct', 1300, 576, 10), makeWholeNumbers(700, 576, 90)];
    for (const k of [10, 200]) {
      const inside = await within(a, { k, threads: 1 });
      const across = await between(a, b, { k, threads: 1 });
      for (const threads of [2, 3, 7]) {
        expect(await within(a, { k, threads })).toEqual(inside);
        expect(await between(a, b, { k, threads })).toEqual(across);
      }
    }
  });

  it('k: a shorter list is the beginning of a longer one', async () => {
    const matrix = makeWholeNumbers(700, 5, 100);
    const long = await within(matrix, { k: 2000 });
    for (const k of [1, 7, 435, 1999]) {
      const short = await within(matrix, { k });
      expect(short.top).toEqual(long.top.slice(0, k));
      expect(short.bottom).toEqual(long.bottom.slice(0, k));
    }
  });

  it('searches at the same time', async () => {
    const [a, b] = [makeRows('struct', 500, 40, 110), makeRows('aniso', 450, 40, 120)];
    const alone = [await within(a, { k: 30 }), await within(b, { k: 30 })];
    expect(await Promise.all([within(a, { k: 30 }), within(b, { k: 30 })])).toEqual(alone);
  });

  it('the rows stay as they were', async () => {
    const matrix = makeRows('struct', 500, 40, 110);
    const before = [sha256(matrix), Array.from(matrix.norms)];
    await within(matrix, { k: 30 });
    expect([sha256(matrix), Array.from(matrix.norms)]).toEqual(before);
  });
});

describe('what is said on the way', () => {
  it('progress grows to at most all pairs', async () => {
    const matrix = makeRows('gauss', 3000, 256, 130);
    const seen: [number, number][] = [];
    await within(matrix, { k: 10, onProgress: (done, total) => seen.push([done, total]) });
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
    const stopped = within(matrix, { k: 10, signal: controller.signal });
    abort(controller);
    await expect(stopped).rejects.toMatchObject({ kind: 'interrupted' });
    // Nothing of the stopped search remains in the way of the next.
    expect((await within(matrix, { k: 1 })).top).toHaveLength(1);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('k = %d is refused', async (k) => {
    await expect(within(makeRows('gauss', 5, 3, 1), { k })).rejects.toMatchObject({ kind: 'usage' });
  });

  it('widths that differ are refused', async () => {
    await expect(
      between(makeRows('gauss', 5, 3, 1), makeRows('gauss', 5, 4, 1), { k: 1 }),
    ).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('3 and 4'),
    });
  });
});
