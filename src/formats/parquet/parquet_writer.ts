/**
 * @file Table to Apache Parquet: flat nullable columns (BYTE_ARRAY/UTF8, INT32, DOUBLE, BOOLEAN), snappy, row groups of 100,000.
 * The same table gives the same bytes. Doubles are stored bit for bit, NaN, infinities and -0 included (NaN is not null here).
 */

import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Cell, Column, ColumnType, Table } from '../table.ts';

/** Key-value metadata of the file: the table's name and the version of the column layout. */
export const NAME_KEY = 'antipode.table';
export const SCHEMA_KEY = 'antipode.schema_version';

/** Raised when a column changes its meaning or goes away; added columns keep it. */
export const SCHEMA_VERSION = 1;

const PHYSICAL = {
  string: 'STRING',
  int32: 'INT32',
  float64: 'DOUBLE',
  boolean: 'BOOLEAN',
} as const satisfies Record<ColumnType, string>;

const ROW_GROUP = 100_000;

/**
 * Lone surrogates in strings, which UTF-8 cannot carry, become U+FFFD.
 * @throws {Error} `internal:` where a cell does not fit its column's type, or a column has not `rowCount` cells
 */
export function writeParquet(table: Table): Uint8Array {
  const buffer = parquetWriteBuffer({
    columnData: table.columns.map((column) => {
      checkColumn(column, table);
      return {
        name: column.name,
        // The library keeps no typed views of it and slices it per row group.
        data: column.values as Cell[],
        type: PHYSICAL[column.type],
        nullable: true,
        // A dictionary would merge -0 with 0 and the NaN payloads.
        ...(column.type === 'float64' ? { encoding: 'PLAIN' as const } : {}),
      };
    }),
    rowGroupSize: ROW_GROUP,
    createdBy: 'antipode',
    kvMetadata: [
      { key: NAME_KEY, value: table.name },
      { key: SCHEMA_KEY, value: String(SCHEMA_VERSION) },
    ],
  });
  return new Uint8Array(buffer);
}

function checkColumn(column: Column, table: Table): void {
  const where = `internal: table ${table.name}, column ${column.name}`;
  if (column.values.length !== table.rowCount) {
    throw new Error(`${where}: has ${column.values.length} cells, expected ${table.rowCount}`);
  }
  const row = column.values.findIndex((cell) => cell !== null && !fits(cell, column.type));
  if (row >= 0) {
    throw new Error(`${where}: row ${row} holds ${String(column.values[row])}, expected ${column.type}`);
  }
}

function fits(cell: Cell, type: ColumnType): boolean {
  switch (type) {
    case 'string':
      return typeof cell === 'string';
    case 'boolean':
      return typeof cell === 'boolean';
    case 'float64':
      return typeof cell === 'number';
    case 'int32':
      return typeof cell === 'number' && (cell | 0) === cell;
  }
}
