import { expect, it } from 'vitest';
import { AntipodeError } from '../errors.ts';
import { tableFrom } from './table.ts';
import { rowsIn } from './table_rows.ts';

const table = tableFrom(
  'pairs',
  [
    { name: 'x', cos: -0.5 },
    { name: undefined, cos: Number.NaN },
  ],
  [
    { name: 'name', type: 'string', value: ({ name }) => name },
    { name: 'cos', type: 'float64', value: ({ cos }) => cos },
  ],
);

it('gives cells back as what they were, what is not known as NaN or undefined', () => {
  const rows = rowsIn(table, 'a.parquet');
  expect(rows.map((row) => [row.text('name'), row.number('cos'), row.known('cos')])).toEqual([
    ['x', -0.5, -0.5],
    [undefined, Number.NaN, undefined],
  ]);
  expect(rowsIn(undefined, 'a.parquet')).toEqual([]);
});

it('refuses columns that are not there or of another type, in a sentence', () => {
  const [row] = rowsIn(table, 'a.parquet');
  expect(() => row!.number('z')).toThrow('a.parquet: has no column z (got name, cos)');
  expect(() => row!.number('name')).toThrow('a.parquet: name of row 1 is "x" (expected a number)');
  expect(() => row!.text('cos')).toThrow(AntipodeError);
});
