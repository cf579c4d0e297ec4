/**
 * @file What the test with sets in other orders can detect, by simulation: worlds of random features in all places, and in each the drop of all concepts from which on
 * the test rejects.
 */

import { createMoments } from '../stats/moments.ts';
import { isEnumerable, orders } from '../stats/permutation.ts';
import { createRng } from '../tensor/rng.ts';
import { type ConceptBlocks, conceptsWithPairs } from './concept_blocks.ts';
import { drawsPerTurn, giveTurn } from './matched_null.ts';
import { type SetTable, setTable, tableMeans } from './permuted_sets.ts';
import type { PoolCosines } from './pool_cosines.ts';

export interface PermutationPowerOptions {
  readonly blocks: ConceptBlocks;
  readonly pool: PoolCosines;
  /** Writes a random position of the pool for each place. */
  readonly draw: (into: Int32Array) => void;
  readonly level: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

export interface PermutationPower {
  /** Per world, ascending: once the mean of every concept is lower by more than this, p is at most the level. Infinite where no drop is enough. */
  readonly drops: Float64Array;
  /** Orders compared in each world; where `isEnumerated` all there are. */
  readonly orders: number;
  readonly isEnumerated: boolean;
  /** Standard deviation of the mean over orders, on average over worlds (root mean square). */
  readonly nullSd: number;
}

const MOST_WORLDS = 1000;
const FEWEST_WORLDS = 100;
/** At least, and so many that the level is ten of them away from the end. */
const FEWEST_ORDERS = 999;
const ORDERS_IN_TAIL = 10;
/** Cosines looked up and terms added up: about a second. */
const MOST_STEPS = 1e8;
/** What sorting costs per order, in such steps. */
const SORTING = 20;

/** Each world's tables take the same orders. @returns undefined with fewer than two concepts @throws {AntipodeError} `interrupted` on abort */
export async function permutationPower(
  options: PermutationPowerOptions,
): Promise<PermutationPower | undefined> {
  const { blocks, pool, draw, level, seed, signal } = options;
  const n = conceptsWithPairs(blocks).length;
  if (n < 2) return undefined;
  const wanted = Math.max(FEWEST_ORDERS, Math.ceil((2 * ORDERS_IN_TAIL) / level) - 1);
  const drawn = Array.from(orders(n, wanted, createRng(seed, 'power-permutation')), (order) => order.slice());
  const isEnumerated = isEnumerable(n, wanted);
  const steps =
    blocks.sides.reduce((sum, { a }) => sum + a.length, 0) * blocks.features.length +
    (n + SORTING) * drawn.length;
  const worlds = Math.max(FEWEST_WORLDS, Math.min(MOST_WORLDS, Math.floor(MOST_STEPS / steps)));
  const places = new Int32Array(blocks.features.length);
  const opposed = opposedShares(blocks);
  const drops = new Float64Array(worlds);
  const perTurn = drawsPerTurn(steps);
  let variance = 0;
  for (let world = 0; world < worlds; world++) {
    draw(places);
    const found = dropOf(setTable(blocks, pool, places), drawn, { level, isEnumerated, opposed });
    drops[world] = found.drop;
    variance += found.variance / worlds;
    if ((world + 1) % perTurn === 0) await giveTurn(signal);
  }
  return { drops: drops.sort(), orders: drawn.length, isEnumerated, nullSd: Math.sqrt(variance) };
}

/** Of each place of a world's table, the share of its combinations that are opposites by some concept: they have dropped wherever they stand. 1 on the diagonal. */
function opposedShares({ sides, pairA, pairB, features }: ConceptBlocks): Float64Array {
  const keyOf = (a: number, b: number): number => Math.min(a, b) * features.length + Math.max(a, b);
  const opposites = new Set(Array.from(pairA, (a, k) => keyOf(a, pairB[k]!)));
  const used = sides.filter(({ a }) => a.length > 0);
  return Float64Array.from(
    used.flatMap(({ a }) =>
      used.map(({ b }) => {
        let [pairs, dropped] = [0, 0];
        for (const one of a) {
          for (const other of b) {
            if (one === other) continue;
            pairs += 1;
            if (opposites.has(keyOf(one, other))) dropped += 1;
          }
        }
        return pairs === 0 ? 0 : dropped / pairs;
      }),
    ),
  );
}

/** Shares that add up to all, but for rounding. */
const WHOLE = 1 - 1e-12;

/**
 * With T the mean as it stands and T' that of another order in which opposites still make up a share f, a drop x of all concepts leaves T' at or below T as long as
 * T' - f x <= T - x, that is x <= (T - T') / (1 - f). p is at most the level once few enough orders do so.
 */
function dropOf(
  table: SetTable,
  drawn: readonly Int32Array[],
  {
    level,
    isEnumerated,
    opposed,
  }: { readonly level: number; readonly isEnumerated: boolean; readonly opposed: Float64Array },
): { readonly drop: number; readonly variance: number } {
  const { used } = table;
  const n = used.length;
  const { means, isPair } = tableMeans(table);
  const meanOf = (order: ArrayLike<number>): { mean: number; kept: number } => {
    let [sum, count, kept] = [0, 0, 0];
    for (let k = 0; k < n; k++) {
      const at = k * n + order[k]!;
      sum += means[at]!;
      count += isPair[at]!;
      kept += opposed[at]!;
    }
    return { mean: sum / count, kept: kept / count };
  };
  const { mean: own } = meanOf(Int32Array.from(used, (_, k) => k));
  const limits = new Float64Array(drawn.length);
  const spread = createMoments();
  drawn.forEach((order, k) => {
    const { mean, kept } = meanOf(order);
    spread.add(mean);
    limits[k] = kept >= WHOLE ? Number.POSITIVE_INFINITY : (own - mean) / (1 - kept);
  });
  limits.sort();
  const spare = isEnumerated ? 0 : 1;
  const allowed = Math.floor((level / 2) * (spare + drawn.length) + 1e-9) - spare;
  const drop = allowed < 0 ? Number.POSITIVE_INFINITY : limits[drawn.length - 1 - allowed]!;
  return { drop, variance: spread.moments().sd ** 2 };
}
