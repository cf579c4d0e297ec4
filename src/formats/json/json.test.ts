import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cell, Table } from '../table.ts';
import { writeJson } from './json.ts';

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

describe('JSON', () => {
  test('one row per line, column order kept, null as null, what JSON has no number for as text', () => {
    expect(writeJson(table)).toBe(
      '[\n' +
        '{"concept":"Happy, \\"Sad\\"","7":1,"cos_dec":0.30000000000000004,"is_dead":true},\n' +
        '{"concept":"","7":null,"cos_dec":"NaN","is_dead":false},\n' +
        '{"concept":null,"7":-5,"cos_dec":"-Infinity","is_dead":null},\n' +
        '{"concept":"two\\nlines\\r","7":0,"cos_dec":-0.0,"is_dead":true}\n' +
        ']\n',
    );
  });

  test('an empty table is []', () => {
    expect(writeJson({ ...table, rowCount: 0 })).toBe('[]\n');
  });

  test('finite doubles and any text read back the same', () => {
    const values = fc.array(
      fc.tuple(fc.string({ unit: 'binary' }), fc.double({ noNaN: true, min: -1e300, max: 1e300 })),
    );
    fc.assert(
      fc.property(values, (rows) => {
        const any: Table = {
          name: 'any',
          rowCount: rows.length,
          columns: [
            { name: '__proto__', type: 'string', values: rows.map(([s]) => s) },
            { name: 'x', type: 'float64', values: rows.map(([, x]) => x) },
          ],
        };
        const parsed = JSON.parse(writeJson(any)) as Record<string, Cell>[];
        expect(parsed.map((row) => Object.values(row))).toEqual(rows);
      }),
    );
  });
});
