/** @file Everything about Parquet in one place to import from. */

export { writeParquet } from './parquet_writer.ts';
