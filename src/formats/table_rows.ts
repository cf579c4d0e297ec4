/** @file Tables read back: rows whose cells have the types that the reader of a table relies on. A null number comes back as NaN, or as undefined where that is asked for. */

import { AntipodeError } from '../errors.ts';
import type { Cell, Table } from './table.ts';

export interface TableRow {
  /** NaN where it is null. */
  number(column: string): number;
  known(column: string): number | undefined;
  text(column: string): string | undefined;
}

/**
 * None where there is no such table: tables without a row may be left out.
 * @param shown begins messages
 * @returns rows whose methods throw an {@link AntipodeError} `format` for a column that is missing or of another type
 */
export function rowsIn(table: Table | undefined, shown: string): TableRow[] {
  if (!table) return [];
  const columns = new Map(table.columns.map((column) => [column.name, column.values]));
  const cell = (column: string, row: number): Cell => {
    const values = columns.get(column);
    if (!values) throw unlike(shown, `has no column ${column} (got ${[...columns.keys()].join(', ')})`);
    return values[row] ?? null;
  };
  return Array.from({ length: table.rowCount }, (_, row): TableRow => {
    const known = (column: string): number | undefined => {
      const value = cell(column, row);
      if (value === null || typeof value === 'number') return value ?? undefined;
      throw unlike(shown, `${column} of row ${row + 1} is ${JSON.stringify(value)} (expected a number)`);
    };
    return {
      known,
      number: (column) => known(column) ?? Number.NaN,
      text: (column) => {
        const value = cell(column, row);
        if (value === null || typeof value === 'string') return value ?? undefined;
        throw unlike(shown, `${column} of row ${row + 1} is ${String(value)} (expected a text)`);
      },
    };
  });
}

function unlike(shown: string, problem: string): AntipodeError {
  return new AntipodeError('format', `${shown}: ${problem}`, {
    hint: 'remove that folder and run the same command again',
  });
}
