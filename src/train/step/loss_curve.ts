/**
 * @file The course of a training as a table of numbers. Its rows are part of the checkpoint, and the file is written whole beside it, so that after
 * a resume no step stands in it twice.
 */

import { join } from 'node:path';
import { AntipodeError } from '../../errors.ts';
import { writeFileAtomic } from '../../formats/atomic.ts';
import { writeCsv } from '../../formats/csv.ts';
import { tableFrom } from '../../formats/table.ts';

export const LOSS_CURVE_FILE = 'loss.csv';

export interface LossCurve {
  /** Snake-case names; the first is `step`. */
  readonly columns: readonly string[];
  /** One number per column; NaN where a step has none. */
  readonly rows: readonly (readonly number[])[];
  add(row: readonly number[]): void;
  /** Plain JSON, for a checkpoint. NaN becomes null there. */
  toJson(): unknown;
  /** Writes `loss.csv` into the folder. */
  write(folder: string): Promise<void>;
}

/**
 * @param before what `toJson` gave, to go on from there
 * @throws {AntipodeError} `format` where that does not fit the columns
 */
export function createLossCurve(columns: readonly string[], before?: unknown): LossCurve {
  const rows = before === undefined ? [] : rowsOf(before, columns.length);
  return {
    columns,
    rows,
    add(row) {
      if (row.length !== columns.length)
        throw new Error(`internal: a row of ${row.length}, ${columns.length} columns`);
      rows.push(row);
    },
    toJson: () => rows,
    async write(folder) {
      const specs = columns.map((name, i) => ({
        name,
        type: i === 0 ? ('int32' as const) : ('float64' as const),
        value: (row: readonly number[]) => row[i],
      }));
      const table = tableFrom('loss', rows, specs);
      await writeFileAtomic(join(folder, LOSS_CURVE_FILE), writeCsv(table));
    },
  };
}

function rowsOf(value: unknown, width: number): (readonly number[])[] {
  const isNumber = (cell: unknown): boolean => cell === null || typeof cell === 'number';
  const isRow = (row: unknown): row is (number | null)[] =>
    Array.isArray(row) && row.length === width && row.every(isNumber);
  if (Array.isArray(value) && value.every(isRow)) {
    return value.map((row) => row.map((cell) => cell ?? Number.NaN));
  }
  throw new AntipodeError('format', `the checkpoint's loss curve does not have rows of ${width} numbers`);
}
