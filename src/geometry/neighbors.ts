/** @file The most aligned and most opposed features of one feature, exactly, in the original d_in space. */

import type { ScoredPair } from '../search/pairs.ts';
import { compareBottom, compareTop } from '../search/pairs.ts';
import { cosine, type FeatureMatrix } from '../tensor/matrix.ts';

export interface Neighbors {
  /** Ordered by (cos descending, feature); the feature itself and features without a direction are left out. */
  readonly aligned: readonly { readonly feature: number; readonly cos: number }[];
  readonly opposed: readonly { readonly feature: number; readonly cos: number }[];
}

/** All n cosines in float64: about 50 ms for 16,384 features of width 2304. Empty when the feature has no direction. */
export function findNeighbors(matrix: FeatureMatrix, feature: number, k: number): Neighbors {
  const pairs: ScoredPair[] = [];
  for (let j = 0; j < matrix.rows; j++) {
    if (j === feature || !(matrix.norms[j]! > 0)) continue;
    const cos = cosine(matrix, feature, matrix, j);
    if (!Number.isNaN(cos)) pairs.push({ i: feature, j, cos });
  }
  const shown = ({ j, cos }: ScoredPair): { feature: number; cos: number } => ({ feature: j, cos });
  return {
    aligned: pairs.sort(compareTop).slice(0, k).map(shown),
    opposed: pairs.sort(compareBottom).slice(0, k).map(shown),
  };
}
