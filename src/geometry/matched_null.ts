/** @file The null hypothesis that the features of the concepts are random features: other features in all their places, drawn from a pool. METHOD section 2. */

import { throwIfInterrupted } from '../errors.ts';
import { createNullTally, type NullSummary, type NullTally } from '../stats/permutation.ts';
import { type ConceptBlocks, conceptsWithPairs } from './concept_blocks.ts';
import type { PoolCosines } from './pool_cosines.ts';

/** Means of one assignment of features to places. */
export interface BlockMeans {
  /** Per concept; NaN where it has no pair. */
  readonly means: Float64Array;
  /** Mean of the concepts' means, and mean over all pairs; NaN without any. */
  macro: number;
  pooled: number;
}

export interface NullSummaries {
  readonly macro: NullSummary;
  readonly pooled: NullSummary;
  /** Per concept of the set: its own mean, and the mean of the means of all others. */
  readonly concepts: readonly NullSummary[];
  readonly without: readonly NullSummary[];
}

export interface MatchedNullOptions {
  readonly blocks: ConceptBlocks;
  readonly pool: PoolCosines;
  /** The position in the pool of the feature in each place. */
  readonly home: Int32Array;
  /** Writes a random position for each place. */
  readonly draw: (into: Int32Array) => void;
  readonly draws: number;
  /** Is handed the same means after each draw. */
  readonly onDraw?: (means: BlockMeans, draw: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Cosines and concepts gone through between two turns of others: some milliseconds. */
const STEPS_PER_TURN = 1e6;

/** Lets others run, so that an interruption is heard. @throws {AntipodeError} `interrupted` */
export async function giveTurn(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  throwIfInterrupted(signal);
}

/** Draws between two turns of others, each of `steps`. */
export function drawsPerTurn(steps: number): number {
  return Math.max(1, Math.floor(STEPS_PER_TURN / Math.max(1, steps)));
}

/** @throws {AntipodeError} `interrupted` on abort */
export async function matchedNull(options: MatchedNullOptions): Promise<NullSummaries> {
  const { blocks, pool, home, draw, draws, onDraw, signal } = options;
  const perTurn = drawsPerTurn(blocks.pairA.length + blocks.concepts.length);
  const tally = createTallies(blocks, measureBlocks(blocks, pool, home, emptyMeans(blocks)));
  const means = emptyMeans(blocks);
  const places = new Int32Array(home.length);
  for (let k = 0; k < draws; k++) {
    draw(places);
    measureBlocks(blocks, pool, places, means);
    tally.add(means);
    onDraw?.(means, k);
    if ((k + 1) % perTurn === 0) await giveTurn(signal);
  }
  return tally.summaries();
}

export function emptyMeans({ concepts }: ConceptBlocks): BlockMeans {
  return { means: new Float64Array(concepts.length), macro: Number.NaN, pooled: Number.NaN };
}

/** @param places the position in the pool that stands in each place @returns `into` */
export function measureBlocks(
  { pairA, pairB, start, concepts }: ConceptBlocks,
  { cosines, features }: PoolCosines,
  places: Int32Array,
  into: BlockMeans,
): BlockMeans {
  const size = features.length;
  let total = 0;
  let sumOfMeans = 0;
  let counted = 0;
  for (let c = 0; c < concepts.length; c++) {
    const [from, to] = [start[c]!, start[c + 1]!];
    let sum = 0;
    for (let k = from; k < to; k++) sum += cosines[places[pairA[k]!]! * size + places[pairB[k]!]!]!;
    into.means[c] = sum / (to - from);
    if (to === from) continue;
    total += sum;
    sumOfMeans += into.means[c]!;
    counted += 1;
  }
  into.macro = sumOfMeans / counted;
  into.pooled = total / pairA.length;
  return into;
}

interface Tallies {
  add(means: BlockMeans): void;
  summaries(): NullSummaries;
}

function createTallies(blocks: ConceptBlocks, observed: BlockMeans): Tallies {
  const used = conceptsWithPairs(blocks);
  const others = used.length - 1;
  const without = (of: BlockMeans, c: number): number => (of.macro * used.length - of.means[c]!) / others;
  const [macro, pooled] = [createNullTally(observed.macro), createNullTally(observed.pooled)];
  const each = blocks.concepts.map((_, c): [NullTally, NullTally] => [
    createNullTally(observed.means[c]!),
    createNullTally(without(observed, c)),
  ]);
  return {
    add(means) {
      macro.add(means.macro);
      pooled.add(means.pooled);
      for (const c of used) {
        each[c]![0].add(means.means[c]!);
        if (others > 0) each[c]![1].add(without(means, c));
      }
    },
    summaries: () => ({
      macro: macro.summary(),
      pooled: pooled.summary(),
      concepts: each.map(([own]) => own.summary()),
      without: each.map(([, rest]) => rest.summary()),
    }),
  };
}
