/** @file The combinations of concepts as a geometry run measures them, for tests that start behind it. */

import { type Concept, crossPairs } from '../../src/concepts/concept_set.ts';
import type { Centring } from '../../src/geometry/centring.ts';
import type { ConceptPairCosine } from '../../src/geometry/measure_space.ts';
import { cosine, type FeatureMatrix } from '../../src/tensor/matrix.ts';

/** @param percentile of every pair alike, where a test wants one */
export function measuredPairs(
  matrix: FeatureMatrix,
  concepts: readonly Concept[],
  { centring, percentile }: { readonly centring?: Centring; readonly percentile?: number } = {},
): ConceptPairCosine[] {
  return concepts.flatMap((concept) =>
    crossPairs(concept).pairs.map(({ a, b }) => ({
      concept,
      featureA: a,
      featureB: b,
      cos: cosine(matrix, a, matrix, b),
      ...(centring && { centredCos: centring.centredCosine(a, b) }),
      ...(percentile !== undefined && { percentile }),
    })),
  );
}
