/** @file An evaluation as a JSON document: keys as the columns of our files, snake_case; what is not a number (a share of nothing) becomes null there. */

import type { SaeEvaluation } from './evaluate_sae.ts';
import { DENSE_SHARE } from './reconstruction_sums.ts';

/** Everything but the numbers of single features. */
export function evaluationJson(evaluation: SaeEvaluation): Record<string, unknown> {
  const { leftOutTokens, losses, reconstruction, rows, sparsity, tokens } = evaluation;
  const { dead, densities, dense, l0Mean, l0Median } = sparsity;
  const found = losses && !('unavailable' in losses) ? losses : undefined;
  return {
    rows,
    tokens,
    left_out_tokens: leftOutTokens,
    explained_variance: reconstruction.explainedVariance,
    fvu: reconstruction.fvu,
    mean_squared_error: reconstruction.meanSquaredError,
    cosine: reconstruction.cosine,
    undirected_tokens: reconstruction.undirectedTokens,
    l2_ratio: reconstruction.l2Ratio,
    relative_reconstruction_bias: reconstruction.relativeReconstructionBias,
    l0_mean: l0Mean,
    l0_median: l0Median,
    d_sae: densities.length,
    dead_features: { count: dead.length, features: dead },
    dense_features: { above: DENSE_SHARE, count: dense.length, features: dense },
    losses: found
      ? {
          predictions: found.predictions,
          clean: found.clean,
          spliced: found.spliced,
          mean_ablated: found.meanAblated,
          zero_ablated: found.zeroAblated,
          recovered_from_mean: found.recoveredFromMean,
          recovered_from_zero: found.recoveredFromZero,
        }
      : null,
    losses_unavailable: losses && 'unavailable' in losses ? losses.unavailable : null,
  };
}
