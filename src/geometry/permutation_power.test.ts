import { describe, expect, it } from 'vitest';
import type { Concept } from '../concepts/concept_set.ts';
import { createNullTally, isEnumerable, orders } from '../stats/permutation.ts';
import { toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { type ConceptBlocks, conceptBlocks } from './concept_blocks.ts';
import { permutationPower } from './permutation_power.ts';
import { setTable } from './permuted_sets.ts';
import { type PoolCosines, poolCosines } from './pool_cosines.ts';

const [n, d] = [40, 5];
const rng = createRng(6, 'permutation-power');
const matrix = toFeatureMatrix({
  data: Float32Array.from({ length: n * d }, () => rng.normal()),
  rows: n,
  cols: d,
});
const SEED = 4;

async function worldOf(
  sizes: readonly (readonly [number, number])[],
): Promise<{ blocks: ConceptBlocks; pool: PoolCosines }> {
  let next = 0;
  const take = (count: number): number[] => Array.from({ length: count }, () => next++);
  const concepts = sizes.map(([a, b], c) => ({
    concept: String(c),
    a: { label: 'a', features: take(a) },
    b: { label: 'b', features: take(b) },
  }));
  const blocks = conceptBlocks(concepts, () => true);
  const pool = await poolCosines(
    { rows: matrix, rowOf: (f) => f, isWhole: true },
    Array.from({ length: n }, (_, f) => f),
  );
  return { blocks, pool };
}

/** The test itself, on this world with the mean of every concept lowered. */
function pAfter(drop: number, blocks: ConceptBlocks, pool: PoolCosines): number {
  const { sums, counts, used } = setTable(blocks, pool, home(blocks));
  const size = used.length;
  const means = Array.from(sums, (sum, at) => sum / counts[at]! - (at % (size + 1) === 0 ? drop : 0));
  const of = (order: ArrayLike<number>): number => {
    const met = means.filter((mean, at) => order[Math.floor(at / size)] === at % size && !Number.isNaN(mean));
    return met.reduce((sum, mean) => sum + mean, 0) / met.length;
  };
  const tally = createNullTally(of(used), isEnumerable(size, 999));
  for (const order of orders(size, 999, createRng(SEED, 'power-permutation'))) tally.add(of(order));
  return tally.summary().p;
}

function home({ features }: ConceptBlocks): Int32Array {
  return Int32Array.from(features);
}

describe.each([
  [
    'every order',
    [
      [1, 2],
      [2, 2],
      [3, 1],
      [1, 1],
      [1, 1],
      [2, 1],
    ],
  ],
  [
    'random orders',
    [
      [1, 2],
      [2, 2],
      [3, 1],
      [1, 1],
      [1, 1],
      [2, 1],
      [1, 1],
      [2, 2],
      [1, 1],
    ],
  ],
] as [string, [number, number][]][])('%s', (_, sizes) => {
  it.each([0.05, 0.2])('at %d: above the drop the test rejects, below it does not', async (level) => {
    const { blocks, pool } = await worldOf(sizes);
    const draw = (into: Int32Array): void => into.set(home(blocks));
    const { drops, isEnumerated } = (await permutationPower({ blocks, pool, draw, level, seed: SEED }))!;
    expect(isEnumerated).toBe(sizes.length === 6);
    const drop = drops[0]!;
    expect(drops.at(-1)).toBe(drop);
    expect(pAfter(drop + 1e-9, blocks, pool)).toBeLessThanOrEqual(level);
    expect(pAfter(drop - 1e-9, blocks, pool)).toBeGreaterThan(level);
  });
});

describe('concepts that share pairs', () => {
  const concept = (name: string, a: number[], b: number[]): Concept => ({
    concept: name,
    a: { label: 'a', features: a },
    b: { label: 'b', features: b },
  });
  const worldWith = async (concepts: Concept[]): Promise<{ blocks: ConceptBlocks; pool: PoolCosines }> => ({
    blocks: conceptBlocks(concepts, () => true),
    pool: (await worldOf([[1, 1]])).pool,
  });

  it('one pair listed six times is the same in every order, so no drop is ever found', async () => {
    const { blocks, pool } = await worldWith(
      Array.from({ length: 6 }, (_, k) => concept(String(k), [0], [1])),
    );
    const draw = (into: Int32Array): void => into.set(home(blocks));
    const { drops } = (await permutationPower({ blocks, pool, draw, level: 0.05, seed: SEED }))!;
    expect(drops[0]).toBe(Number.POSITIVE_INFINITY);
  });

  it('above the drop the test rejects, below it does not: opposites have dropped in every order', async () => {
    const listed = [0, 1, 2, 3].map((k) => concept(String(k), [2 * k], [2 * k + 1]));
    const shared = [
      concept('again', [0], [1]),
      concept('turned', [3], [2]),
      concept('wider', [4, 8], [5, 9]),
    ];
    const { blocks, pool } = await worldWith([...listed, ...shared]);
    const draw = (into: Int32Array): void => into.set(home(blocks));
    const level = 0.2;
    const { drops } = (await permutationPower({ blocks, pool, draw, level, seed: SEED }))!;
    const drop = drops[0]!;
    expect(pDropped(drop + 1e-5, blocks, pool)).toBeLessThanOrEqual(level);
    expect(pDropped(drop - 1e-5, blocks, pool)).toBeGreaterThan(level);
  });
});

/** The test itself, with the cosine of every pair of opposites lowered. */
function pDropped(drop: number, blocks: ConceptBlocks, { features, cosines }: PoolCosines): number {
  const size = features.length;
  const lowered = cosines.slice();
  for (const at of new Set(
    Array.from(blocks.pairA, (a, k) => [a, blocks.pairB[k]!]).flatMap(([a = 0, b = 0]) => {
      const [one, other] = [blocks.features[a]!, blocks.features[b]!];
      return [one * size + other, other * size + one];
    }),
  )) {
    lowered[at]! -= drop;
  }
  return pAfter(0, blocks, { features, cosines: lowered });
}

it('one concept has no order', async () => {
  const { blocks, pool } = await worldOf([[2, 2]]);
  const draw = (into: Int32Array): void => into.set(home(blocks));
  expect(await permutationPower({ blocks, pool, draw, level: 0.05, seed: 0 })).toBeUndefined();
});
