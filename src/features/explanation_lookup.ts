/**
 * @file Questions about the features of one source: what explains feature i, who wrote it, how often it fires. All rows are in memory; an
 * answer is a binary search. Leaves out where the rows come from and searching their text.
 */

import { AntipodeError } from '../errors.ts';
import type { ExplanationRow, FeatureRow } from './export_record.ts';
import { countExplainers, type ExplainerCount, type FeatureData } from './feature_data.ts';
import { layerOf } from './feature_ref.ts';

export interface Explanation {
  readonly text: string;
  readonly explainer: string | undefined;
  /** Neuronpedia's method name, e.g. `oai_token-act-pair`. */
  readonly typeName: string | undefined;
  readonly authorId: string | undefined;
  /** ISO 8601 in UTC. */
  readonly createdAt: string | undefined;
}

export interface ExplanationLookup {
  /** `gemma-2-2b/20-gemmascope-res-16k`. */
  readonly neuronpediaId: string;
  readonly modelId: string;
  readonly sourceId: string;
  readonly layer: number | undefined;
  /** The one asked for, else the one that explains most features (ties by name); undefined where the export names none. */
  readonly explainer: string | undefined;
  /** All of them, most features first. */
  readonly explainers: readonly ExplainerCount[];
  /** `YYYY-MM-DD`: given at import, else the newest date on a row; undefined where neither exists. */
  readonly exportDate: string | undefined;
  /** Features with at least one explanation. */
  readonly count: number;
  /** Absolute paths of the files that were read. */
  readonly files: readonly string[];
  /** Sentences about what was left out while reading, for the user. */
  readonly warnings: readonly string[];
  /**
   * The first explanation by `explainer`. Where the explainer was not asked for and has none of this feature, the first by anyone; where
   * it was asked for, undefined.
   */
  explanation(feature: number): string | undefined;
  /** Every explanation, in the order of the export. */
  all(feature: number): Explanation[];
  /** Share of tokens on which the feature is active, in [0, 1]. */
  density(feature: number): number | undefined;
  /** Largest activation in the export's texts; Neuronpedia zeroes the first token in some exports. */
  maxActivation(feature: number): number | undefined;
  /** Whether anything at all is known about this feature. */
  has(feature: number): boolean;
  /** Features with an explanation, ascending. */
  explained(): number[];
}

export interface LookupOptions {
  readonly explainer?: string | undefined;
  readonly exportDate?: string | undefined;
  readonly files?: readonly string[];
  readonly warnings?: readonly string[];
}

/** @throws {AntipodeError} `usage` for an explainer that wrote none of the explanations */
export function lookupIn(data: FeatureData, options: LookupOptions = {}): ExplanationLookup {
  const { modelId, sourceId, explanations, features } = data;
  const neuronpediaId = `${modelId}/${sourceId}`;
  const explainers = countExplainers(explanations);
  const asked = options.explainer;
  if (asked !== undefined && !explainers.some(({ name }) => name === asked)) {
    throw unknownExplainer(neuronpediaId, asked, explainers);
  }
  const explainer = asked ?? explainers.find(({ name }) => name !== null)?.name ?? undefined;
  const rowsOf = (feature: number): readonly ExplanationRow[] => {
    const start = firstRow(explanations, feature);
    let end = start;
    while (explanations[end]?.feature === feature) end += 1;
    return explanations.slice(start, end);
  };
  const factsOf = (feature: number): FeatureRow | undefined => {
    const row = features[firstRow(features, feature)];
    return row?.feature === feature ? row : undefined;
  };
  return {
    neuronpediaId,
    modelId,
    sourceId,
    layer: layerOf(sourceId),
    explainer,
    explainers,
    exportDate: options.exportDate,
    count: distinct(explanations).length,
    files: options.files ?? [],
    warnings: options.warnings ?? [],
    explanation(feature) {
      const rows = rowsOf(feature);
      const preferred = rows.find((row) => row.explainer === (explainer ?? null));
      return (preferred ?? (asked === undefined ? rows[0] : undefined))?.description;
    },
    all: (feature) => rowsOf(feature).map(explanationFrom),
    density: (feature) => factsOf(feature)?.fracNonzero ?? undefined,
    maxActivation: (feature) => factsOf(feature)?.maxAct ?? undefined,
    has: (feature) => factsOf(feature) !== undefined || rowsOf(feature).length > 0,
    explained: () => distinct(explanations),
  };
}

/** The first row whose feature is not below `feature`. */
function firstRow(rows: readonly { readonly feature: number }[], feature: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]!.feature < feature) low = middle + 1;
    else high = middle;
  }
  return low;
}

function distinct(rows: readonly { readonly feature: number }[]): number[] {
  const features: number[] = [];
  for (const { feature } of rows) if (features.at(-1) !== feature) features.push(feature);
  return features;
}

function explanationFrom(row: ExplanationRow): Explanation {
  return {
    text: row.description,
    explainer: row.explainer ?? undefined,
    typeName: row.typeName ?? undefined,
    authorId: row.authorId ?? undefined,
    createdAt: row.createdAt ?? undefined,
  };
}

function unknownExplainer(id: string, asked: string, explainers: readonly ExplainerCount[]): AntipodeError {
  const known = explainers.flatMap(({ name }) => name ?? []).slice(0, 10);
  const expected =
    known.length > 0 ? `one of ${known.join(', ')}` : 'no --explainer, because the export names none';
  return new AntipodeError(
    'usage',
    `${id}: no explanations by this explainer (got '${asked}', expected ${expected})`,
  );
}
