/**
 * @file The exhaustive pass with everything counted: the extremes of all pairs, the population, and the place of every asked cosine and of every extreme
 * in it.
 */

import type { ScoredPair } from '../search/pairs.ts';
import { type SearchPairsOptions, searchPairs } from '../search/search_pairs.ts';
import { countedBelow, type PlacedCosine, type Population, placeCosine, populationOf } from './population.ts';

export interface CountedSearch {
  readonly population: Population;
  /** As `searchPairs` gives them, each with its place. */
  readonly top: readonly (ScoredPair & PlacedCosine)[];
  readonly bottom: readonly (ScoredPair & PlacedCosine)[];
  /** The place of an asked cosine, or of an extreme's. */
  of(cos: number): PlacedCosine;
}

/**
 * @param options `countBelow`: cosines whose places are wanted, in any order, NaN and duplicates allowed
 * @throws {AntipodeError} as `searchPairs`
 */
export async function searchCounted(
  options: SearchPairsOptions & { readonly countBelow: readonly number[] },
): Promise<CountedSearch> {
  const { k } = options;
  const asked = [...new Set(options.countBelow.filter((cos) => !Number.isNaN(cos)))];
  // One more than is wanted: it tells whether the last of them is alone with its cosine.
  const result = await searchPairs({ ...options, k: k + 1, countBelow: asked });
  const census = result.census!;
  const [top, bottom] = [result.top.slice(0, k), result.bottom.slice(0, k)];
  const belowOf = countedBelow(result, census.pairs);
  asked.forEach((cos, index) => {
    belowOf.set(cos, census.below[index]!);
  });
  const uncounted = top.find(({ cos }) => !belowOf.has(cos));
  if (uncounted) {
    const again = await searchPairs({ ...options, k: 0, countBelow: [uncounted.cos] });
    belowOf.set(uncounted.cos, again.census!.below[0]!);
  }
  const population = populationOf(census);
  const of = (cos: number): PlacedCosine => placeCosine(cos, belowOf.get(cos), population);
  return {
    population,
    top: top.map((pair) => ({ ...pair, ...of(pair.cos) })),
    bottom: bottom.map((pair) => ({ ...pair, ...of(pair.cos) })),
    of,
  };
}
