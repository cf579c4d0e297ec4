/** @file What `antipode sae inspect` knows of an SAE beyond its header: norms, rows without a direction, the same-feature cosine, thresholds. */

import { cosine, type FeatureMatrix, type RowDefect } from '../tensor/matrix.ts';
import type { Sae, SaeFile, SaeHeader } from './sae.ts';
import { type NormSummary, summarizeNorms } from './weights/weight_facts.ts';

/** Indices listed of rows without a direction. */
const LISTED_ROWS = 10;

export interface DefectSummary {
  readonly count: number;
  /** The first ten, ascending. */
  readonly first: readonly number[];
}

export interface MatrixSummary {
  /** Over rows that have a direction. */
  readonly norms: NormSummary | undefined;
  readonly zeroRows: DefectSummary;
  readonly nonFiniteRows: DefectSummary;
}

/** cos(W_enc[i], W_dec[i]), float64, over the features that have both directions; ties to the lower index. */
export interface SameFeatureCosines {
  readonly count: number;
  readonly mean: number;
  readonly min: { readonly feature: number; readonly cosine: number };
  readonly max: { readonly feature: number; readonly cosine: number };
}

export interface SaeInspection {
  readonly header: SaeHeader;
  readonly encoder: MatrixSummary;
  readonly decoder: MatrixSummary;
  /** Undefined where no feature has both directions. */
  readonly sameFeature: SameFeatureCosines | undefined;
  readonly threshold?: NormSummary;
  /** Where the format ships firing densities: features that never fired, and the median of the others. */
  readonly densities?: { readonly neverFired: number; readonly median: number | undefined };
  /** The header's facts and those of the weights. */
  readonly facts: readonly string[];
}

/** Reads both matrices. */
export async function inspectSae(file: SaeFile): Promise<SaeInspection> {
  const sae = await file.load();
  const densities = await file.readDensities?.();
  const threshold = sae.threshold && rangeOf(sae.threshold);
  return {
    header: file.header,
    encoder: summarizeMatrix(sae.W_enc),
    decoder: summarizeMatrix(sae.W_dec),
    sameFeature: sameFeatureCosines(sae),
    ...(threshold && { threshold }),
    ...(densities && { densities: summarizeDensities(densities) }),
    facts: sae.facts,
  };
}

function summarizeMatrix(matrix: FeatureMatrix): MatrixSummary {
  const rowsWith = (kind: RowDefect): DefectSummary => {
    const rows = matrix.defects.filter(({ defect }) => defect === kind).map(({ row }) => row);
    return { count: rows.length, first: rows.slice(0, LISTED_ROWS) };
  };
  return {
    norms: summarizeNorms(matrix),
    zeroRows: rowsWith('zero-norm'),
    nonFiniteRows: rowsWith('non-finite'),
  };
}

export function sameFeatureCosines({
  W_enc,
  W_dec,
}: Pick<Sae, 'W_enc' | 'W_dec'>): SameFeatureCosines | undefined {
  let sum = 0;
  let count = 0;
  let min = { feature: -1, cosine: Number.POSITIVE_INFINITY };
  let max = { feature: -1, cosine: Number.NEGATIVE_INFINITY };
  for (let feature = 0; feature < W_enc.rows; feature++) {
    const value = cosine(W_enc, feature, W_dec, feature);
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
    if (value < min.cosine) min = { feature, cosine: value };
    if (value > max.cosine) max = { feature, cosine: value };
  }
  return count === 0 ? undefined : { count, mean: sum / count, min, max };
}

/** Of the finite values. */
function rangeOf(values: Float32Array): NormSummary | undefined {
  const sorted = values.filter(Number.isFinite).sort();
  const { length } = sorted;
  if (length === 0) return undefined;
  const median = (sorted[(length - 1) >> 1]! + sorted[length >> 1]!) / 2;
  return { min: sorted[0]!, median, max: sorted[length - 1]! };
}

/** SAELens writes log10(rate + 1e-10): a rate up to 1.1e-10 means that the feature never fired. */
const NEVER_FIRED = 1.1e-10;

function summarizeDensities(densities: Float32Array): { neverFired: number; median: number | undefined } {
  const fired = densities.filter((rate) => rate > NEVER_FIRED);
  return { neverFired: densities.length - fired.length, median: rangeOf(fired)?.median };
}
