/** @file What the searching thread asks of the workers of the int8 engine. All large arrays lie in shared memory; rows are counted without those that have no direction. */

import type { ScoredPair } from './pairs.ts';
import type { SharedRows } from './worker_protocol.ts';

/** Int32, shared: the next piece of work, pieces done, and a flag that stops everyone. */
export const CONTROL_NEXT = 0;
export const CONTROL_DONE = 1;
export const CONTROL_STOP = 2;
export const CONTROL_LENGTH = 3;

/** Writes the bytes of the leading coordinates of all rows of one matrix. */
export interface QuantiseJob {
  readonly kind: 'quantise';
  readonly rows: SharedRows;
  readonly d: number;
  /** Order of coordinates, or undefined for the stored one; shared. */
  readonly order: Uint32Array | undefined;
  readonly part: PartShape;
  /** Largest magnitude of an integer. */
  readonly levels: number;
  /** `[rows * padded]`: bytes q + 128, or int16; shared. */
  readonly out: Uint8Array | Int16Array;
  /** `[rows * FIGURES_PER_ROW]`, shared. */
  readonly figures: Float64Array;
  readonly control: Int32Array;
}

/** Coordinates from..to of the common order, written with zeros up to `padded`. */
export interface PartShape {
  readonly from: number;
  readonly to: number;
  readonly padded: number;
}

/** One matrix as integers, with what the scan needs per row. */
export interface IntegerRows {
  readonly rows: SharedRows;
  /** `[rows, width]` bytes q + 128. */
  readonly bytes: Uint8Array;
  readonly scales: Float32Array;
  readonly bounds: Float32Array;
  readonly words: FineRows | undefined;
}

/** Finer integers for a second look at pairs that pass the first. */
export interface FineRows {
  /** `[rows, width]` int16. */
  readonly values: Int16Array;
  readonly scales: Float32Array;
  /** Bounds of the estimate that uses them. */
  readonly bounds: Float32Array;
}

export interface PassJob {
  readonly kind: 'pass';
  readonly a: IntegerRows;
  /** Absent for pairs within `a`. */
  readonly b: IntegerRows | undefined;
  readonly d: number;
  readonly k: number;
  /** Bytes per row; a multiple of 16. */
  readonly width: number;
  /** Int16 per row, and whether the first estimate counts as well as theirs. */
  readonly fine: { readonly width: number; readonly keepsFirst: boolean } | undefined;
  /** Rows and columns of a tile; columns are a multiple of 16. */
  readonly tileRows: number;
  readonly tileColumns: number;
  /** At least k pairs reach these: see `EndListOptions.seed`. */
  readonly seeds: { readonly top: number; readonly bottom: number };
  readonly tallies: { readonly top: Int32Array; readonly bottom: Int32Array };
  readonly control: Int32Array;
}

export interface SelfTestJob {
  readonly kind: 'selfTest';
}

export type Job = QuantiseJob | PassJob | SelfTestJob;

export interface PassAnswer {
  readonly top: readonly ScoredPair[];
  readonly bottom: readonly ScoredPair[];
  /** Pairs that passed the first look, and those decided in float64. */
  readonly emitted: number;
  readonly verified: number;
}

/** Answers by kind of job. */
export interface Answers {
  readonly quantise: true;
  readonly pass: PassAnswer;
  /** Largest magnitude of integers that products are exact for; 0 where none is. */
  readonly selfTest: number;
}

export type WorkerReply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: string };
