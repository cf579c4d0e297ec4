/**
 * @file Apache Parquet to Table: flat columns of text, INT32, INT64 (where a double holds it), FLOAT, DOUBLE and BOOLEAN. Files are
 * untrusted: sizes are checked before anything is allocated, and whatever is wrong is one sentence. Nested columns, dates and
 * decimals are refused where they are asked for.
 */

import { type FileMetaData, parquetMetadata, type RowGroup, type SchemaElement } from 'hyparquet';
import { AntipodeError } from '../../errors.ts';
import { type ByteSource, readBytes } from '../source.ts';
import type { Cell, Column, ColumnType, Table } from '../table.ts';
import { type ChunkFacts, decodeChunk } from './parquet_pages.ts';
import { NAME_KEY } from './parquet_writer.ts';

/** A row is a feature or an explanation; the largest dictionaries have a million features, with a few explanations each. */
export const MAX_ROWS: number = 2 ** 24;

/** 8 bytes a cell in memory: a quarter of a GB for the largest table that is taken. */
export const MAX_CELLS: number = 2 ** 25;

/** Pages of one file, packed plus unpacked: the text of four million explanations is about a third of it. */
const MAX_UNPACKED_BYTES = 2 ** 31;

/** The footer grows with columns times row groups; ours are a few kB. */
const MAX_FOOTER_BYTES = 8 * 2 ** 20;

export interface ReadParquetOptions {
  /** The columns wanted, in the order wanted; without it all of them. */
  readonly columns?: readonly string[];
}

/**
 * The table's name is the one it was written under, else the source's name without its ending.
 * @throws {AntipodeError} `format` for a malformed or cut file, one over the limits, a column that is not there or not supported
 */
export async function readParquet(source: ByteSource, options: ReadParquetOptions = {}): Promise<Table> {
  try {
    return await read(source, options);
  } catch (error) {
    if (error instanceof AntipodeError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AntipodeError('format', `${source.name}: not a readable Parquet file (${reason})`, {
      hint: 'the file may be damaged: make or fetch it again',
      cause: error,
    });
  }
}

async function read(source: ByteSource, options: ReadParquetOptions): Promise<Table> {
  const metadata = await readMetadata(source);
  const rowCount = toSize(metadata.num_rows, MAX_ROWS, source, 'rows');
  const leaves = topLevelColumns(metadata.schema, source);
  const names = options.columns ?? [...leaves.keys()];
  if (rowCount * names.length > MAX_CELLS) {
    throw new AntipodeError(
      'format',
      `${source.name}: ${rowCount} rows of ${names.length} columns are above the limit of ${MAX_CELLS} cells`,
    );
  }
  let unpacked = 0;
  const spend = (bytes: number): void => {
    unpacked += bytes;
    if (unpacked <= MAX_UNPACKED_BYTES) return;
    throw new AntipodeError('format', `${source.name}: holds more than ${MAX_UNPACKED_BYTES} bytes`);
  };
  const columns: Column[] = [];
  for (const name of names) {
    const element = leaves.get(name);
    if (!element) {
      throw new AntipodeError(
        'format',
        `${source.name}: has no column ${name} (it has ${[...leaves.keys()].slice(0, 20).join(', ') || 'none'})`,
      );
    }
    columns.push(await readColumn({ source, metadata, element, rowCount, spend }));
  }
  const written = metadata.key_value_metadata?.find(({ key }) => key === NAME_KEY)?.value;
  return { name: written ?? source.name.replace(/\.parquet$/, ''), columns, rowCount };
}

async function readMetadata(source: ByteSource): Promise<FileMetaData> {
  const size = source.byteLength;
  const isParquet =
    size >= 12 && [await readBytes(source, 0, 4), await readBytes(source, size - 4, 4)].every(isMagic);
  if (!isParquet) {
    throw new AntipodeError('format', `${source.name}: not a whole Parquet file (no PAR1 at both ends)`, {
      hint: 'the file may be cut: make or fetch it again',
    });
  }
  const tail = await readBytes(source, size - 8, 4);
  const footer = new DataView(tail.buffer).getUint32(0, true);
  if (footer > Math.min(MAX_FOOTER_BYTES, size - 12)) {
    throw new AntipodeError(
      'format',
      `${source.name}: its footer would have ${footer} bytes (the file has ${size}, the limit is ${MAX_FOOTER_BYTES})`,
    );
  }
  return parquetMetadata(await readBytes(source, size - 8 - footer, footer + 8), { geoparquet: false });
}

function isMagic(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes) === 'PAR1';
}

/** Name to schema element, groups included (they are refused when asked for). */
function topLevelColumns(schema: readonly SchemaElement[], source: ByteSource): Map<string, SchemaElement> {
  const columns = new Map<string, SchemaElement>();
  const skipSubtree = (at: number): number => {
    // A count of what is still to come instead of recursion: depth is the file's choice.
    let open = 1;
    let next = at;
    while (open > 0 && next < schema.length) open += (schema[next++]!.num_children ?? 0) - 1;
    return next;
  };
  for (let at = 1; at < schema.length; at = skipSubtree(at)) {
    const element = schema[at]!;
    if (columns.has(element.name)) {
      throw new AntipodeError('format', `${source.name}: has two columns named ${element.name}`);
    }
    columns.set(element.name, element);
  }
  return columns;
}

interface ColumnRequest {
  readonly source: ByteSource;
  readonly metadata: FileMetaData;
  readonly element: SchemaElement;
  readonly rowCount: number;
  readonly spend: (bytes: number) => void;
}

async function readColumn(request: ColumnRequest): Promise<Column> {
  const { source, metadata, element, rowCount, spend } = request;
  const where = `${source.name}: column ${element.name}`;
  const type = columnType(element);
  if (!type || element.repetition_type === 'REPEATED') {
    const kind = element.num_children ? 'a group of columns' : typeNames(element);
    throw new AntipodeError('format', `${where}: is ${kind}, which is not supported`);
  }
  const toCell = cellReader(type, element, where);
  const values: Cell[] = [];
  for (const group of metadata.row_groups) {
    const left = rowCount - values.length;
    const rows = toSize(group.num_rows, left, source, 'rows in its row groups');
    const { bytes, codec } = await readChunk(request, group);
    const facts: ChunkFacts = {
      where,
      type: element.type!,
      codec,
      isOptional: element.repetition_type === 'OPTIONAL',
      rowCount: rows,
      spend,
    };
    for (const value of decodeChunk(bytes, facts)) values.push(value === null ? null : toCell(value));
  }
  if (values.length !== rowCount) {
    throw new AntipodeError('format', `${where}: has ${values.length} rows, expected ${rowCount}`);
  }
  return { name: element.name, type, values };
}

async function readChunk(
  { source, element: { name }, spend }: ColumnRequest,
  group: RowGroup,
): Promise<{ bytes: Uint8Array; codec: string }> {
  const chunk = group.columns.find(({ meta_data: meta }) => {
    return meta?.path_in_schema.length === 1 && meta.path_in_schema[0] === name;
  })?.meta_data;
  if (!chunk) throw new AntipodeError('format', `${source.name}: column ${name} is missing from a row group`);
  const dictionary = chunk.dictionary_page_offset;
  const hasDictionary = dictionary !== undefined && dictionary > 0n && dictionary < chunk.data_page_offset;
  const start = toSize(
    hasDictionary ? dictionary : chunk.data_page_offset,
    source.byteLength,
    source,
    'bytes',
  );
  const length = toSize(chunk.total_compressed_size, source.byteLength - start, source, 'bytes');
  // Row groups may all claim the same bytes of a large file.
  spend(length);
  return { bytes: await readBytes(source, start, length), codec: chunk.codec };
}

function toSize(value: unknown, limit: number, source: ByteSource, what: string): number {
  const size = typeof value === 'bigint' || typeof value === 'number' ? Number(value) : Number.NaN;
  if (Number.isInteger(size) && size >= 0 && size <= limit) return size;
  throw new AntipodeError(
    'format',
    `${source.name}: states ${String(value)} ${what}, expected at most ${limit}`,
  );
}

/** Small unsigned integers fit INT32; every other annotation (dates, decimals, times, UINT_32) would change the meaning. */
const PLAIN_INTEGERS: ReadonlySet<string> = new Set([
  'INT_8',
  'INT_16',
  'INT_32',
  'INT_64',
  'UINT_8',
  'UINT_16',
]);
const TEXTS: ReadonlySet<string | undefined> = new Set(['UTF8', 'ENUM', 'JSON']);

function columnType(element: SchemaElement): ColumnType | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  const isPlainInteger = converted === undefined ? logical === undefined : PLAIN_INTEGERS.has(converted);
  switch (type) {
    case 'BOOLEAN':
      return 'boolean';
    case 'FLOAT':
    case 'DOUBLE':
      return 'float64';
    case 'INT32':
      return isPlainInteger ? 'int32' : undefined;
    case 'INT64':
      return isPlainInteger ? 'float64' : undefined;
    case 'BYTE_ARRAY':
      return TEXTS.has(converted) || logical?.type === 'STRING' ? 'string' : undefined;
    default:
      return undefined;
  }
}

function typeNames({ type, converted_type: converted, logical_type: logical }: SchemaElement): string {
  return [type ?? 'of no type', converted ?? logical?.type].filter((name) => name !== undefined).join('/');
}

function cellReader(type: ColumnType, element: SchemaElement, where: string): (value: unknown) => Cell {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return (value) => {
    if (type === 'string' && value instanceof Uint8Array) {
      try {
        return utf8.decode(value);
      } catch (error) {
        throw new AntipodeError('format', `${where}: holds text that is not UTF-8`, { cause: error });
      }
    }
    if (typeof value === 'bigint') {
      const number = Number(value);
      if (Number.isSafeInteger(number)) return number;
      throw new AntipodeError('format', `${where}: ${value} is above 2^53, which is not supported`);
    }
    if (typeof value === 'number' || typeof value === 'boolean') return value;
    throw new AntipodeError('format', `${where}: holds a ${typeof value} in a column of ${element.type}`);
  };
}
