import { describe, expect, it } from 'vitest';
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
  const of = (order: ArrayLike<number>): number =>
    means.reduce((sum, mean, at) => sum + (order[Math.floor(at / size)] === at % size ? mean : 0), 0) / size;
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

it('one concept has no order', async () => {
  const { blocks, pool } = await worldOf([[2, 2]]);
  const draw = (into: Int32Array): void => into.set(home(blocks));
  expect(await permutationPower({ blocks, pool, draw, level: 0.05, seed: 0 })).toBeUndefined();
});
