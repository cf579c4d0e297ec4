/** @file Whether a feature is about where a token stands: how much of its activation lies on the first tokens of texts. */

export interface PlaceEvidence {
  /** The first 1, 2 or 4 tokens that count. */
  readonly firstTokens: number;
  /** Of the feature's activation mass, in [0, 1]. */
  readonly share: number;
  /** Share times ln(share / share of the corpus' tokens). */
  readonly score: number;
}

/** Bins of `positionMass` and how many tokens they reach to. */
const REACH = [1, 2, 4];

/** @param mass `[POSITION_BINS]` of the feature @param tokens `[POSITION_BINS]` of the corpus */
export function placeEvidence(mass: Float64Array, tokens: Float64Array): PlaceEvidence[] {
  const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
  return REACH.map((firstTokens, bin) => {
    const share = sum(mass.subarray(0, bin + 1)) / sum(mass);
    const expected = sum(tokens.subarray(0, bin + 1)) / sum(tokens);
    return { firstTokens, share, score: share === 0 ? 0 : share * Math.log(share / expected) };
  });
}
