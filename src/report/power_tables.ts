/** @file What the tests of antonyms can detect, as tables for files; `docs/schema.md` describes the columns. */

import type { ConceptSet } from '../concepts/concept_set.ts';
import { type ColumnSpec, type Table, tableFrom } from '../formats/table.ts';
import type { AntonymPower, PowerPoint, TestPower } from '../geometry/power.ts';
import type { SaeHeader, Space } from '../sae/sae.ts';

/** Raised when a column changes its meaning or goes; a new column does not raise it. */
export const POWER_SCHEMA_VERSION = 1;

export interface PowerSubject {
  readonly header: SaeHeader;
  readonly concepts: ConceptSet;
  /** Sentences for the reader. */
  readonly warnings: readonly string[];
  readonly spaces: readonly { readonly space: Space; readonly found: AntonymPower }[];
}

interface TestRow {
  readonly sae: string;
  readonly concepts: string;
  readonly space: Space;
  readonly found: AntonymPower;
  readonly test: TestPower;
}

const common: readonly ColumnSpec<TestRow>[] = [
  { name: 'sae', type: 'string', value: ({ sae }) => sae },
  { name: 'space', type: 'string', value: ({ space }) => space },
  { name: 'concept_set', type: 'string', value: ({ concepts }) => concepts },
  { name: 'test', type: 'string', value: ({ test }) => test.test },
];

const finite = (value: number): number => (Number.isFinite(value) ? value : Number.NaN);

/** `power`, a row per test, and `power_curve`, a row per test and shift. */
export function powerTables(subjects: readonly PowerSubject[]): Table[] {
  const rows = subjects.flatMap(({ header, concepts, spaces }) =>
    spaces.flatMap(({ space, found }) =>
      found.tests.map(
        (test): TestRow => ({ sae: header.identity.label, concepts: concepts.id, space, found, test }),
      ),
    ),
  );
  const points = rows.flatMap((row) => row.test.points.map((point) => ({ ...row, point })));
  return [
    tableFrom('power', rows, [
      ...common,
      { name: 'concepts', type: 'int32', value: ({ found }) => found.concepts },
      { name: 'pairs', type: 'int32', value: ({ found }) => found.pairs },
      { name: 'features', type: 'int32', value: ({ found }) => found.features },
      { name: 'level', type: 'float64', value: ({ found }) => found.level },
      { name: 'power', type: 'float64', value: ({ found }) => found.power },
      { name: 'null_mean', type: 'float64', value: ({ test }) => test.nullMean },
      { name: 'null_sd', type: 'float64', value: ({ test }) => test.nullSd },
      { name: 'pair_sd', type: 'float64', value: ({ found }) => found.pairSd },
      { name: 'detectable_drop', type: 'float64', value: ({ test }) => finite(test.drop) },
      { name: 'detectable_mean', type: 'float64', value: ({ test }) => finite(test.mean) },
      { name: 'effect', type: 'float64', value: ({ test }) => finite(test.effect) },
      { name: 'detectable_drop_normal', type: 'float64', value: ({ test }) => test.normalDrop },
      { name: 'draws', type: 'int32', value: ({ test }) => test.draws },
    ]),
    tableFrom('power_curve', points, [
      ...(common as readonly ColumnSpec<TestRow & { readonly point: PowerPoint }>[]),
      { name: 'shift', type: 'float64', value: ({ point }) => point.shift },
      { name: 'power', type: 'float64', value: ({ point }) => point.power },
      { name: 'power_normal', type: 'float64', value: ({ point }) => point.normalPower },
      { name: 'concepts_needed', type: 'float64', value: ({ point }) => finite(point.conceptsNeeded) },
    ]),
  ];
}
