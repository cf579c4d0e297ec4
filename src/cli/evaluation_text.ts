/** @file An evaluation of an SAE as a table for people. */

import { type DisplayTable, formatCount, left, right } from '../report/display.ts';
import type { SaeEvaluation } from '../train/evaluate/evaluate_sae.ts';
import { DENSE_SHARE } from '../train/evaluate/reconstruction_sums.ts';
import type { SplicedLosses } from '../train/evaluate/spliced_losses.ts';

type Row = readonly [measure: string, value: string, remark: string];

const RECONSTRUCTION_NOTE =
  'Explained variance: 1 - sum |x - x_hat|^2 / sum |x - mean|^2 over these tokens. Dead: active at none of these tokens.';
const LOSSES_NOTE =
  'Losses: nats per predicted token; spliced has the reconstructions in place of the activations, ablated their mean or zeros.';

export function evaluationTable(title: string, evaluation: SaeEvaluation): DisplayTable {
  const { leftOutTokens, losses, rows, tokens } = evaluation;
  const remark = `in ${formatCount(rows)} rows; ${formatCount(leftOutTokens)} special and first tokens left out`;
  return {
    title,
    columns: [left('Measure'), right('Value'), left('')],
    rows: [
      ['tokens', formatCount(tokens), leftOutTokens === 0 ? `in ${formatCount(rows)} rows` : remark],
      ...reconstructionRows(evaluation),
      ...sparsityRows(evaluation),
      ...(losses && !('unavailable' in losses) ? lossRows(losses) : []),
    ],
    notes: [RECONSTRUCTION_NOTE, ...lossNotes(losses)],
  };
}

function lossNotes(losses: SaeEvaluation['losses']): string[] {
  if (losses === undefined) return [];
  return ['unavailable' in losses ? `Losses: ${losses.unavailable}.` : LOSSES_NOTE];
}

function reconstructionRows({ reconstruction }: SaeEvaluation): Row[] {
  const { cosine, explainedVariance, fvu, l2Ratio, meanSquaredError, relativeReconstructionBias } =
    reconstruction;
  return [
    ['explained variance', fixed(explainedVariance), `unexplained (FVU) ${short(fvu)}`],
    ['mean squared error', short(meanSquaredError), 'per token and component'],
    ['cosine with x', fixed(cosine), ''],
    ['length beside x', fixed(l2Ratio), `reconstruction bias ${fixed(relativeReconstructionBias)}`],
  ];
}

function sparsityRows({ sparsity }: SaeEvaluation): Row[] {
  const { dead, densities, dense, l0Mean, l0Median } = sparsity;
  const share = `of ${formatCount(densities.length)} (${short((100 * dead.length) / densities.length)} %)`;
  return [
    ['features per token (L0)', l0Mean.toFixed(2), `median ${l0Median}`],
    ['dead features', formatCount(dead.length), share],
    ['dense features', formatCount(dense.length), `active on more than ${100 * DENSE_SHARE} % of the tokens`],
  ];
}

function lossRows(losses: SplicedLosses): Row[] {
  const { clean, meanAblated, predictions, recoveredFromMean, recoveredFromZero, spliced, zeroAblated } =
    losses;
  const recovered = (value: number): string =>
    Number.isNaN(value) ? '' : `${short(100 * value)} % of the difference recovered`;
  const more = `${spliced < clean ? '' : '+'}${short((100 * (spliced - clean)) / clean)} %`;
  return [
    ['loss, clean', fixed(clean), `${formatCount(predictions)} predictions`],
    ['loss, spliced', fixed(spliced), more],
    ['loss, mean-ablated', fixed(meanAblated), recovered(recoveredFromMean)],
    ['loss, zero-ablated', fixed(zeroAblated), recovered(recoveredFromZero)],
  ];
}

function fixed(value: number): string {
  return Number.isNaN(value) ? 'not known' : value.toFixed(4);
}

function short(value: number): string {
  return Number.isNaN(value) ? 'not known' : String(Number(value.toPrecision(4)));
}
