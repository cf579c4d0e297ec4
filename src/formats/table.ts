/**
 * @file The one shape in which results travel: a named table of typed columns. Parquet, CSV and JSON twins are written from it, so
 * that they carry the same rows by construction.
 */

export type ColumnType = 'string' | 'int32' | 'float64' | 'boolean';

export type Cell = string | number | boolean | null;

export interface Column {
  /** snake_case, as in the files. */
  readonly name: string;
  readonly type: ColumnType;
  /** One cell per row; null = not known or not applicable, never a stand-in number. */
  readonly values: readonly Cell[];
}

export interface Table {
  /** The file stem, e.g. `pairs`. */
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rowCount: number;
}

export interface ColumnSpec<Row> {
  readonly name: string;
  readonly type: ColumnType;
  readonly value: (row: Row) => Cell | undefined;
}

/** Builds a table from rows; `undefined` and NaN become null. */
export function tableFrom<Row>(name: string, rows: readonly Row[], specs: readonly ColumnSpec<Row>[]): Table {
  const columns = specs.map((spec) => ({
    name: spec.name,
    type: spec.type,
    values: rows.map((row) => {
      const cell = spec.value(row);
      return cell === undefined || (typeof cell === 'number' && Number.isNaN(cell)) ? null : cell;
    }),
  }));
  return { name, columns, rowCount: rows.length };
}

/** The rows as plain objects in column order. */
export function rowsOf(table: Table): Record<string, Cell>[] {
  return Array.from({ length: table.rowCount }, (_, row) =>
    Object.fromEntries(table.columns.map((column) => [column.name, column.values[row] ?? null])),
  );
}
