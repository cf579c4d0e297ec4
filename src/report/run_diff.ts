/**
 * @file Two runs beside each other: which of their settings differ, and which of their numbers. Rows are matched by what they are about, not by where they stand.
 * Leaves out texts: explanations and replies are for the files.
 */

import { type Cell, rowsOf, type Table } from '../formats/table.ts';
import type { RunFolder } from './run_folders.ts';

export interface Difference {
  /** `parameters.top`; or of a number: what its row is about, and its column. */
  readonly what: string;
  readonly a: Cell;
  readonly b: Cell;
  /** b - a, where both are numbers. */
  readonly difference: number | undefined;
}

export interface TableDiff {
  /** `tables/summary`. */
  readonly table: string;
  readonly differences: readonly Difference[];
  /** Cells that are equal. */
  readonly same: number;
  /** Rows about what the other run has no row about. */
  readonly onlyA: number;
  readonly onlyB: number;
}

export interface RunDiff {
  readonly settings: readonly Difference[];
  readonly tables: readonly TableDiff[];
}

/** What tells a row of a table from its others; tables that are not here are matched row by row. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  summary: ['sae', 'space', 'pairs', 'relation'],
  pairs: ['sae', 'space', 'concept', 'feature_a', 'feature_b'],
  concepts: ['sae', 'space', 'concept'],
  random_pairs: ['sae', 'space', 'feature_a', 'feature_b'],
  published_pairs: ['sae', 'space', 'relation', 'feature_a', 'feature_b'],
  extremes: ['sae', 'sae_b', 'space', 'end', 'feature_a', 'feature_b'],
  same_feature_summary: ['sae', 'features'],
  same_feature: ['sae', 'feature'],
  tests: ['sae', 'space', 'variant', 'test'],
  extreme_classes: ['sae', 'space', 'end', 'class'],
  antipodality: ['sae', 'feature'],
  antipodality_summary: ['sae', 'features'],
  population: ['sae', 'sae_b', 'space'],
  quantiles: ['sae', 'space', 'q'],
  histogram: ['sae', 'space', 'lower'],
  density_bins: ['sae', 'space', 'from', 'to'],
  arms: ['judge', 'pass', 'arm'],
  interventions: ['arm', 'feature'],
  replies: ['id'],
  strength_curves: ['judge', 'pass', 'arm', 'factor', 'state'],
  activations: ['id', 'position'],
  // Of geometry, then of judges: each has its own columns only.
  verdicts: ['sae', 'space', 'judge', 'pass', 'id'],
  agreement: ['judge_1', 'pass_1', 'judge_2', 'pass_2', 'over'],
};

/** Long texts, which differ by a letter and fill a screen. */
const TEXTS = /^(explanation|text|reason|footnotes)/;

/** Numbers that name something: their difference says nothing. */
const IDS = /(^|_)(feature(_[ab])?|rank|seed|pass)$/;

/** Of the manifest: files say by their hashes what the tables say better. */
const NOT_SETTINGS = new Set(['outputs', 'tool', 'command', 'stages']);

export interface DiffableRun {
  readonly run: RunFolder;
  readonly tables: ReadonlyMap<string, Table>;
}

export function diffRuns(a: DiffableRun, b: DiffableRun): RunDiff {
  const names = [...new Set([...a.tables.keys(), ...b.tables.keys()])].sort();
  return {
    settings: diffSettings(a.run.manifest, b.run.manifest),
    tables: names.map((name) => diffTables(name, a.tables.get(name), b.tables.get(name))),
  };
}

function diffSettings(a: RunFolder['manifest'], b: RunFolder['manifest']): Difference[] {
  const [left, right] = [flat(a), flat(b)];
  const paths = [...new Set([...left.keys(), ...right.keys()])];
  return paths
    .map((what) => differenceOf(what, left.get(what) ?? null, right.get(what) ?? null))
    .filter((one) => one !== undefined);
}

function flat(manifest: RunFolder['manifest']): Map<string, Cell> {
  const found = new Map<string, Cell>();
  const enter = (path: string, value: unknown): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, entry] of Object.entries(value)) {
        enter(Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`, entry);
      }
    } else if (value !== undefined) found.set(path, value as Cell);
  };
  enter('', Object.fromEntries(Object.entries(manifest).filter(([key]) => !NOT_SETTINGS.has(key))));
  return found;
}

function diffTables(table: string, a: Table | undefined, b: Table | undefined): TableDiff {
  const name = (a ?? b)!.name;
  const keys = KEYS[name];
  const [left, right] = [byKey(a, keys), byKey(b, keys)];
  const columns = (a?.columns ?? [])
    .map((column) => column.name)
    .filter((column) => !keys?.includes(column) && !TEXTS.test(column))
    .filter((column) => b?.columns.some((other) => other.name === column));
  const differences: Difference[] = [];
  let same = 0;
  for (const [key, row] of left) {
    const other = right.get(key);
    if (!other) continue;
    for (const column of columns) {
      const found = differenceOf(`${key}: ${column}`, row[column] ?? null, other[column] ?? null);
      if (found) differences.push(found);
      else same += 1;
    }
  }
  return {
    table,
    differences,
    same,
    onlyA: [...left.keys()].filter((key) => !right.has(key)).length,
    onlyB: [...right.keys()].filter((key) => !left.has(key)).length,
  };
}

function byKey(
  table: Table | undefined,
  keys: readonly string[] | undefined,
): Map<string, Record<string, Cell>> {
  const rows = new Map<string, Record<string, Cell>>();
  for (const [index, row] of (table ? rowsOf(table) : []).entries()) {
    const about = keys
      ? keys
          .flatMap((key) => (row[key] === undefined || row[key] === null ? [] : [String(row[key])]))
          .join(', ')
      : `row ${index + 1}`;
    // A feature may stand in a list twice.
    let key = about;
    for (let twin = 2; rows.has(key); twin++) key = `${about} (${twin})`;
    rows.set(key, row);
  }
  return rows;
}

function differenceOf(what: string, a: Cell, b: Cell): Difference | undefined {
  if (Object.is(a, b) || a === b) return undefined;
  const isAmount = typeof a === 'number' && typeof b === 'number' && !IDS.test(what);
  return { what, a, b, difference: isAmount ? b - a : undefined };
}
