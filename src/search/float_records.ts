/** @file The pairs that a kernel over float32 cosines writes down, piece by piece: see kernels/floats.ts for what a record is. */

import type { KernelModule } from './kernel_module.ts';
import { TILE_COLUMNS } from './tiles.ts';

const RECORD_WORDS = 4;

/**
 * Records kept before they are taken; a tile that leaves more is scanned in pieces. Few at first, because without good thresholds every pair is one, and each piece
 * improves them.
 */
const FIRST_RECORDS = 2048;
const MOST_RECORDS = 32768;

export interface FloatRecords {
  readonly at: number;
  readonly count: number;
  /**
   * Scans a tile's rows 0..m piece by piece: `scan` goes on at a row with so many records free and returns the next row; each pair is handed to `take` by its
   * places within the tile.
   */
  drain(
    m: number,
    scan: (row: number, capacity: number) => number,
    take: (row: number, column: number, value: number, why: number) => void,
  ): void;
}

export interface RecordPlaces {
  readonly at: number;
  readonly count: number;
}

export function allocateRecords(module: KernelModule): RecordPlaces {
  return { at: module.allocate((MOST_RECORDS + TILE_COLUMNS) * RECORD_WORDS * 4), count: module.allocate(4) };
}

/** Once nothing more is allocated. @param isOver true once nobody waits for the answer: what is left is not scanned */
export function createRecords(
  { buffer }: KernelModule,
  { at, count }: RecordPlaces,
  isOver: () => boolean,
): FloatRecords {
  const words = new Int32Array(buffer, at, (MOST_RECORDS + TILE_COLUMNS) * RECORD_WORDS);
  const values = new Float32Array(buffer, at, words.length);
  const found = new Int32Array(buffer, count, 1);
  let spare = FIRST_RECORDS;
  return {
    at,
    count,
    drain(m, scan, take) {
      for (let row = 0; row < m && !isOver(); ) {
        found[0] = 0;
        row = scan(row, spare + TILE_COLUMNS);
        const length = found[0] * RECORD_WORDS;
        for (let r = 0; r < length; r += RECORD_WORDS)
          take(words[r]!, words[r + 1]!, values[r + 2]!, words[r + 3]!);
        if (length > 0) spare = Math.min(MOST_RECORDS, 2 * spare);
      }
    },
  };
}
