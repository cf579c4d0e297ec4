/**
 * @file The exhaustive passes over one space: the population of all pairs and its extremes, how many pairs lie below each cosine that was measured, and the ranks of
 * each pair's features among all.
 */

import type { Concept } from '../concepts/concept_set.ts';
import type { Space } from '../sae/sae.ts';
import { rankPairs } from '../search/rank_pairs.ts';
import { type CountedSearch, searchCounted } from './counted_search.ts';
import type { PairRanks, PlacedPair, SpaceRows } from './measure_space.ts';
import { type PlacedCosine, type Population, placeCosine } from './population.ts';
import { meanCosines, type PairCosine, type SpaceCosines } from './space_cosines.ts';

export interface SpaceSearch {
  readonly space: Space;
  /** Absent without an exhaustive pass, with `top` and `bottom`. */
  readonly population?: Population;
  readonly top?: readonly PlacedPair[];
  readonly bottom?: readonly PlacedPair[];
  /** Pairs of the whole dictionary strictly below each measured cosine and each mean of them; empty without a pass. */
  readonly below: ReadonlyMap<number, number>;
  /** In the order of the cosines; absent where only rows were read. */
  readonly ranks?: Readonly<Record<'pairs' | 'random' | 'named', readonly PairRanks[]>>;
}

export interface SearchSpaceOptions {
  readonly rows: SpaceRows;
  readonly concepts: readonly Concept[];
  readonly cosines: SpaceCosines;
  /** Pairs at each end; undefined: no exhaustive pass, and no population. */
  readonly top: number | undefined;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Pairs outside the concepts beyond these have no ranks: every one costs a look at all features. */
const MOST_RANKED = 20_000;

/** @throws {AntipodeError} as `searchPairs` does */
export async function searchSpace(options: SearchSpaceOptions): Promise<SpaceSearch> {
  const { cosines, concepts, rows } = options;
  const { space, pairs, random, named } = cosines;
  const means = meanCosines(concepts, cosines);
  const asked = [
    ...[...pairs, ...random, ...named].map(({ cos }) => cos),
    ...[...means.concepts, means.pooled, means.macro, means.random],
  ];
  const counted = await countAll(options, asked);
  const ends = [...(counted?.top ?? []), ...(counted?.bottom ?? [])];
  const extremes = ends.map(({ i, j, cos }) => ({ featureA: i, featureB: j, cos }));
  const ranks = rows.isWhole ? await ranksOf(options, pairs, [named, extremes, random]) : undefined;
  const [ofPairs, ofNamed, ofEnds, ofRandom] = ranks ?? [];
  const ranked = ends.map((pair, index) => ({ ...pair, ...ofEnds?.[index] }));
  return {
    space,
    ...(counted && {
      population: counted.population,
      top: ranked.slice(0, counted.top.length),
      bottom: ranked.slice(counted.top.length),
    }),
    below: countsOf(counted, asked),
    ...(ranks && { ranks: { pairs: ofPairs!, named: ofNamed!, random: ofRandom! } }),
  };
}

/** The place of a cosine that was asked for; unplaced without a pass. */
export function placeIn({ population, below }: SpaceSearch): (cos: number) => PlacedCosine {
  return (cos) => (population ? placeCosine(cos, below.get(cos), population) : { cos });
}

async function countAll(
  { rows, top, threads, signal, onProgress }: SearchSpaceOptions,
  countBelow: readonly number[],
): Promise<CountedSearch | undefined> {
  if (top === undefined) return undefined;
  return searchCounted({
    a: rows.rows,
    k: top,
    countBelow,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
}

function countsOf(counted: CountedSearch | undefined, asked: readonly number[]): Map<number, number> {
  const below = new Map<number, number>();
  for (const cos of asked) {
    const count = counted?.of(cos).pairsBelow;
    if (count !== undefined) below.set(cos, count);
  }
  return below;
}

/** Of the concepts' pairs, then of each list of others, as far as `MOST_RANKED` goes. */
async function ranksOf(
  { rows, threads, signal }: SearchSpaceOptions,
  pairs: readonly PairCosine[],
  others: readonly (readonly PairCosine[])[],
): Promise<PairRanks[][]> {
  const lists = [pairs, ...others];
  const all = lists.flat().slice(0, Math.max(pairs.length, MOST_RANKED));
  const ranks = await rankPairs(
    rows.rows,
    [
      ...all.map(({ featureA, featureB }) => ({ from: featureA, to: featureB })),
      ...all.map(({ featureA, featureB }) => ({ from: featureB, to: featureA })),
    ],
    { ...(threads !== undefined && { threads }), ...(signal && { signal }) },
  );
  const found = all.map((_, index) => ({ rankOfB: ranks[index]!, rankOfA: ranks[index + all.length]! }));
  let from = 0;
  return lists.map(({ length }) => {
    const own = found.slice(from, from + length);
    from += length;
    return own;
  });
}
