/**
 * @file Sentences about loaded weights: norms, rows without a direction, thresholds. They join the facts that the loader took from
 * headers, and never change a number.
 */

import type { FeatureMatrix } from '../../tensor/matrix.ts';
import type { Sae } from '../sae.ts';

/** How far a row norm may be from 1 and still count as unit norm: bfloat16 rows stray by up to 2^-9. */
const UNIT_TOLERANCE = 4e-3;

/** Indices shown in a sentence. */
const SHOWN = 8;

export interface NormSummary {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Over the rows that have a direction; undefined where none has. */
export function summarizeNorms(matrix: FeatureMatrix): NormSummary | undefined {
  const sorted = matrix.norms.filter((norm) => norm > 0).sort();
  const { length } = sorted;
  if (length === 0) return undefined;
  const median = (sorted[(length - 1) >> 1]! + sorted[length >> 1]!) / 2;
  return { min: sorted[0]!, median, max: sorted[length - 1]! };
}

export function hasUnitRows(matrix: FeatureMatrix): boolean {
  const norms = summarizeNorms(matrix);
  return norms !== undefined && norms.min > 1 - UNIT_TOLERANCE && norms.max < 1 + UNIT_TOLERANCE;
}

export function weightFacts(sae: Pick<Sae, 'W_enc' | 'W_dec' | 'threshold' | 'b_enc' | 'b_dec'>): string[] {
  const facts: string[] = [];
  for (const name of ['W_enc', 'W_dec'] as const) {
    // Steering strengths compare only between unit decoder rows; encoder rows are seldom unit and nothing depends on it.
    const norms = summarizeNorms(sae[name]);
    if (hasUnitRows(sae[name])) facts.push(`${name}: every feature has unit norm (within ${UNIT_TOLERANCE})`);
    else if (norms && name === 'W_dec') {
      facts.push(
        `${name}: not unit norm, norms ${short(norms.min)} to ${short(norms.max)}, median ${short(norms.median)}`,
      );
    }
    facts.push(...defectFacts(name, sae[name]));
  }
  if (sae.threshold) facts.push(...thresholdFacts(sae.threshold));
  for (const name of ['b_enc', 'b_dec'] as const) {
    const bad = indicesWhere(sae[name], (value) => !Number.isFinite(value));
    if (bad.length > 0) facts.push(`${name}: ${countOf(bad, 'value')} not finite (${listed(bad)})`);
  }
  return facts;
}

function defectFacts(name: string, matrix: FeatureMatrix): string[] {
  const facts: string[] = [];
  for (const [defect, words] of [
    ['zero-norm', 'all zero (no direction; left out of every statistic)'],
    ['non-finite', 'not finite (NaN or infinity; left out of every statistic)'],
  ] as const) {
    const rows = matrix.defects.filter((d) => d.defect === defect).map((d) => d.row);
    if (rows.length > 0) facts.push(`${name}: ${countOf(rows, 'feature')} ${words}: ${listed(rows)}`);
  }
  return facts;
}

function thresholdFacts(threshold: Float32Array): string[] {
  const facts: string[] = [];
  const first = threshold[0];
  if (first !== undefined && threshold.every((value) => value === first)) {
    facts.push(`threshold: ${short(first)} for every feature, as BatchTopK dictionaries are saved`);
  }
  const negative = indicesWhere(threshold, (value) => value < 0);
  if (negative.length > 0)
    facts.push(`threshold: ${countOf(negative, 'value')} below 0, which act as 0 (${listed(negative)})`);
  const bad = indicesWhere(threshold, (value) => !Number.isFinite(value));
  if (bad.length > 0) facts.push(`threshold: ${countOf(bad, 'value')} not finite (${listed(bad)})`);
  return facts;
}

function indicesWhere(values: Float32Array, test: (value: number) => boolean): number[] {
  const indices: number[] = [];
  values.forEach((value, i) => {
    if (test(value)) indices.push(i);
  });
  return indices;
}

function countOf(items: readonly unknown[], noun: string): string {
  return items.length === 1 ? `1 ${noun} is` : `${items.length} ${noun}s are`;
}

function listed(indices: readonly number[]): string {
  const shown = indices.slice(0, SHOWN).join(', ');
  return indices.length > SHOWN ? `${shown}, …` : shown;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
