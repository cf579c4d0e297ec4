/**
 * @file Table to CSV (RFC 4180, but lines end in `\n`). Floats are written in the shortest form that reads back to the same double;
 * NaN and infinities as `NaN`, `Infinity`, `-Infinity`; null as an empty field and the empty string as `""`, so that they stay apart.
 * Control, format and separating characters but tab and line breaks are written as `\u{1b}`, so that nobody's terminal obeys a file; `visible_text.ts` has the
 * way back. Else text is written as it is: a spreadsheet may take a text that begins with `=` for a formula. Leaves out reading.
 */

import { stringify } from 'csv-stringify/sync';
import type { Table } from './table.ts';
import { visibleTextLossless } from './visible_text.ts';

/** Header line first; UTF-8 text without a byte order mark; always ends in a newline. */
export function writeCsv(table: Table): string {
  const rows = Array.from({ length: table.rowCount }, (_, row) =>
    table.columns.map((column) => {
      const value = column.values[row] ?? null;
      return typeof value === 'string' ? visibleTextLossless(value) : value;
    }),
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
