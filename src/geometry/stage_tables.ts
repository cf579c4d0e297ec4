/** @file What tables that one step of the geometry leaves for the next have in common: rows of several dictionaries and spaces, told apart by their labels. */

import { AntipodeError } from '../errors.ts';
import type { ColumnSpec, Table } from '../formats/table.ts';
import { rowsIn, type TableRow } from '../formats/table_rows.ts';
import { SPACES, type Space } from '../sae/sae.ts';

/** By name. */
export type StageTables = ReadonlyMap<string, Table>;

export interface OfSae {
  readonly sae: string;
}

export interface InSpace extends OfSae {
  readonly space: string;
}

export const ofSae: readonly ColumnSpec<OfSae>[] = [{ name: 'sae', type: 'string', value: ({ sae }) => sae }];

export const inSpace: readonly ColumnSpec<InSpace>[] = [
  ...ofSae,
  { name: 'space', type: 'string', value: ({ space }) => space },
];

/** @throws {AntipodeError} `format`, by the methods of the rows */
export function rowsOfSae(tables: StageTables, name: string, sae: string): TableRow[] {
  return rowsIn(tables.get(name), name).filter((row) => row.text('sae') === sae);
}

export function rowsOfSpace(tables: StageTables, name: string, { sae, space }: InSpace): TableRow[] {
  return rowsOfSae(tables, name, sae).filter((row) => row.text('space') === space);
}

/** @throws {AntipodeError} `format` for none of the spaces */
export function spaceOf(row: TableRow): Space {
  const space = SPACES.find((one) => one === row.text('space'));
  if (space) return space;
  throw new AntipodeError('format', `space: got ${row.text('space')}, expected ${SPACES.join(' or ')}`);
}

/** @throws {AntipodeError} `format` where a table has not the rows that another one calls for */
export function expectRows(found: number, expected: number, what: string): void {
  if (found === expected) return;
  throw new AntipodeError('format', `${what}: has ${found} rows (expected ${expected})`, {
    hint: 'remove that folder and run the same command again',
  });
}
