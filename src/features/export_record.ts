/**
 * @file One value of an export into rows. Known shapes: Neuronpedia's explanation and feature rows (per-batch files and the older JSON
 * array), its API feature record with the explanations inside, label lists keyed by feature index, and SAEDashboard batches. Everything
 * is untrusted: types and lengths are checked, unknown fields are ignored, and what cannot be used is a reason, not an exception.
 */

import {
  isNeuronpediaName,
  MAX_FEATURE_INDEX,
  parseFeatureRef,
  parseIndex,
  type SourceRef,
} from './feature_ref.ts';

export interface ExplanationRow {
  readonly feature: number;
  readonly description: string;
  /** The model that wrote it, e.g. `gpt-4o-mini`; null where the export does not say. */
  readonly explainer: string | null;
  /** Neuronpedia's method name, e.g. `oai_token-act-pair`. */
  readonly typeName: string | null;
  readonly authorId: string | null;
  /** ISO 8601 in UTC. */
  readonly createdAt: string | null;
}

export interface FeatureRow {
  readonly feature: number;
  /** Share of tokens on which the feature is active, in [0, 1]. */
  readonly fracNonzero: number | null;
  /** Largest activation in the texts of the export; finite, not negative. */
  readonly maxAct: number | null;
  readonly createdAt: string | null;
}

export interface SourceRows {
  readonly modelId: string;
  readonly sourceId: string;
  readonly explanations: readonly ExplanationRow[];
  readonly features: readonly FeatureRow[];
}

/** Rows, or why there are none, as the end of `batch-3.jsonl.gz:17: …`. */
export type RecordResult = { readonly rows: SourceRows } | { readonly skipped: string };

/** Explanations are a sentence; ten times the longest known one. */
export const MAX_DESCRIPTION = 10_000;

const MAX_NAME = 200;

type Json = Readonly<Record<string, unknown>>;

/** @param known names the source of values that do not name theirs */
export function recordsOf(value: unknown, known: SourceRef = {}): RecordResult[] {
  if (!isObject(value)) return [{ skipped: `not an object (got ${kindOf(value)})` }];
  if (
    Array.isArray(value['features']) &&
    value['features'].some((f) => isObject(f) && 'feature_index' in f)
  ) {
    return dashboardRows(value, value['features'], known);
  }
  if (isLabelList(value)) {
    return Object.entries(value).map(([index, label]) => labelRow(index, label, known));
  }
  return [neuronpediaRow(value, known)];
}

/** An explanation row, a feature row, or an API record, which is both. */
function neuronpediaRow(row: Json, known: SourceRef): RecordResult {
  const source = sourceOf(row['modelId'], row['layer'], known);
  if (typeof source === 'string') return { skipped: source };
  const feature = featureIndex(row['index']);
  if (feature === undefined) return { skipped: `index is ${shown(row['index'])}, expected a whole number` };
  const isExplanation = 'description' in row;
  const inside = Array.isArray(row['explanations']) ? row['explanations'] : [];
  const candidates = isExplanation ? [row] : inside;
  const explanations: ExplanationRow[] = [];
  let problem: string | undefined;
  for (const candidate of candidates) {
    const explanation = isObject(candidate)
      ? explanationOf(feature, candidate)
      : 'an explanation is not an object';
    if (typeof explanation === 'string') problem = explanation;
    else explanations.push(explanation);
  }
  const facts = featureRow(feature, row, row['maxActApprox']);
  if (explanations.length === 0 && !facts) {
    return { skipped: problem ?? 'neither an explanation nor a density nor a maximal activation' };
  }
  return { rows: { ...source, explanations, features: facts ? [facts] : [] } };
}

function explanationOf(feature: number, row: Json): ExplanationRow | string {
  const description = row['description'];
  if (typeof description !== 'string') return `description is ${shown(description)}, expected text`;
  const text = description.trim();
  if (text === '') return 'description is empty';
  if (text.length > MAX_DESCRIPTION) {
    return `description has ${text.length} characters, expected at most ${MAX_DESCRIPTION}`;
  }
  return {
    feature,
    description: text,
    explainer: nameOf(row['explanationModelName']),
    typeName: nameOf(row['typeName']),
    authorId: nameOf(row['authorId']),
    createdAt: timeOf(row['createdAt']),
  };
}

function featureRow(feature: number, row: Json, maximum: unknown): FeatureRow | undefined {
  const fracNonzero = inRange(row['frac_nonzero'], 1);
  const maxAct = inRange(maximum, Number.MAX_VALUE);
  if (fracNonzero === null && maxAct === null) return undefined;
  return { feature, fracNonzero, maxAct, createdAt: timeOf(row['createdAt']) };
}

/** `{"353": {description, neuronpedia_url, …}, …}`; the explainer is not part of it. */
function isLabelList(value: Json): boolean {
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => parseIndex(key) !== undefined);
}

function labelRow(index: string, label: unknown, known: SourceRef): RecordResult {
  if (!isObject(label)) return { skipped: `label ${index} is ${kindOf(label)}, expected an object` };
  const url = label['neuronpedia_url'];
  const named = typeof url === 'string' ? refOf(url) : undefined;
  const source = sourceOf(named?.modelId, named?.sourceId, known);
  if (typeof source === 'string') return { skipped: `label ${index}: ${source}` };
  const feature = Number(index);
  if (named && named.index !== feature) {
    return { skipped: `label ${index}: its address is of feature ${named.index}` };
  }
  const explanation = explanationOf(feature, label);
  if (typeof explanation === 'string') return { skipped: `label ${index}: ${explanation}` };
  return { rows: { ...source, explanations: [explanation], features: [] } };
}

function refOf(url: string): ReturnType<typeof parseFeatureRef> | undefined {
  try {
    return parseFeatureRef(url);
  } catch {
    return undefined;
  }
}

/** SAEDashboard's `batch-N.json`: densities, and the largest activation among the texts it shows. */
function dashboardRows(batch: Json, features: readonly unknown[], known: SourceRef): RecordResult[] {
  const { layer, sae_set: set } = { layer: batch['layer'], sae_set: batch['sae_set'] };
  const sourceId = typeof set === 'string' && isLayer(layer) ? `${layer}-${set}` : undefined;
  const source = sourceOf(batch['model_id'], sourceId, known);
  if (typeof source === 'string') return [{ skipped: source }];
  return features.map((entry, i) => {
    const feature = isObject(entry) ? featureIndex(entry['feature_index']) : undefined;
    if (!isObject(entry) || feature === undefined) return { skipped: `features[${i}] has no feature_index` };
    const facts = featureRow(feature, entry, largestValue(entry['activations']));
    if (!facts) return { skipped: `features[${i}] has neither a density nor activations` };
    return { rows: { ...source, explanations: [], features: [facts] } };
  });
}

function largestValue(activations: unknown): number | undefined {
  let largest: number | undefined;
  for (const activation of Array.isArray(activations) ? activations : []) {
    const values: unknown = isObject(activation) ? activation['values'] : undefined;
    for (const value of Array.isArray(values) ? values : []) {
      if (typeof value === 'number' && (largest === undefined || value > largest)) largest = value;
    }
  }
  return largest;
}

function sourceOf(
  modelId: unknown,
  sourceId: unknown,
  known: SourceRef,
): { modelId: string; sourceId: string } | string {
  const model = modelId ?? known.modelId;
  const source = sourceId ?? known.sourceId;
  if (model === undefined || source === undefined) {
    return `names no ${model === undefined ? 'model (--model gives one)' : 'source (--source gives one)'}`;
  }
  if (typeof model !== 'string' || !isNeuronpediaName(model))
    return `modelId is ${shown(model)}, expected a name`;
  if (typeof source !== 'string' || !isNeuronpediaName(source))
    return `layer is ${shown(source)}, expected a source id`;
  return { modelId: model, sourceId: source };
}

function featureIndex(value: unknown): number | undefined {
  if (typeof value === 'string') return parseIndex(value);
  const isIndex =
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_FEATURE_INDEX;
  return isIndex ? value + 0 : undefined;
}

function isLayer(value: unknown): boolean {
  return (typeof value === 'number' && Number.isInteger(value) && value >= 0) || typeof value === 'string';
}

function inRange(value: unknown, largest: number): number | null {
  return typeof value === 'number' && value >= 0 && value <= largest ? value : null;
}

function nameOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME ? value : null;
}

/** Neuronpedia's times are ISO 8601, some with a blank instead of the T and without a zone: those are UTC. */
function timeOf(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > 40) return null;
  const parts = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(value);
  if (!parts) return null;
  const zone = /^[+-]\d\d$/.test(parts[3] ?? '') ? `${parts[3]}:00` : (parts[3] ?? 'Z');
  const time = new Date(`${parts[1]}T${parts[2]}${zone}`);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  return Array.isArray(value) ? 'a list' : typeof value;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return typeof value === 'number' ? String(value) : kindOf(value);
}
