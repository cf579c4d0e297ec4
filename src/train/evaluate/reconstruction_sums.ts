/**
 * @file What is summed up over tokens to say how well an SAE reconstructs and how sparse it is, all in float64. Definitions: `Reconstruction` and
 * `Sparsity`. Nothing grows with the number of tokens.
 */

export interface Reconstruction {
  /**
   * 1 - sum |x - x_hat|^2 / sum |x - mean|^2 over all evaluated tokens, `mean` being the mean activation of these tokens: SAELens's
   * `explained_variance` of its training log. NaN where all activations are the same.
   */
  readonly explainedVariance: number;
  /** Fraction of variance unexplained, 1 - `explainedVariance`. */
  readonly fvu: number;
  /** Of x_hat, over tokens and components: sum |x - x_hat|^2 / (tokens * d_in). */
  readonly meanSquaredError: number;
  /** Mean over tokens of cos(x, x_hat), without those where one of them is all zeros. */
  readonly cosine: number;
  /** Mean over tokens of |x_hat| / |x| (SAELens's `l2_ratio`), without tokens where x is all zeros: below 1, the SAE shrinks. */
  readonly l2Ratio: number;
  /** Mean |x_hat|^2 / mean x . x_hat (Rajamanoharan et al. 2024, arXiv 2404.16014, equation 10): 1 where no rescaling would improve x_hat. */
  readonly relativeReconstructionBias: number;
  /** Tokens left out of `cosine`. */
  readonly undirectedTokens: number;
}

export interface Sparsity {
  /** Active features (above 0) per token. */
  readonly l0Mean: number;
  /** The mean of the two in the middle where tokens are even in number. */
  readonly l0Median: number;
  /** Features that were active at none of the evaluated tokens, ascending. */
  readonly dead: readonly number[];
  /** Features that were active at more than `DENSE_SHARE` of them, ascending. */
  readonly dense: readonly number[];
  /** Share of the evaluated tokens at which a feature was active, `[d_sae]` in [0, 1]. */
  readonly densities: Float64Array;
  /** Of each feature, `[d_sae]`; 0 for dead ones. */
  readonly maxActivations: Float32Array;
}

/** Above this share of tokens a feature is called dense. */
export const DENSE_SHARE = 0.1;

export interface ReconstructionSums {
  /**
   * One token: `x` and its reconstruction, `[d_in]`, and its activations, `[d_sae]`.
   * @returns false, with nothing changed, where the reconstruction is not finite
   */
  add(x: Float32Array, reconstruction: Float32Array, acts: Float32Array): boolean;
  readonly tokens: number;
  /** Mean activation, `[d_in]`. */
  mean(): Float64Array;
  reconstruction(): Reconstruction;
  sparsity(): Sparsity;
}

export function createReconstructionSums(dIn: number, dSae: number): ReconstructionSums {
  // Sums of squares are taken around the first token: around zero, a large common part would cancel digits of the variance.
  const origin = new Float64Array(dIn);
  const shifted = new Float64Array(dIn);
  const fired = new Float64Array(dSae);
  const maxActivations = new Float32Array(dSae);
  const tokensOfL0 = new Float64Array(dSae + 1);
  let [tokens, error, squares, active] = [0, 0, 0, 0];
  let [outSquares, products, cosines, directed, ratios, long] = [0, 0, 0, 0, 0, 0];

  const addFeatures = (acts: Float32Array): void => {
    let l0 = 0;
    for (let feature = 0; feature < dSae; feature++) {
      const act = acts[feature]!;
      if (!(act > 0)) continue;
      l0 += 1;
      fired[feature]! += 1;
      if (act > maxActivations[feature]!) maxActivations[feature] = act;
    }
    active += l0;
    tokensOfL0[l0]! += 1;
  };

  const varianceSum = (): number => {
    let between = 0;
    for (const sum of shifted) between += sum * sum;
    return squares - between / tokens;
  };

  return {
    get tokens() {
      return tokens;
    },
    add(x, reconstruction, acts) {
      let [own, xx, oo, xo] = [0, 0, 0, 0];
      for (let k = 0; k < dIn; k++) {
        const [a, b] = [x[k]!, reconstruction[k]!];
        own += (a - b) * (a - b);
        xx += a * a;
        oo += b * b;
        xo += a * b;
      }
      if (!Number.isFinite(own)) return false;
      if (tokens === 0) origin.set(x);
      for (let k = 0; k < dIn; k++) {
        const distance = x[k]! - origin[k]!;
        shifted[k]! += distance;
        squares += distance * distance;
      }
      tokens += 1;
      error += own;
      outSquares += oo;
      products += xo;
      if (xx > 0) {
        ratios += Math.sqrt(oo / xx);
        long += 1;
      }
      if (xx > 0 && oo > 0) {
        cosines += xo / Math.sqrt(xx) / Math.sqrt(oo);
        directed += 1;
      }
      addFeatures(acts);
      return true;
    },
    mean: () => shifted.map((sum, k) => origin[k]! + sum / tokens),
    reconstruction() {
      const variance = varianceSum();
      const fvu = variance > 0 ? error / variance : Number.NaN;
      return {
        explainedVariance: 1 - fvu,
        fvu,
        meanSquaredError: error / (tokens * dIn),
        cosine: cosines / directed,
        l2Ratio: ratios / long,
        relativeReconstructionBias: outSquares / products,
        undirectedTokens: tokens - directed,
      };
    },
    sparsity() {
      const densities = fired.map((count) => count / tokens);
      const indicesOf = (isWanted: (density: number) => boolean): number[] =>
        [...densities.keys()].filter((feature) => isWanted(densities[feature]!));
      return {
        l0Mean: active / tokens,
        l0Median: medianOf(tokensOfL0, tokens),
        dead: indicesOf((density) => density === 0),
        dense: indicesOf((density) => density > DENSE_SHARE),
        densities,
        maxActivations,
      };
    },
  };
}

/** @param counts how often each whole number from 0 on occurred, `total` in all */
function medianOf(counts: Float64Array, total: number): number {
  const at = (place: number): number => {
    let before = 0;
    for (const [value, count] of counts.entries()) {
      before += count;
      if (before > place) return value;
    }
    return Number.NaN;
  };
  return (at(Math.floor((total - 1) / 2)) + at(Math.floor(total / 2))) / 2;
}
