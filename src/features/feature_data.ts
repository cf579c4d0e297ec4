/**
 * @file Everything known about the features of one source: explanations and firing facts, collected from exports, merged, and turned
 * into the two tables that a store holds. Leaves out files on disk (`feature_store.ts`) and questions (`explanation_lookup.ts`).
 */

import { AntipodeError } from '../errors.ts';
import { type Column, type ColumnSpec, type Table, tableFrom } from '../formats/table.ts';
import { type ExplanationRow, type FeatureRow, MAX_DESCRIPTION, type SourceRows } from './export_record.ts';

/** One source, its rows in final order. */
export interface FeatureData {
  readonly modelId: string;
  readonly sourceId: string;
  /** By feature, then in the order in which the exports gave them; no two alike. */
  readonly explanations: readonly ExplanationRow[];
  /** By feature, one each. */
  readonly features: readonly FeatureRow[];
}

/** About a GB in memory; the whole of gemma-2-2b at 16k has 0.43 million. */
const MAX_EXPLANATIONS = 4_000_000;
const MAX_FEATURES = 16_000_000;
const MAX_TEXT = 2 ** 28;

/** Collects rows of many sources at once, because export folders mix models and layers. */
export class FeatureCollector {
  readonly #sources = new Map<
    string,
    { explanations: ExplanationRow[]; features: Map<number, FeatureRow> }
  >();
  /** Explainers and methods repeat on every row: one copy each. */
  readonly #names = new Map<string, string>();
  #explanations = 0;
  #features = 0;
  #text = 0;

  /** Of two rows that say the same, the first stays; of two firing facts of one feature, the later, field by field. */
  add({ modelId, sourceId, explanations, features }: SourceRows): void {
    const id = `${modelId}/${sourceId}`;
    let source = this.#sources.get(id);
    if (!source) {
      source = { explanations: [], features: new Map() };
      this.#sources.set(id, source);
    }
    for (const row of explanations) {
      this.#text += row.description.length;
      source.explanations.push({
        ...row,
        explainer: this.#shared(row.explainer),
        typeName: this.#shared(row.typeName),
        authorId: this.#shared(row.authorId),
      });
    }
    this.#explanations += explanations.length;
    for (const row of features) {
      const before = source.features.get(row.feature);
      if (!before) this.#features += 1;
      source.features.set(row.feature, before ? newer(before, row) : row);
    }
    if (this.#explanations > MAX_EXPLANATIONS || this.#features > MAX_FEATURES || this.#text > MAX_TEXT) {
      throw new AntipodeError(
        'resource',
        `${id}: more than ${MAX_EXPLANATIONS} explanations, ${MAX_FEATURES} features or ${MAX_TEXT} characters at once`,
        { hint: 'import the sources one at a time' },
      );
    }
  }

  /** The sources by id. */
  finish(): FeatureData[] {
    return [...this.#sources]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([id, { explanations, features }]) => {
        const [modelId = '', sourceId = ''] = id.split('/');
        return {
          modelId,
          sourceId,
          explanations: withoutRepeats(explanations),
          features: [...features.values()].sort((left, right) => left.feature - right.feature),
        };
      });
  }

  #shared(name: string | null): string | null {
    if (name === null) return null;
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    this.#names.set(name, name);
    return name;
  }
}

function newer(before: FeatureRow, row: FeatureRow): FeatureRow {
  return {
    feature: row.feature,
    fracNonzero: row.fracNonzero ?? before.fracNonzero,
    maxAct: row.maxAct ?? before.maxAct,
    createdAt: row.createdAt ?? before.createdAt,
  };
}

function withoutRepeats(rows: readonly ExplanationRow[]): ExplanationRow[] {
  // Stable: rows of one feature stay in the order of the exports.
  const sorted = rows.toSorted((left, right) => left.feature - right.feature);
  let seen = new Set<string>();
  let current = -1;
  return sorted.filter((row) => {
    if (row.feature !== current) {
      current = row.feature;
      seen = new Set();
    }
    const key = JSON.stringify([row.explainer, row.typeName, row.description]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** `fresh` laid over `stored`: explanations of `fresh` come first, its firing facts win. Merging the same data again changes nothing. */
export function mergeFeatureData(stored: FeatureData, fresh: FeatureData): FeatureData {
  const collector = new FeatureCollector();
  collector.add({ ...stored, explanations: [] });
  collector.add(fresh);
  collector.add({ ...stored, features: [] });
  const [merged] = collector.finish();
  return merged ?? fresh;
}

export interface ExplainerCount {
  /** Null where the export does not say. */
  readonly name: string | null;
  readonly explanations: number;
  /** Distinct features. */
  readonly features: number;
}

/** Most features first, ties by name, the unnamed last. */
export function countExplainers(explanations: readonly ExplanationRow[]): ExplainerCount[] {
  const counts = new Map<string | null, { explanations: number; features: number; last: number }>();
  for (const { explainer, feature } of explanations) {
    const count = counts.get(explainer) ?? { explanations: 0, features: 0, last: -1 };
    count.explanations += 1;
    if (count.last !== feature) count.features += 1;
    count.last = feature;
    counts.set(explainer, count);
  }
  const named = (name: string | null): string => name ?? '\uffff';
  return [...counts]
    .map(([name, { explanations: rows, features }]) => ({ name, explanations: rows, features }))
    .sort((left, right) => right.features - left.features || (named(left.name) < named(right.name) ? -1 : 1));
}

/** The newest time that any row carries, as a date; undefined where none does. */
export function newestDate({ explanations, features }: FeatureData): string | undefined {
  let newest = '';
  for (const { createdAt } of explanations) if (createdAt !== null && createdAt > newest) newest = createdAt;
  for (const { createdAt } of features) if (createdAt !== null && createdAt > newest) newest = createdAt;
  return newest === '' ? undefined : newest.slice(0, 10);
}

const FEATURE_COLUMNS: readonly ColumnSpec<FeatureRow>[] = [
  { name: 'feature', type: 'int32', value: (row) => row.feature },
  { name: 'frac_nonzero', type: 'float64', value: (row) => row.fracNonzero },
  { name: 'max_act', type: 'float64', value: (row) => row.maxAct },
  { name: 'created_at', type: 'string', value: (row) => row.createdAt },
];

/** Columns `feature`, `explanation_index` (from 0 within a feature), `description`, `explainer`, `type_name`, `author_id`, `created_at`. */
export function explanationsTable({ explanations }: FeatureData): Table {
  let before = -1;
  let index = 0;
  const numbered = explanations.map((row) => {
    index = row.feature === before ? index + 1 : 0;
    before = row.feature;
    return { ...row, index };
  });
  return tableFrom('explanations', numbered, [
    { name: 'feature', type: 'int32', value: (row) => row.feature },
    { name: 'explanation_index', type: 'int32', value: (row) => row.index },
    { name: 'description', type: 'string', value: (row) => row.description },
    { name: 'explainer', type: 'string', value: (row) => row.explainer },
    { name: 'type_name', type: 'string', value: (row) => row.typeName },
    { name: 'author_id', type: 'string', value: (row) => row.authorId },
    { name: 'created_at', type: 'string', value: (row) => row.createdAt },
  ]);
}

/** Columns `feature`, `frac_nonzero` (share of tokens, 0 to 1), `max_act`, `created_at`. */
export function featuresTable({ features }: FeatureData): Table {
  return tableFrom('features', features, FEATURE_COLUMNS);
}

/** The names of the columns that `dataFrom` reads. */
export const EXPLANATION_COLUMN_NAMES: readonly string[] = [
  'feature',
  'description',
  'explainer',
  'type_name',
  'author_id',
  'created_at',
];
export const FEATURE_COLUMN_NAMES: readonly string[] = FEATURE_COLUMNS.map(({ name }) => name);

/**
 * The reverse of the two tables; either may be absent. The files may have been edited, so every cell is checked.
 * @throws {AntipodeError} `format`
 */
export function dataFrom(
  source: { readonly modelId: string; readonly sourceId: string },
  explanations: Table | undefined,
  features: Table | undefined,
): FeatureData {
  const cells = explanations && new Cells(explanations);
  const facts = features && new Cells(features);
  return {
    modelId: source.modelId,
    sourceId: source.sourceId,
    explanations: Array.from({ length: explanations?.rowCount ?? 0 }, (_, row) => ({
      feature: cells!.feature(row),
      description: cells!.text('description', row) ?? cells!.fail('description', row),
      explainer: cells!.text('explainer', row),
      typeName: cells!.text('type_name', row),
      authorId: cells!.text('author_id', row),
      createdAt: cells!.text('created_at', row),
    })),
    features: Array.from({ length: features?.rowCount ?? 0 }, (_, row) => ({
      feature: facts!.feature(row),
      fracNonzero: facts!.number('frac_nonzero', row),
      maxAct: facts!.number('max_act', row),
      createdAt: facts!.text('created_at', row),
    })),
  };
}

class Cells {
  readonly #name: string;
  readonly #columns: ReadonlyMap<string, Column>;

  constructor(table: Table) {
    this.#name = table.name;
    this.#columns = new Map(table.columns.map((column) => [column.name, column]));
  }

  /** Features ascend, which the lookup relies on. */
  feature(row: number): number {
    const values = this.#columns.get('feature')?.values;
    const feature = values?.[row];
    const before = row > 0 ? values?.[row - 1] : 0;
    if (typeof feature !== 'number' || feature < 0 || typeof before !== 'number' || feature < before) {
      return this.fail('feature', row);
    }
    return feature;
  }

  text(name: string, row: number): string | null {
    const cell = this.#columns.get(name)?.values[row] ?? null;
    if (cell === null || (typeof cell === 'string' && cell.length <= MAX_DESCRIPTION)) return cell;
    return this.fail(name, row);
  }

  number(name: string, row: number): number | null {
    const cell = this.#columns.get(name)?.values[row] ?? null;
    if (cell === null || (typeof cell === 'number' && cell >= 0)) return cell;
    return this.fail(name, row);
  }

  fail(name: string, row: number): never {
    throw new AntipodeError(
      'format',
      `${this.#name}: row ${row} of column ${name} is not as it was written`,
      {
        hint: 'import the exports again with `antipode features import --replace`',
      },
    );
  }
}
