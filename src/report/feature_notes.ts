/** @file What reports say about a feature beside its numbers, from wherever it is known. */

export interface FeatureNotes {
  explanation(feature: number): string | undefined;
  /** Share of tokens on which the feature is active, in [0, 1]. */
  density(feature: number): number | undefined;
  /** Largest activation seen in the export's texts. */
  maxActivation(feature: number): number | undefined;
}

/** For runs without explanations. */
export const NO_NOTES: FeatureNotes = {
  explanation: () => undefined,
  density: () => undefined,
  maxActivation: () => undefined,
};
