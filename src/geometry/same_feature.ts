/** @file The article's positive control: each feature's encoder direction against its own decoder direction. */

import { maxBy, mean, minBy } from '../stats/summary.ts';
import { cosine, type FeatureMatrix } from '../tensor/matrix.ts';

export interface SameFeatureSummary {
  /** Features that have a direction in both matrices. */
  readonly n: number;
  readonly mean: number;
  readonly highest: { readonly feature: number; readonly cos: number } | undefined;
  readonly lowest: { readonly feature: number; readonly cos: number } | undefined;
}

export interface SameFeature {
  /** cos(W_enc[:, i], W_dec[i, :]) for every feature, float64; NaN where either has no direction. */
  readonly cosines: Float64Array;
  readonly concepts: SameFeatureSummary;
  readonly random: SameFeatureSummary;
  readonly dictionary: SameFeatureSummary;
}

/** @param conceptFeatures distinct features of the concept pairs @param randomFeatures distinct features of the random pairs */
export function measureSameFeature(
  W_enc: FeatureMatrix,
  W_dec: FeatureMatrix,
  conceptFeatures: readonly number[],
  randomFeatures: readonly number[],
): SameFeature {
  return summarizeSameFeature(sameFeatureCosines(W_enc, W_dec), conceptFeatures, randomFeatures);
}

/** cos(W_enc[:, i], W_dec[i, :]) for every feature, float64; NaN where either has no direction. */
export function sameFeatureCosines(W_enc: FeatureMatrix, W_dec: FeatureMatrix): Float64Array {
  return Float64Array.from({ length: W_dec.rows }, (_, i) => cosine(W_enc, i, W_dec, i));
}

/** Of the features as for `measureSameFeature`, and of all. */
export function summarizeSameFeature(
  cosines: Float64Array,
  conceptFeatures: readonly number[],
  randomFeatures: readonly number[],
): SameFeature {
  return {
    cosines,
    concepts: summarize(cosines, conceptFeatures),
    random: summarize(cosines, randomFeatures),
    dictionary: summarize(
      cosines,
      Array.from(cosines, (_, feature) => feature),
    ),
  };
}

function summarize(cosines: Float64Array, features: readonly number[]): SameFeatureSummary {
  const known = features
    .map((feature) => ({ feature, cos: cosines[feature]! }))
    .filter(({ cos }) => !Number.isNaN(cos));
  return {
    n: known.length,
    mean: mean(known.map(({ cos }) => cos)),
    highest: maxBy(known, ({ cos }) => cos),
    lowest: minBy(known, ({ cos }) => cos),
  };
}
