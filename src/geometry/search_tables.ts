/** @file What the exhaustive passes over dictionaries found as tables, and back: what tests and verdicts start from. `docs/schema.md` describes the columns. */

import { type Table, tableFrom } from '../formats/table.ts';
import type { TableRow } from '../formats/table_rows.ts';
import { emptyPartners } from '../search/antipodal_pass.ts';
import type { Antipodality } from '../search/antipodality.ts';
import type { ExtremePair } from './extremes.ts';
import type { SaeCosines } from './measure_cosines.ts';
import type { PairRanks, PlacedPair } from './measure_space.ts';
import { classifyPair } from './pair_class.ts';
import { extremePairColumns, featureColumns, placeColumns, rankColumns } from './pair_columns.ts';
import { type Population, placeCosine } from './population.ts';
import type { SaeSearch } from './search_sae.ts';
import type { SpaceSearch } from './search_space.ts';
import {
  expectRows,
  type InSpace,
  inSpace,
  type OfSae,
  ofSae,
  rowsOfSae,
  rowsOfSpace,
  type StageTables,
  spaceOf,
} from './stage_tables.ts';

export type FoundInSae = OfSae & { readonly cosines: SaeCosines; readonly search: SaeSearch };

export function searchTables(found: readonly FoundInSae[]): Table[] {
  const spaces = found.flatMap(({ sae, search }) => search.spaces.map((one) => ({ sae, ...one })));
  return [
    ...populationTables(spaces),
    placesTable(spaces),
    ranksTable(found),
    extremesTable(found),
    partnersTable(found),
  ];
}

type FoundSpace = SpaceSearch & OfSae;

function populationTables(found: readonly FoundSpace[]): Table[] {
  const counted = found.flatMap(({ sae, space, population }) =>
    population ? [{ sae, space, ...population }] : [],
  );
  const bins = counted.flatMap(({ sae, space, histogram }) =>
    Array.from(histogram, (count, bin) => ({ sae, space, bin, count })).filter(({ count }) => count > 0),
  );
  return [
    tableFrom('population', counted, [
      ...inSpace,
      { name: 'pairs', type: 'float64', value: ({ pairs }) => pairs },
      { name: 'mean', type: 'float64', value: ({ mean }) => mean },
      { name: 'sd', type: 'float64', value: ({ sd }) => sd },
      { name: 'skewness', type: 'float64', value: ({ skewness }) => skewness },
      { name: 'bins', type: 'int32', value: ({ histogram }) => histogram.length },
    ]),
    tableFrom(
      'quantiles',
      counted.flatMap(({ sae, space, quantiles }) => quantiles.map((one) => ({ sae, space, ...one }))),
      [
        ...inSpace,
        { name: 'q', type: 'float64', value: ({ q }) => q },
        { name: 'cos', type: 'float64', value: ({ cos }) => cos },
      ],
    ),
    tableFrom('histogram', bins, [
      ...inSpace,
      { name: 'bin', type: 'int32', value: ({ bin }) => bin },
      { name: 'count', type: 'float64', value: ({ count }) => count },
    ]),
  ];
}

function placesTable(found: readonly FoundSpace[]): Table {
  const rows = found.flatMap(({ sae, space, below, population }) =>
    population
      ? [...below].map(([cos, pairsBelow]) => ({ sae, space, ...placeCosine(cos, pairsBelow, population) }))
      : [],
  );
  return tableFrom('places', rows, [
    ...inSpace,
    { name: 'cos', type: 'float64', value: ({ cos }) => cos },
    ...placeColumns,
  ]);
}

const KINDS = ['pairs', 'random', 'named'] as const;

function ranksTable(found: readonly FoundInSae[]): Table {
  const rows = found.flatMap(({ sae, cosines, search }) =>
    search.spaces.flatMap(({ space, ranks: known }, index) =>
      KINDS.flatMap((kind) =>
        cosines.spaces[index]![kind].map(({ featureA, featureB }, row) => ({
          sae,
          space,
          kind,
          featureA,
          featureB,
          ...known?.[kind][row],
        })),
      ),
    ),
  );
  return tableFrom('ranks', rows, [
    ...inSpace,
    { name: 'kind', type: 'string', value: ({ kind }) => (kind === 'pairs' ? 'concept' : kind) },
    ...featureColumns,
    ...rankColumns,
  ]);
}

function extremesTable(found: readonly FoundInSae[]): Table {
  const rows = found.flatMap(({ sae, search }) => search.extremes.map((pair) => ({ sae, ...pair })));
  return tableFrom('extremes', rows, [...ofSae, ...extremePairColumns, ...placeColumns, ...rankColumns]);
}

function partnersTable(found: readonly FoundInSae[]): Table {
  const rows = found.flatMap(({ sae, search: { antipodality } }) =>
    Array.from(antipodality?.partner ?? [], (partner, feature) => ({
      sae,
      feature,
      partner: partner === -1 ? undefined : partner,
      score: antipodality!.score[feature],
      cosEncoder: antipodality!.cosEncoder[feature],
      cosDecoder: antipodality!.cosDecoder[feature],
    })),
  );
  return tableFrom('partners', rows, [
    ...ofSae,
    { name: 'feature', type: 'int32', value: ({ feature }) => feature },
    { name: 'partner', type: 'int32', value: ({ partner }) => partner },
    { name: 'score', type: 'float64', value: ({ score }) => score },
    { name: 'cos_enc', type: 'float64', value: ({ cosEncoder }) => cosEncoder },
    { name: 'cos_dec', type: 'float64', value: ({ cosDecoder }) => cosDecoder },
  ]);
}

export interface ReadSearchOptions extends OfSae {
  /** Of the same dictionary, as they were searched for. */
  readonly cosines: SaeCosines;
  readonly dSae: number;
}

/** @throws {AntipodeError} `format` for tables that are not what was found for these cosines */
export function readSearch(tables: StageTables, { sae, cosines, dSae }: ReadSearchOptions): SaeSearch {
  const extremes = rowsOfSae(tables, 'extremes', sae).map(extremeOf);
  const partners = rowsOfSae(tables, 'partners', sae);
  return {
    spaces: cosines.spaces.map((measured): SpaceSearch => {
      const { space } = measured;
      const at = { sae, space };
      const population = readPopulation(tables, at);
      return {
        space,
        ...(population && { population, ...endsOf(extremes.filter((pair) => pair.space === space)) }),
        below: new Map(
          rowsOfSpace(tables, 'places', at).map((row) => [row.number('cos'), row.number('pairs_below')]),
        ),
        ranks: readRanks(rowsOfSpace(tables, 'ranks', at), measured, `ranks of ${sae}, ${space}`),
      };
    }),
    extremes,
    ...(partners.length > 0 && { antipodality: readPartners(partners, dSae, `partners of ${sae}`) }),
  };
}

function readPopulation(tables: StageTables, at: InSpace): Population | undefined {
  const [row] = rowsOfSpace(tables, 'population', at);
  if (!row) return undefined;
  const histogram = new Float64Array(Math.min(MOST_BINS, row.number('bins')));
  for (const bin of rowsOfSpace(tables, 'histogram', at)) histogram[bin.number('bin')] = bin.number('count');
  return {
    pairs: row.number('pairs'),
    mean: row.number('mean'),
    sd: row.number('sd'),
    skewness: row.number('skewness'),
    quantiles: rowsOfSpace(tables, 'quantiles', at).map((one) => ({
      q: one.number('q'),
      cos: one.number('cos'),
    })),
    histogram,
  };
}

/** 8 MB: a census counts in far fewer. */
const MOST_BINS = 2 ** 20;

function readRanks(
  rows: readonly TableRow[],
  measured: SaeCosines['spaces'][number],
  shown: string,
): NonNullable<SpaceSearch['ranks']> {
  const ofKind = (kind: (typeof KINDS)[number]): PairRanks[] => {
    const name = kind === 'pairs' ? 'concept' : kind;
    const own = rows.filter((row) => row.text('kind') === name);
    expectRows(own.length, measured[kind].length, `${shown}, ${name}`);
    // Pairs without a cosine have no rank; pairs beyond those that were ranked have no entry.
    return own.map((row, index) => (Number.isNaN(measured[kind][index]!.cos) ? NO_RANKS : ranksOf(row)));
  };
  return { pairs: ofKind('pairs'), random: ofKind('random'), named: ofKind('named') };
}

const NO_RANKS: PairRanks = { rankOfB: Number.NaN, rankOfA: Number.NaN };

function ranksOf(row: TableRow): PairRanks {
  const [rankOfB, rankOfA] = [row.known('rank_of_b'), row.known('rank_of_a')];
  return { ...(rankOfB !== undefined && { rankOfB }), ...(rankOfA !== undefined && { rankOfA }) };
}

function extremeOf(row: TableRow): ExtremePair {
  const [cosEncoder, cosDecoder] = [row.number('cos_enc'), row.number('cos_dec')];
  const [pairsBelow, percentile, z] = [row.known('pairs_below'), row.known('percentile'), row.known('z')];
  return {
    space: spaceOf(row),
    end: row.text('end') === 'aligned' ? 'aligned' : 'opposed',
    rank: row.number('rank'),
    featureA: row.number('feature_a'),
    featureB: row.number('feature_b'),
    cosEncoder,
    cosDecoder,
    pairClass: classifyPair(cosEncoder, cosDecoder),
    ...(pairsBelow !== undefined && { pairsBelow }),
    ...(percentile !== undefined && { percentile }),
    ...(z !== undefined && { z }),
    ...ranksOf(row),
  };
}

/** As the search of their space gave them. */
function endsOf(extremes: readonly ExtremePair[]): { top: PlacedPair[]; bottom: PlacedPair[] } {
  const endOf = (end: ExtremePair['end']): PlacedPair[] =>
    extremes
      .filter((pair) => pair.end === end)
      .map(
        ({
          space,
          featureA,
          featureB,
          cosEncoder,
          cosDecoder,
          pairsBelow,
          percentile,
          z,
          rankOfA,
          rankOfB,
        }) => ({
          i: featureA,
          j: featureB,
          cos: space === 'encoder' ? cosEncoder : cosDecoder,
          ...(pairsBelow !== undefined && { pairsBelow }),
          ...(percentile !== undefined && { percentile }),
          ...(z !== undefined && { z }),
          ...(rankOfA !== undefined && { rankOfA }),
          ...(rankOfB !== undefined && { rankOfB }),
        }),
      );
  return { top: endOf('aligned'), bottom: endOf('opposed') };
}

function readPartners(rows: readonly TableRow[], dSae: number, shown: string): Antipodality {
  expectRows(rows.length, dSae, shown);
  const found = emptyPartners(dSae);
  for (const [feature, row] of rows.entries()) {
    found.partner[feature] = row.known('partner') ?? -1;
    found.score[feature] = row.number('score');
    found.cosEncoder[feature] = row.number('cos_enc');
    found.cosDecoder[feature] = row.number('cos_dec');
  }
  return found;
}
