/**
 * @file Table to JSON: an array of one object per row, keys in column order, one row per line. Null stays null; NaN and infinities,
 * which JSON has no numbers for, become the strings `"NaN"`, `"Infinity"`, `"-Infinity"` (as in the protobuf JSON mapping).
 */

import type { Cell, Table } from '../table.ts';

/** UTF-8 text; always ends in a newline; an empty table is `[]`. */
export function writeJson(table: Table): string {
  const keys = table.columns.map((column) => JSON.stringify(column.name));
  const rows: string[] = [];
  for (let row = 0; row < table.rowCount; row++) {
    // Put together by hand: an object literal would move keys that look like numbers to the front.
    const members = table.columns.map((column, i) => `${keys[i]}:${cellText(column.values[row] ?? null)}`);
    rows.push(`{${members.join(',')}}`);
  }
  return rows.length === 0 ? '[]\n' : `[\n${rows.join(',\n')}\n]\n`;
}

function cellText(cell: Cell): string {
  if (typeof cell !== 'number') return JSON.stringify(cell);
  if (!Number.isFinite(cell)) return `"${cell}"`;
  return Object.is(cell, -0) ? '-0.0' : JSON.stringify(cell);
}
