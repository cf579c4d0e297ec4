/**
 * @file The search by its definition, for tests: every pair with its float64 cosine, the first k at both ends. And the public search without what an engine may tell of its work.
 */

import {
  type Extremes,
  type ExtremesOptions,
  extremesBetween,
  extremes as search,
} from '../../src/search/extremes.ts';
import { compareBottom, compareTop, type ScoredPair } from '../../src/search/pairs.ts';
import { cosine, type FeatureMatrix } from '../../src/tensor/matrix.ts';

const endsOf = ({ top, bottom }: Extremes): Extremes => ({ top, bottom });

export async function within(a: FeatureMatrix, options: ExtremesOptions): Promise<Extremes> {
  return endsOf(await search(a, options));
}

export async function between(
  a: FeatureMatrix,
  b: FeatureMatrix,
  options: ExtremesOptions,
): Promise<Extremes> {
  return endsOf(await extremesBetween(a, b, options));
}

/** Every pair by the definition, in float64. */
export function everyPair(a: FeatureMatrix, b?: FeatureMatrix): ScoredPair[] {
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
export function firstOf(pairs: readonly ScoredPair[], k: number): Extremes {
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
