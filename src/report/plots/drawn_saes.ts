/** @file From the tables of a geometry run, in memory or read back from its folder, to what figures draw. */

import { type Cell, rowsOf, type Table } from '../../formats/table.ts';
import type { Space } from '../../sae/sae.ts';
import type { DrawnPair, DrawnSae, DrawnSpace } from './figure_rows.ts';
import type { DrawnVerdict } from './overview_figure.ts';
import type { PairGroup } from './palette.ts';
import type { SameFeatureDrawing } from './same_feature_figure.ts';

type Row = Record<string, Cell>;

const SPACES: readonly Space[] = ['encoder', 'decoder'];

/** In the order of the tables. */
export function drawnSaes(tables: readonly Table[]): DrawnSae[] {
  const rows = rowsByTable(tables);
  return labelsIn(rows).map((label) => ({
    label,
    spaces: SPACES.map((space) => drawnSpace(rows, label, space)).filter(
      ({ bins, pairs }) => bins.length > 0 || pairs.length > 0,
    ),
  }));
}

/** Of each SAE whose own cosines were measured. */
export function sameFeatureDrawings(tables: readonly Table[]): SameFeatureDrawing[] {
  const rows = rowsByTable(tables);
  const features = (table: string, label: string): number[] => [
    ...new Set(
      rows(table)
        .filter(({ sae }) => sae === label)
        .flatMap(({ feature_a, feature_b }) => [feature_a, feature_b])
        .filter((feature) => typeof feature === 'number'),
    ),
  ];
  const labels = [...new Set(rows('same_feature').map(({ sae }) => String(sae)))];
  return labels.map((label) => ({
    label,
    cosines: rows('same_feature')
      .filter(({ sae }) => sae === label)
      .map(({ cos_enc_dec }) => numberOf(cos_enc_dec)),
    conceptFeatures: features('pairs', label),
    randomFeatures: features('random_pairs', label),
  }));
}

/** What the tests of each SAE and space said of all concepts together. */
export function drawnVerdicts(tables: readonly Table[]): DrawnVerdict[] {
  const rows = rowsByTable(tables);
  return rows('verdicts').flatMap((row) => {
    const { sae, space } = row;
    const tests = rows('tests').filter(
      (test) => test['sae'] === sae && test['space'] === space && test['variant'] === 'macro',
    );
    const [first] = tests;
    if (first === undefined) return [];
    return [
      {
        label: String(sae),
        space: space === 'encoder' ? 'encoder' : 'decoder',
        concepts: numberOf(first['concepts']),
        pairs: numberOf(first['pairs']),
        mean: numberOf(row['mean']),
        low: numberOf(row['mean_low']),
        high: numberOf(row['mean_high']),
        nulls: tests.map((test) => ({
          test: String(test['test']),
          mean: numberOf(test['null_mean']),
          sd: numberOf(test['null_sd']),
          p: numberOf(test['p']),
        })),
      },
    ];
  });
}

type RowsOf = (table: string) => readonly Row[];

function rowsByTable(tables: readonly Table[]): RowsOf {
  const byName = new Map(tables.map((table) => [table.name, rowsOf(table)]));
  return (name) => byName.get(name) ?? [];
}

function labelsIn(rows: RowsOf): string[] {
  return [
    ...new Set(
      ['pairs', 'random_pairs', 'extremes', 'histogram'].flatMap((name) =>
        rows(name).map(({ sae }) => String(sae)),
      ),
    ),
  ];
}

function drawnSpace(rows: RowsOf, label: string, space: Space): DrawnSpace {
  const own = (table: string): Row[] =>
    rows(table).filter((row) => row['sae'] === label && row['space'] === space);
  const other = new Map(
    rows('random_pairs')
      .filter((row) => row['sae'] === label && row['space'] !== space)
      .map((row) => [`${row['feature_a']}\n${row['feature_b']}`, numberOf(row['cos'])]),
  );
  return {
    space,
    bins: own('histogram').map((row) => ({
      lower: numberOf(row['lower']),
      upper: numberOf(row['upper']),
      count: numberOf(row['count']),
    })),
    allPairs: numberOf(own('population')[0]?.['pairs']),
    pairs: [
      ...own('random_pairs').map((row) =>
        drawnPair(row, 'random', other.get(`${row['feature_a']}\n${row['feature_b']}`)),
      ),
      ...own('extremes').map((row) => {
        const [cos, cosOther] = space === 'encoder' ? ['cos_enc', 'cos_dec'] : ['cos_dec', 'cos_enc'];
        const group = row['end'] === 'aligned' ? 'aligned' : 'opposed';
        return drawnPair({ ...row, cos: row[cos!] ?? null }, group, numberOf(row[cosOther!]));
      }),
      ...own('pairs').map((row) => drawnPair(row, 'antonym', numberOf(row['cos_other_space']))),
    ],
  };
}

function drawnPair(row: Row, group: PairGroup, cosOther: number | undefined): DrawnPair {
  return {
    group,
    featureA: numberOf(row['feature_a']),
    featureB: numberOf(row['feature_b']),
    cos: numberOf(row['cos']),
    cosOther,
    name: typeof row['concept'] === 'string' ? row['concept'] : '',
    ...(typeof row['label_a'] === 'string' &&
      typeof row['label_b'] === 'string' && { sides: [row['label_a'], row['label_b']] as const }),
    ...(typeof row['explanation_a'] === 'string' &&
      typeof row['explanation_b'] === 'string' && {
        about: [row['explanation_a'], row['explanation_b']] as const,
      }),
  };
}

/** What was not known when the table was written is NaN here too. */
function numberOf(cell: Cell | undefined): number {
  return typeof cell === 'number' ? cell : Number.NaN;
}
