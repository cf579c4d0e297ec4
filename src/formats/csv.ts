/**
 * @file Table to CSV (RFC 4180, but lines end in `\n`). Floats are written in the shortest form that reads back to the same double;
 * NaN and infinities as `NaN`, `Infinity`, `-Infinity`; null as an empty field and the empty string as `""`, so that they stay apart.
 * Text is written as it is: a spreadsheet may take a text that begins with `=` for a formula. Leaves out reading.
 */

import { stringify } from 'csv-stringify/sync';
import type { Table } from './table.ts';

/** Header line first; UTF-8 text without a byte order mark; always ends in a newline. */
export function writeCsv(table: Table): string {
  const rows = Array.from({ length: table.rowCount }, (_, row) =>
    table.columns.map((column) => column.values[row] ?? null),
  );
  return stringify([table.columns.map((column) => column.name), ...rows], {
    // Only the empty string matches: null is not a string and stays bare.
    quoted_match: /^$/,
    cast: {
      boolean: (value) => (value ? 'true' : 'false'),
      number: (value) => (Object.is(value, -0) ? '-0' : String(value)),
    },
  });
}
