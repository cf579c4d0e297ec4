import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runs } from '../../../test/support/effort.ts';
import { AntipodeError } from '../../errors.ts';
import { memorySource } from '../source.ts';
import { type Cell, type Column, rowsOf, type Table } from '../table.ts';
import { MAX_ROWS, readParquet, writeParquet } from './parquet.ts';

let dir: string;
let duck: DuckDBConnection;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-parquet-'));
  duck = await (await DuckDBInstance.create(':memory:')).connect();
});
afterAll(async () => {
  duck.closeSync();
  await rm(dir, { recursive: true });
});

const tableOf = (columns: readonly Column[], name = 't'): Table => {
  return { name, columns, rowCount: columns[0]?.values.length ?? 0 };
};
const read = (bytes: Uint8Array, columns?: readonly string[]): Promise<Table> =>
  readParquet(memorySource('t.parquet', bytes), columns ? { columns } : {});

async function duckRows(bytes: Uint8Array, sql = 'SELECT * FROM t'): Promise<Record<string, unknown>[]> {
  const path = join(dir, 'from_us.parquet');
  await writeFile(path, bytes);
  const result = await duck.runAndReadAll(sql.replace(/\bt\b/, `read_parquet('${path}')`));
  return result.getRowObjects();
}

/** A file that DuckDB writes from `sql`. */
async function fromDuck(sql: string, options = ''): Promise<Uint8Array> {
  const path = join(dir, 'from_duck.parquet');
  await duck.run(`COPY (${sql}) TO '${path}' (FORMAT parquet${options})`);
  return new Uint8Array(await readFile(path));
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof AntipodeError)) throw new Error(`expected an AntipodeError, got ${String(error)}`);
  return error.message;
}

const everything = tableOf([
  { name: 'text', type: 'string', values: ['héllo 😀', '', null, 'a\u0000b', '"q",\n'] },
  { name: 'count', type: 'int32', values: [1, -(2 ** 31), 2 ** 31 - 1, null, 0] },
  { name: 'cos_dec', type: 'float64', values: [0.1, null, -0, 5e-324, 1.7976931348623157e308] },
  { name: 'odd', type: 'float64', values: [Number.NaN, Infinity, -Infinity, null, 0] },
  { name: 'is_dead', type: 'boolean', values: [true, false, null, true, false] },
  { name: 'nothing', type: 'string', values: [null, null, null, null, null] },
]);

describe('DuckDB reads what is written', () => {
  test('the same rows, types, nulls, unicode, NaN, infinities and -0', async () => {
    const bytes = writeParquet(everything);
    expect(await duckRows(bytes)).toEqual(rowsOf(everything));
    const types = await duckRows(bytes, 'DESCRIBE SELECT * FROM t');
    expect(types.map((row) => [row['column_name'], row['column_type']])).toEqual([
      ['text', 'VARCHAR'],
      ['count', 'INTEGER'],
      ['cos_dec', 'DOUBLE'],
      ['odd', 'DOUBLE'],
      ['is_dead', 'BOOLEAN'],
      ['nothing', 'VARCHAR'],
    ]);
  });

  test('every double bit for bit', async () => {
    const double = fc.double();
    await fc.assert(
      fc.asyncProperty(fc.array(double, { minLength: 1, maxLength: 300 }), async (values) => {
        const table = tableOf([{ name: 'x', type: 'float64', values }]);
        const rows = await duckRows(writeParquet(table));
        // As Object.is compares: every bit of a number and the sign of a zero, but no payload of NaN, which the engine may change on any copy.
        expect(rows.map((row) => Number(row['x']))).toEqual(values);
      }),
      { numRuns: runs(20) },
    );
  });

  test('statistics never hide a row: filters find NaN neighbours, nulls and long texts', async () => {
    const bytes = writeParquet(everything);
    expect(await duckRows(bytes, 'SELECT count(*) AS n FROM t WHERE odd = 0')).toEqual([{ n: 1n }]);
    expect(await duckRows(bytes, 'SELECT count(*) AS n FROM t WHERE cos_dec = 0')).toEqual([{ n: 1n }]);
    expect(await duckRows(bytes, "SELECT count(*) AS n FROM t WHERE text = 'héllo 😀'")).toEqual([{ n: 1n }]);
    expect(await duckRows(bytes, 'SELECT count(*) AS n FROM t WHERE text IS NULL')).toEqual([{ n: 1n }]);
    const long = `${'x'.repeat(500)}`;
    const texts = tableOf([{ name: 'text', type: 'string', values: [`${long}1`, `${long}2`] }]);
    const found = await duckRows(writeParquet(texts), `SELECT count(*) AS n FROM t WHERE text = '${long}2'`);
    expect(found).toEqual([{ n: 1n }]);
  });

  test('an empty table keeps its columns; several row groups and dictionaries come back in order', async () => {
    const none = tableOf([
      { name: 'a', type: 'int32', values: [] },
      { name: 'b', type: 'string', values: [] },
    ]);
    expect(await duckRows(writeParquet(none))).toEqual([]);
    expect(await duckRows(writeParquet(none), 'DESCRIBE SELECT * FROM t')).toHaveLength(2);
    expect(await read(writeParquet(none))).toEqual(none);
    const rows = 250_000;
    const many = tableOf([
      { name: 'i', type: 'int32', values: Array.from({ length: rows }, (_, i) => i) },
      {
        name: 's',
        type: 'string',
        values: Array.from({ length: rows }, (_, i) => (i % 7 ? `v${i % 100}` : null)),
      },
    ]);
    const bytes = writeParquet(many);
    const sums = 'SELECT count(*) AS n, sum(i) AS sum, count(s) AS texts, min(s) AS first FROM t';
    expect(await duckRows(bytes, sums)).toEqual([
      { n: 250_000n, sum: 31_249_875_000n, texts: 214_285n, first: 'v0' },
    ]);
    expect(await read(bytes)).toEqual(many);
  });
});

test('the same table gives the same bytes, signed by us, with name and schema version', () => {
  const bytes = writeParquet(everything);
  expect(writeParquet(everything)).toEqual(bytes);
  const metadata = parquetMetadata(bytes);
  expect(metadata.created_by).toBe('antipode');
  expect(metadata.key_value_metadata).toEqual([
    { key: 'antipode.table', value: 't' },
    { key: 'antipode.schema_version', value: '1' },
  ]);
});

test('a cell that does not fit its column is a fault of the caller', () => {
  const wrong = (type: Column['type'], value: Cell) => () =>
    writeParquet(tableOf([{ name: 'a', type, values: [null, value] }]));
  expect(wrong('int32', 2 ** 31)).toThrow(
    'internal: table t, column a: row 1 holds 2147483648, expected int32',
  );
  expect(wrong('int32', 0.5)).toThrow('expected int32');
  expect(wrong('string', 1)).toThrow('expected string');
  expect(wrong('boolean', 'true')).toThrow('expected boolean');
  expect(() => writeParquet({ ...everything, rowCount: 4 })).toThrow('has 5 cells, expected 4');
});

describe('reading', () => {
  test('round trip of any table', async () => {
    const column = fc.oneof(
      fc.record({ type: fc.constant('string' as const), values: cells(fc.string({ unit: 'grapheme' })) }),
      fc.record({ type: fc.constant('int32' as const), values: cells(fc.integer()) }),
      fc.record({ type: fc.constant('float64' as const), values: cells(fc.double()) }),
      fc.record({ type: fc.constant('boolean' as const), values: cells(fc.boolean()) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(column, { minLength: 1, maxLength: 4 }), async (columns) => {
        const rowCount = Math.min(...columns.map(({ values }) => values.length));
        const table = {
          name: 'any',
          rowCount,
          columns: columns.map(({ type, values }, i) => ({
            name: `c${i}`,
            type,
            values: values.slice(0, rowCount),
          })),
        };
        expect(await read(writeParquet(table))).toEqual(table);
      }),
    );
  });

  test('only the columns asked for, in that order; an absent one names those that are there', async () => {
    const bytes = writeParquet(everything);
    expect((await read(bytes, ['odd', 'text'])).columns.map(({ name }) => name)).toEqual(['odd', 'text']);
    expect(await messageOf(read(bytes, ['x']))).toBe(
      't.parquet: has no column x (it has text, count, cos_dec, odd, is_dead, nothing)',
    );
  });

  test.each(['', ', CODEC uncompressed', ', CODEC gzip', ', ROW_GROUP_SIZE 2048'])(
    'files of DuckDB (options%s)',
    async (options) => {
      const sql = `SELECT i::INTEGER AS i, (i * 1000000000)::BIGINT AS big, i / 7.0::DOUBLE AS x, (i / 8.0)::FLOAT AS f,
        i % 3 = 0 AS b, CASE WHEN i % 5 = 0 THEN NULL ELSE 'véry ' || (i % 10) END AS s FROM range(5000) r(i)`;
      const bytes = await fromDuck(sql, options);
      const inDuck = (await duck.runAndReadAll(sql)).getRowObjects();
      const expected = inDuck.map((row) => ({ ...row, big: Number(row['big']) }));
      expect(rowsOf(await read(bytes))).toEqual(expected);
    },
  );

  test('what has no place in a table is refused only where it is asked for', async () => {
    const bytes = await fromDuck(
      `SELECT 1::INTEGER AS i, [1, 2] AS list, {'a': 1} AS struct, DATE '2024-01-01' AS d, 1.5::DECIMAL(9, 2) AS dec,
       TIMESTAMP '2024-01-01' AS ts, 9007199254740993::BIGINT AS big, 'x'::BLOB AS raw, 4000000000::UINTEGER AS u`,
    );
    expect(rowsOf(await read(bytes, ['i']))).toEqual([{ i: 1 }]);
    for (const name of ['list', 'struct', 'd', 'dec', 'ts', 'big', 'raw', 'u']) {
      expect(await messageOf(read(bytes, [name])), name).toMatch(
        new RegExp(`^t\\.parquet: column ${name}: .*not supported$`),
      );
    }
    const delta = await fromDuck('SELECT i::INTEGER AS i FROM range(5000) r(i)', ', PARQUET_VERSION v2');
    expect(await messageOf(read(delta))).toContain(
      'uses the encoding DELTA_BINARY_PACKED, which is not supported',
    );
    const zstd = await fromDuck('SELECT i::INTEGER AS i FROM range(9) r(i)', ', CODEC zstd');
    expect(await messageOf(read(zstd))).toContain('compressed with ZSTD, which is not supported');
  });
});

function cells<T extends Cell>(value: fc.Arbitrary<T>): fc.Arbitrary<(T | null)[]> {
  return fc.array(fc.option(value, { freq: 4 }), { maxLength: 40 });
}

describe('untrusted files', () => {
  test('cut at every byte: an error', async () => {
    const bytes = writeParquet(everything);
    for (let length = 0; length < bytes.byteLength; length++)
      await messageOf(read(bytes.subarray(0, length)));
  });

  test('every byte changed in several ways: a table or an AntipodeError, soon and in little memory', async () => {
    const files = [
      writeParquet(everything),
      await fromDuck(
        "SELECT i::INTEGER AS i, i % 2 = 0 AS b, 'v' || i % 3 AS s FROM range(40) r(i)",
        ', CODEC uncompressed',
      ),
    ];
    for (const whole of files) {
      for (let at = 0; at < whole.byteLength; at++) {
        for (const flip of [0x01, 0x80, 0xff]) {
          const bytes = whole.slice();
          bytes[at] = bytes[at]! ^ flip;
          await read(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(AntipodeError));
        }
      }
    }
  });

  test('random bytes between the magics', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 4, maxLength: 200 }), async (middle) => {
        const length = new Uint8Array(new Uint32Array([middle.byteLength]).buffer);
        const magic = new TextEncoder().encode('PAR1');
        await messageOf(read(Uint8Array.from([...magic, ...middle, ...length, ...magic])));
      }),
      { numRuns: runs(500) },
    );
  });

  test('more rows than the limit are refused from the footer alone', async () => {
    const bytes = await fromDuck(`SELECT 1::INTEGER AS i FROM range(${MAX_ROWS + 1})`);
    expect(bytes.byteLength).toBeLessThan(1_000_000);
    expect(await messageOf(read(bytes))).toBe(
      `t.parquet: states ${MAX_ROWS + 1} rows, expected at most ${MAX_ROWS}`,
    );
  });
});
