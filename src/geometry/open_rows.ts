/** @file The rows of a space for a search: in memory, or in a file where they do not fit. */

import { tmpdir } from 'node:os';
import type { SaeFile, Space } from '../sae/sae.ts';
import { collectGarbage } from '../search/collect_garbage.ts';
import { makeRowFile, openRowFile, type RowFile } from '../search/row_file.ts';

export interface FiledRowsOptions {
  /** Where rows are copied to that no file holds as they are searched. Default: the folder for temporary files. */
  readonly scratch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Bytes of rows that are on their way into a copy. */
const COPY_BYTES = 32 * 2 ** 20;

/** The rows of a space in the SAE's own file where it holds them one after the other, else in a copy. To be closed. @throws {AntipodeError} as `openRowFile` and `makeRowFile` */
export function fileRows(sae: SaeFile, space: Space, options: FiledRowsOptions): Promise<RowFile> {
  const { dIn: cols, dSae: rows } = sae.header;
  const inFile = sae.rowsInFile(space);
  if (inFile) return openRowFile({ ...inFile, rows, cols }, options);
  const rowsPerRead = Math.max(1, Math.floor(COPY_BYTES / (4 * cols)));
  const read = async (from: number, to: number): Promise<Float32Array> => {
    const features = Array.from({ length: to - from }, (_, f) => from + f);
    // What the piece before it was read into is free only now: pieces must not add up to the whole.
    collectGarbage();
    return (await sae.readRows(space, features)).data;
  };
  const folder = options.scratch ?? tmpdir();
  return makeRowFile({ rows, cols, folder, read, rowsPerRead }, options);
}
