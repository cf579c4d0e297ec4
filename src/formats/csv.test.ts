import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeCsv } from './csv.ts';
import type { Cell, Column, Table } from './table.ts';

const table: Table = {
  name: 't',
  rowCount: 4,
  columns: [
    { name: 'concept', type: 'string', values: ['Happy, "Sad"', '', null, 'two\nlines\r'] },
    { name: '7', type: 'int32', values: [1, null, -5, 0] },
    { name: 'cos_dec', type: 'float64', values: [0.1 + 0.2, Number.NaN, -Infinity, -0] },
    { name: 'is_dead', type: 'boolean', values: [true, false, null, true] },
  ],
};

describe('CSV', () => {
  test('null is bare, the empty string is quoted, floats are the shortest that read back', () => {
    expect(writeCsv(table)).toBe(
      'concept,7,cos_dec,is_dead\n' +
        '"Happy, ""Sad""",1,0.30000000000000004,true\n' +
        '"",,NaN,false\n' +
        ',-5,-Infinity,\n' +
        '"two\nlines\r",0,-0,true\n',
    );
  });

  test('an empty table is its header line', () => {
    const none = { ...table, rowCount: 0, columns: table.columns.map((c) => ({ ...c, values: [] })) };
    expect(writeCsv(none)).toBe('concept,7,cos_dec,is_dead\n');
  });

  test('an independent parser reads every table back, null and empty text apart', () => {
    const row = fc.record({
      text: fc.option(fc.string({ unit: fc.constantFrom('a', 'é', ',', '"', '\n', '\r', ' ', '=', '') })),
      x: fc.option(fc.double()),
      b: fc.option(fc.boolean()),
    });
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const column = (name: 'text' | 'x' | 'b', type: Column['type']): Column => {
          return { name, type, values: rows.map((r): Cell => r[name]) };
        };
        const any: Table = {
          name: 'any',
          rowCount: rows.length,
          columns: [column('text', 'string'), column('x', 'float64'), column('b', 'boolean')],
        };
        const parsed = parse(writeCsv(any), {
          columns: true,
          record_delimiter: '\n',
          cast: (value, { quoting, column: name, header }) => {
            if (header || (value === '' && !quoting)) return header ? value : null;
            return name === 'x' ? Number(value) : name === 'b' ? value === 'true' : value;
          },
        });
        expect(parsed).toEqual(rows);
      }),
    );
  });
});
