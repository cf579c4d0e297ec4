/** @file Passes through the model with its own activations, with reconstructions, with their mean and with zeros, and what each costs. */

import type { LanguageModel, Site } from '../../lm/language_model.ts';
import type { HookPoint } from '../harvest/hook_name.ts';
import { changesTo } from './batch_changes.ts';
import type { EvaluationBatch } from './evaluation_batches.ts';
import { type LossPass, type LossPassOptions, lossPass } from './next_token_losses.ts';

/** Cross entropies in nats per predicted token, natural logarithm, means in float64. */
export interface SplicedLosses {
  /** Tokens that were predicted: those behind the evaluated ones. */
  readonly predictions: number;
  /** The model as it is (SAELens's `ce_loss_without_sae`). */
  readonly clean: number;
  /** With the reconstructions in place of the activations (`ce_loss_with_sae`). */
  readonly spliced: number;
  /** With the mean activation of the evaluated tokens in place of each. */
  readonly meanAblated: number;
  /** With zeros in place of the activations (`ce_loss_with_ablation`). */
  readonly zeroAblated: number;
  /** (meanAblated - spliced) / (meanAblated - clean): 1 where nothing is lost; NaN where ablation does not hurt. */
  readonly recoveredFromMean: number;
  /** The same for zeros (`ce_loss_score`). */
  readonly recoveredFromZero: number;
}

export interface SpliceRequest {
  readonly model: LanguageModel;
  readonly hook: HookPoint;
  readonly batches: readonly EvaluationBatch[];
  /** Where a change of the activations is added. */
  readonly at: Site;
  /** What to add for the reconstruction. */
  reconstruct(batch: EvaluationBatch, x: Float32Array): Promise<Float32Array>;
  /** Of all activations that `reconstruct` has seen. */
  mean(): Float64Array;
  readonly maxKeptBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

const KEPT_BYTES = 2 ** 28;

/** @throws {AntipodeError} `interrupted` between passes, and as the model and `reconstruct` */
export async function spliceLosses(request: SpliceRequest): Promise<SplicedLosses> {
  const { at, batches, hook, maxKeptBytes = KEPT_BYTES, mean, model } = request;
  const { dModel } = model.config;
  const places = batches.reduce((sum, { columns, tokens }) => sum + columns * tokens.length, 0);
  const isKept = 4 * places * dModel <= maxKeptBytes;
  const pass = countedPasses(request, isKept ? 4 : 5);
  const sums = { clean: 0, spliced: 0, zeroAblated: 0, meanAblated: 0 };
  const zeros = new Float64Array(dModel);
  const kept: Float32Array[] = [];
  let predictions = 0;
  for (const batch of batches) {
    const clean = await pass(batch, { capture: hook.capture });
    const x = clean.captured!;
    const changes = await request.reconstruct(batch, x);
    sums.clean += clean.sum;
    predictions += clean.predictions;
    sums.spliced += (await pass(batch, { added: { at, values: changes } })).sum;
    sums.zeroAblated += (await pass(batch, { added: { at, values: changesTo(batch, x, zeros) } })).sum;
    if (isKept) kept.push(x);
  }
  const centre = mean();
  for (const [index, batch] of batches.entries()) {
    const x = kept[index] ?? (await pass(batch, { capture: hook.capture, wantsLosses: false })).captured!;
    sums.meanAblated += (await pass(batch, { added: { at, values: changesTo(batch, x, centre) } })).sum;
  }
  return lossesOf(sums, predictions);
}

type Pass = (batch: EvaluationBatch, options: LossPassOptions) => Promise<LossPass>;

function countedPasses({ batches, model, onProgress, signal }: SpliceRequest, passes: number): Pass {
  const sizeOf = ({ columns, tokens }: EvaluationBatch): number => columns * tokens.length;
  const total = passes * batches.reduce((sum, batch) => sum + sizeOf(batch), 0);
  let done = 0;
  return async (batch, options) => {
    const found = await lossPass(model, batch, { ...options, signal });
    done += sizeOf(batch);
    onProgress?.(done / total);
    return found;
  };
}

function lossesOf(
  sums: Readonly<Record<'clean' | 'spliced' | 'zeroAblated' | 'meanAblated', number>>,
  predictions: number,
): SplicedLosses {
  const { clean, meanAblated, spliced, zeroAblated } = sums;
  const recovered = (ablated: number): number =>
    ablated > clean ? (ablated - spliced) / (ablated - clean) : Number.NaN;
  return {
    predictions,
    clean: clean / predictions,
    spliced: spliced / predictions,
    meanAblated: meanAblated / predictions,
    zeroAblated: zeroAblated / predictions,
    recoveredFromMean: recovered(meanAblated),
    recoveredFromZero: recovered(zeroAblated),
  };
}
