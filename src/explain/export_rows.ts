/**
 * @file The rows of an export in Neuronpedia's words: explanations, features (density, largest activation, histogram) and activations (contexts).
 * Leaves out the fields of a feature that need the weights of the model (logits, similar features), ids of Neuronpedia's tables, and times: the same
 * statistics give the same rows.
 */

import type { FeatureStatistics } from './statistics.ts';
import type { TopContext } from './top_contexts.ts';

export interface SourceName {
  /** `gemma-2-2b`. */
  readonly modelId: string;
  /** `20-gemmascope-res-16k`; Neuronpedia's field for it is called `layer`. */
  readonly sourceId: string;
}

/** One explanation as it is exported, whoever wrote it. */
export interface ExportedExplanation {
  readonly feature: number;
  readonly description: string;
  readonly explanationModelName: string;
  readonly typeName: string;
}

export type ExportRow = Readonly<Record<string, unknown>>;

export function explanationRow(
  { modelId, sourceId }: SourceName,
  { feature, description, explanationModelName, typeName }: ExportedExplanation,
): ExportRow {
  return { modelId, layer: sourceId, index: String(feature), description, explanationModelName, typeName };
}

/** Also of features that never fired: their density is 0. */
export function featureRow(
  { modelId, sourceId }: SourceName,
  statistics: FeatureStatistics,
  feature: number,
): ExportRow {
  const { binWidth, counts } = statistics.histogram(feature);
  const first = counts.findIndex((count) => count > 0);
  const bins = first < 0 ? [] : counts.slice(first);
  return {
    modelId,
    layer: sourceId,
    index: String(feature),
    maxActApprox: short(statistics.maxActivation(feature)),
    frac_nonzero: short(statistics.density(feature)),
    freq_hist_data_bar_heights: bins,
    // The middles of the bins, as Neuronpedia has them.
    freq_hist_data_bar_values: bins.map((_, i) => short((first + i + 0.5) * binWidth)),
  };
}

/** Neuronpedia's `dataIndex` is text: here the number of the document in the corpus. */
export function activationRow(
  { modelId, sourceId }: SourceName,
  feature: number,
  context: TopContext,
  tokenText: (id: number) => string,
): ExportRow {
  const { row, from, to, peak, activation, activations, document } = context;
  const values = Array.from(activations, short);
  return {
    modelId,
    layer: sourceId,
    index: String(feature),
    tokens: Array.from(row.subarray(from, to), tokenText),
    values,
    maxValue: short(activation),
    maxValueTokenIndex: peak - from,
    minValue: Math.min(...values),
    dataIndex: String(document),
  };
}

/** Five digits: a thousandth of a percent, at a third of the bytes of a float64 that stands for a float32. */
function short(value: number): number {
  return value === 0 ? 0 : Number(value.toPrecision(5));
}
