/** @file The cosines of dictionaries as tables, and back: what a search and the tests of a later step start from. `docs/schema.md` describes the columns. */

import { type Concept, type ConceptSet, crossPairs } from '../concepts/concept_set.ts';
import { AntipodeError } from '../errors.ts';
import { type Table, tableFrom } from '../formats/table.ts';
import type { TableRow } from '../formats/table_rows.ts';
import type { Space } from '../sae/sae.ts';
import type { RowDefect } from '../tensor/matrix.ts';
import type { SaeCosines } from './measure_cosines.ts';
import { featureColumns } from './pair_columns.ts';
import type { FeaturePair } from './random_pairs.ts';
import type { DefectiveFeature } from './sae_rows.ts';
import type { PairCosine, SpaceCosines } from './space_cosines.ts';
import {
  expectRows,
  inSpace,
  type OfSae,
  ofSae,
  rowsOfSae,
  rowsOfSpace,
  type StageTables,
  spaceOf,
} from './stage_tables.ts';

/** Why a pair was measured. */
export type PairKind = 'concept' | 'random' | 'named';

interface CosineRow extends PairCosine {
  readonly kind: PairKind;
  readonly concept?: string;
  readonly centredCos?: number;
}

export function cosinesTables(found: readonly (OfSae & { readonly cosines: SaeCosines })[]): Table[] {
  const spaces = found.flatMap(({ sae, cosines }) => cosines.spaces.map((one) => ({ sae, ...one })));
  const pairs = spaces.flatMap(({ sae, space, ...lists }) =>
    pairRows(lists).map((pair) => ({ sae, space, ...pair })),
  );
  const self = found.flatMap(({ sae, cosines }) =>
    Array.from(cosines.sameFeature ?? [], (cos, feature) => ({ sae, feature, cos })),
  );
  const defects = found.flatMap(({ sae, cosines }) => cosines.defects.map((one) => ({ sae, ...one })));
  return [
    tableFrom('cosines', pairs, [
      ...inSpace,
      { name: 'kind', type: 'string', value: ({ kind }) => kind },
      { name: 'concept', type: 'string', value: ({ concept }) => concept },
      ...featureColumns,
      { name: 'cos', type: 'float64', value: ({ cos }) => cos },
      { name: 'cos_centred', type: 'float64', value: ({ centredCos }) => centredCos },
    ]),
    tableFrom('directions', spaces, [
      ...inSpace,
      {
        name: 'mean_direction_length',
        type: 'float64',
        value: ({ meanDirectionLength }) => meanDirectionLength,
      },
    ]),
    tableFrom('self_cosines', self, [
      ...ofSae,
      { name: 'feature', type: 'int32', value: ({ feature }) => feature },
      { name: 'cos_enc_dec', type: 'float64', value: ({ cos }) => cos },
    ]),
    tableFrom('defects', defects, [
      ...inSpace,
      { name: 'feature', type: 'int32', value: ({ feature }) => feature },
      { name: 'defect', type: 'string', value: ({ defect }) => defect },
    ]),
  ];
}

function pairRows({ pairs, random, named }: Pick<SpaceCosines, 'pairs' | 'random' | 'named'>): CosineRow[] {
  return [
    ...pairs.map((pair) => ({ ...pair, kind: 'concept' as const, concept: pair.concept.concept })),
    ...random.map((pair) => ({ ...pair, kind: 'random' as const })),
    ...named.map((pair) => ({ ...pair, kind: 'named' as const })),
  ];
}

export interface ReadCosinesOptions extends OfSae {
  readonly concepts: ConceptSet;
  readonly dSae: number;
}

/** @throws {AntipodeError} `format` for tables that are not those of this dictionary with these concepts */
export function readCosines(tables: StageTables, { sae, concepts, dSae }: ReadCosinesOptions): SaeCosines {
  const rows = rowsOfSae(tables, 'directions', sae);
  const spaces = rows.map((row) => readSpace(tables, { sae, space: spaceOf(row), concepts, of: row }));
  const self = rowsOfSae(tables, 'self_cosines', sae);
  if (self.length > 0) expectRows(self.length, dSae, `self_cosines of ${sae}`);
  return {
    spaces,
    randomPairs: (spaces[0]?.random ?? []).map(({ featureA, featureB }) => ({ a: featureA, b: featureB })),
    ...(self.length > 0 && { sameFeature: Float64Array.from(self, (row) => row.number('cos_enc_dec')) }),
    defects: rowsOfSae(tables, 'defects', sae).map(
      (row): DefectiveFeature => ({
        space: spaceOf(row),
        feature: row.number('feature'),
        defect: row.text('defect') as RowDefect,
      }),
    ),
  };
}

interface ReadSpaceOptions extends OfSae {
  readonly space: Space;
  readonly concepts: ConceptSet;
  /** Of the whole space. */
  readonly of: TableRow;
}

function readSpace(tables: StageTables, { sae, space, concepts, of }: ReadSpaceOptions): SpaceCosines {
  const rows = rowsOfSpace(tables, 'cosines', { sae, space });
  const ofKind = (kind: PairKind): TableRow[] => rows.filter((row) => row.text('kind') === kind);
  const opposed = ofKind('concept');
  const pairs = concepts.concepts.flatMap((concept) =>
    crossPairs(concept).pairs.map((pair) => ({ concept, ...pair })),
  );
  expectRows(opposed.length, pairs.length, `cosines of ${sae}, ${space}`);
  const meanDirectionLength = of.known('mean_direction_length');
  return {
    space,
    pairs: opposed.map((row, index) => ({
      concept: conceptOf(row, pairs[index]!),
      ...pairOf(row),
      // NaN where the rest has no direction; the column is there wherever the whole matrix was.
      ...(meanDirectionLength !== undefined && { centredCos: row.number('cos_centred') }),
    })),
    random: ofKind('random').map(pairOf),
    named: ofKind('named').map(pairOf),
    ...(meanDirectionLength !== undefined && { meanDirectionLength }),
  };
}

function pairOf(row: TableRow): PairCosine {
  return {
    featureA: row.number('feature_a'),
    featureB: row.number('feature_b'),
    cos: row.number('cos'),
  };
}

/** @throws {AntipodeError} `format` where the row is of another pair */
function conceptOf(row: TableRow, { concept, a, b }: FeaturePair & { readonly concept: Concept }): Concept {
  const got = [row.text('concept'), row.number('feature_a'), row.number('feature_b')].join(' ');
  const expected = [concept.concept, a, b].join(' ');
  if (got === expected) return concept;
  throw new AntipodeError('format', `cosines: another pair stands there (got ${got}, expected ${expected})`, {
    hint: 'antipode run SPEC --from geometry makes them again',
  });
}
