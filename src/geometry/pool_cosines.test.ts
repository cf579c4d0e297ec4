import { expect, it } from 'vitest';
import { cosine, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { createCentring } from './centring.ts';
import { centredPool, drawPool, MOST_POOL_FEATURES, POOL_FEATURES, poolCosines } from './pool_cosines.ts';

const rng = createRng(1, 'pool');
const [n, d] = [1100, 24];
const matrix = toFeatureMatrix({
  data: Float32Array.from({ length: n * d }, () => rng.normal() + 0.5),
  rows: n,
  cols: d,
});
const space = { rows: matrix, rowOf: (feature: number) => feature, isWhole: true };

/** Float32 products of unit rows; the bound is for their sum in any order. */
const ROUNDING = 1e-6;

it.each([1100, 300, 1])('%d features: every cosine, both ways', async (count) => {
  const features = Array.from({ length: count }, (_, k) => (k * 7) % n);
  const { cosines } = await poolCosines(space, features);
  let worst = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const exact = cosine(matrix, features[i]!, matrix, features[j]!);
      worst = Math.max(worst, Math.abs(cosines[i * count + j]! - exact));
      if (cosines[i * count + j] !== cosines[j * count + i])
        throw new Error(`${i}, ${j} differ by direction`);
    }
  }
  expect(worst).toBeLessThan(ROUNDING);
});

it('an interruption is heard', async () => {
  const features = Array.from({ length: n }, (_, k) => k);
  await expect(poolCosines(space, features, AbortSignal.abort())).rejects.toMatchObject({
    kind: 'interrupted',
  });
});

it('centred cosines are those of single pairs; a feature at the mean has none', async () => {
  const rows = toFeatureMatrix({ data: Float32Array.of(1, 0, 0, 1, 1, 1, 3, 4), rows: 4, cols: 2 });
  const centring = createCentring(rows);
  const pool = centredPool(
    await poolCosines({ rows, rowOf: (feature) => feature, isWhole: true }, [0, 1, 3]),
    centring,
  );
  expect(pool.cosines[1]).toBeCloseTo(centring.centredCosine(0, 1), 6);
  expect(pool.cosines[5]).toBeCloseTo(centring.centredCosine(1, 3), 6);
  const equal = toFeatureMatrix({ data: Float32Array.of(1, 2, 1, 2), rows: 2, cols: 2 });
  const none = centredPool(
    await poolCosines({ rows: equal, rowOf: (feature) => feature, isWhole: true }, [0, 1]),
    createCentring(equal),
  );
  expect(none.cosines[1]).toBeNaN();
});

it('a pool holds the given features, then others, seeded and each once', () => {
  const all = Array.from({ length: 20_000 }, (_, k) => k);
  const given = [19_999, 4, 700];
  const pool = drawPool(given, all, 3);
  expect(pool.slice(0, 3)).toEqual(given);
  expect([pool.length, new Set(pool).size]).toEqual([POOL_FEATURES, POOL_FEATURES]);
  expect(pool.slice(3)).toEqual(pool.slice(3).toSorted((a, b) => a - b));
  expect(drawPool(given, all, 3)).toEqual(pool);
  expect(drawPool(given, all, 4)).not.toEqual(pool);
  expect(drawPool([2], [0, 1, 2], 0)).toEqual([2, 0, 1]);
  expect(drawPool(all.slice(0, 3000), all, 0)).toHaveLength(6000);
  expect(drawPool(all.slice(0, 8000), all, 0)).toHaveLength(MOST_POOL_FEATURES);
});
