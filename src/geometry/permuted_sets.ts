/**
 * @file The null hypothesis that it does not matter which set B stands opposite which set A: the sets B change places among the concepts, each whole, so that
 * likeness within a set stays as it is. METHOD section 2.
 */

import { createNullTally, isEnumerable, type NullSummary, orders } from '../stats/permutation.ts';
import type { Rng } from '../tensor/rng.ts';
import { type ConceptBlocks, conceptsWithPairs } from './concept_blocks.ts';
import { drawsPerTurn, giveTurn } from './matched_null.ts';
import type { PoolCosines } from './pool_cosines.ts';

/** Sums and counts of the cosines between every set A and every set B, `[concepts, concepts]`; a feature with itself is left out. */
export interface SetTable {
  /** The concepts that have a pair, as indices into the set: rows and columns of the two. */
  readonly used: readonly number[];
  readonly sums: Float64Array;
  readonly counts: Float64Array;
}

/** @param places the position in the pool of the feature in each place */
export function setTable(
  blocks: ConceptBlocks,
  { cosines, features }: PoolCosines,
  places: Int32Array,
): SetTable {
  const used = conceptsWithPairs(blocks);
  const sums = new Float64Array(used.length ** 2);
  const counts = new Float64Array(used.length ** 2);
  used.forEach((c, row) => {
    for (const a of blocks.sides[c]!.a) {
      const line = places[a]! * features.length;
      used.forEach((other, column) => {
        const at = row * used.length + column;
        for (const b of blocks.sides[other]!.b) {
          if (a === b) continue;
          sums[at]! += cosines[line + places[b]!]!;
          counts[at]! += 1;
        }
      });
    }
  });
  return { used, sums, counts };
}

/** The mean of each place of the table, 0 where it has no pair (`isPair` is 0 there, else 1). */
export function tableMeans({ sums, counts }: SetTable): {
  readonly means: Float64Array;
  readonly isPair: Float64Array;
} {
  return {
    means: sums.map((sum, at) => (counts[at]! > 0 ? sum / counts[at]! : 0)),
    isPair: counts.map((count) => (count > 0 ? 1 : 0)),
  };
}

export interface PermutedSummaries {
  readonly macro: NullSummary;
  readonly pooled: NullSummary;
  /** Per row of the table: the mean of means of all other concepts. */
  readonly without: readonly NullSummary[];
  /** Whether all orders were compared and not a sample of them. */
  readonly isEnumerated: boolean;
}

export interface PermuteOptions {
  readonly draws: number;
  readonly rng: Rng;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Without one concept the order of the others is what is left when it is cut out: the set A that met its set B meets the set B that its set A met. Every order of
 * the others is equally likely then. A combination of sets that has no pair (both are one and the same feature) counts in no mean.
 * @throws {AntipodeError} `interrupted` on abort
 */
export async function permuteSets(
  table: SetTable,
  { draws, rng, signal }: PermuteOptions,
): Promise<PermutedSummaries> {
  const { sums, counts, used } = table;
  const n = used.length;
  const isEnumerated = isEnumerable(n, draws);
  const { means, isPair } = tableMeans(table);
  const identity = Int32Array.from(used, (_, k) => k);
  const scratch = { inverse: new Int32Array(n), without: new Float64Array(n) };
  const measure = (order: Int32Array): { macro: number; pooled: number } => {
    let [sum, count, total, pairs] = [0, 0, 0, 0];
    for (let k = 0; k < n; k++) {
      const at = k * n + order[k]!;
      sum += means[at]!;
      count += isPair[at]!;
      total += sums[at]!;
      pairs += counts[at]!;
      scratch.inverse[order[k]!] = k;
    }
    for (let k = 0; k < n; k++) {
      const met = order[k]!;
      const from = scratch.inverse[k]!;
      const [out, into] = [k * n + met, from * n + k];
      const joined = from * n + met;
      const isFixed = met === k;
      const restSum = isFixed ? sum - means[out]! : sum - means[out]! - means[into]! + means[joined]!;
      const restCount = isFixed
        ? count - isPair[out]!
        : count - isPair[out]! - isPair[into]! + isPair[joined]!;
      scratch.without[k] = restSum / restCount;
    }
    return { macro: sum / count, pooled: total / pairs };
  };

  const observed = measure(identity);
  const macro = createNullTally(observed.macro, isEnumerated);
  const pooled = createNullTally(observed.pooled, isEnumerated);
  const rest = Array.from(scratch.without, (value) => createNullTally(value, isEnumerated));
  const perTurn = drawsPerTurn(n);
  let compared = 0;
  for (const order of n > 1 ? orders(n, draws, rng) : []) {
    const drawn = measure(order);
    macro.add(drawn.macro);
    pooled.add(drawn.pooled);
    if (n > 2) for (let k = 0; k < n; k++) rest[k]!.add(scratch.without[k]!);
    compared += 1;
    if (compared % perTurn === 0) await giveTurn(signal);
  }
  return {
    macro: macro.summary(),
    pooled: pooled.summary(),
    without: rest.map((tally) => tally.summary()),
    isEnumerated,
  };
}
