/** @file Everything about Parquet in one place to import from: a Table to bytes and back. */

export { MAX_CELLS, MAX_ROWS, type ReadParquetOptions, readParquet } from './parquet_reader.ts';
export { NAME_KEY, SCHEMA_KEY, SCHEMA_VERSION, writeParquet } from './parquet_writer.ts';
