/** @file What the searching thread asks of its workers. All large arrays lie in shared memory; rows are counted without those that have no direction. */

import type { Partners } from './antipodal_pass.ts';
import type { FloatAnswer, FloatJob } from './float_jobs.ts';
import type { WorkerNews } from './found.ts';
import type { ScoredPair } from './pairs.ts';
import type { SharedRows } from './row_values.ts';

/** Int32, shared: the next piece of work, pieces done, a flag that stops everyone, and one that says that the pass has to be repeated. */
export const CONTROL_NEXT = 0;
export const CONTROL_DONE = 1;
export const CONTROL_STOP = 2;
export const CONTROL_WIDEN = 3;
export const CONTROL_LENGTH = 4;

/** True where nobody waits for the answer any more. Never false again. */
export function isStopped(control: Int32Array): boolean {
  return Atomics.load(control, CONTROL_STOP) !== 0;
}

/** Writes parts of all rows of one matrix as integers; the rows are read once. */
export interface QuantiseJob {
  readonly kind: 'quantise';
  readonly rows: SharedRows;
  readonly d: number;
  /** Order of coordinates, or undefined for the stored one; shared. */
  readonly order: Uint32Array | undefined;
  readonly parts: readonly QuantisePart[];
  readonly control: Int32Array;
}

export interface QuantisePart {
  /** Bytes begin at coordinate 0. */
  readonly shape: PartShape;
  /** Largest magnitude of an integer. */
  readonly levels: number;
  /** `[rows * padded]`: bytes q + 128, or int16; shared. */
  readonly out: Uint8Array | Int16Array;
  /** `[rows * FIGURES_PER_ROW]`, shared. */
  readonly figures: Float64Array;
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

/** Whole rows as words, over shared memory, which the system provides as it is written. */
export interface WordStore {
  /** `[rows, width]` */
  readonly values: Int16Array;
  /** `[rows, FIGURES_PER_ROW]` as the quantising kernel writes them. */
  readonly figures: Float64Array;
  /** 1 where values and figures of a row are written. */
  readonly isWritten: Int32Array;
  readonly width: number;
}

/** What a pass over integer products needs, whatever it looks for. */
export interface TileJob {
  readonly a: IntegerRows;
  /** Absent for pairs within `a`. */
  readonly b: IntegerRows | undefined;
  readonly d: number;
  /** Bytes per row; a multiple of 16. */
  readonly width: number;
  /** Int16 per row: coordinates behind those in bytes, or all where bytes have all. */
  readonly fine: { readonly width: number } | undefined;
  /** Rows and columns of a tile; columns are a multiple of 16. */
  readonly tileRows: number;
  readonly tileColumns: number;
  /** Blocks of columns in the order in which they are taken: `[left, columns, …]` with at most `tileColumns` each; shared. */
  readonly blocks: Int32Array;
  readonly control: Int32Array;
}

export interface PassJob extends TileJob {
  readonly kind: 'pass';
  readonly k: number;
  /** Where bytes are whole rows: room for finer integers of them, written when they pay (`int8_words.ts`). */
  readonly late: { readonly a: WordStore; readonly b: WordStore | undefined } | undefined;
  /** At least k pairs reach these: see `EndListOptions.seed`. */
  readonly seeds: { readonly top: number; readonly bottom: number };
  readonly tallies: { readonly top: Int32Array; readonly bottom: Int32Array };
  /** Milliseconds between two `WorkerNews` of a worker; undefined where nobody listens. */
  readonly tellEvery: number | undefined;
}

/** Looks for each row's nearest and most opposed other row; needs fine integers of whole rows. */
export interface NearestJob extends TileJob {
  readonly kind: 'nearest';
  /** Per row, in steps of `KNOWN_STEP` rounded down: what its largest cosine, and its largest negated cosine, are known to reach. Shared. */
  readonly known: { readonly high: Int32Array; readonly low: Int32Array };
}

/** Per row of the rows that have a direction: the best of what one worker decided; index -1 where it decided none. */
export interface NearestAnswer {
  readonly nearest: Int32Array;
  readonly nearestCos: Float64Array;
  readonly opposed: Int32Array;
  readonly opposedCos: Float64Array;
  readonly emitted: number;
  readonly verified: number;
}

/** Rows as bits, for guesses at extreme pairs: `seeds_match.ts`. */
export interface SketchJob {
  readonly kind: 'sketch';
  readonly rows: SharedRows;
  readonly d: number;
  readonly order: Uint32Array | undefined;
  /** Groups of 16 bits: the first 16 * groups coordinates of the order, each compared with its mean over unit rows. */
  readonly groups: number;
  readonly means: Float32Array;
  /** `[rows, 2 * groups]`, shared. */
  readonly out: Uint8Array;
  readonly control: Int32Array;
}

export interface SketchedRows {
  readonly rows: SharedRows;
  readonly sketches: Uint8Array;
}

export interface MatchJob {
  readonly kind: 'match';
  readonly a: SketchedRows;
  readonly b: SketchedRows | undefined;
  readonly d: number;
  readonly groups: number;
  /** Bits of a group that have to agree. */
  readonly bits: number;
  /** Pairs that differ in more bits, and agree in more, are no guesses. */
  readonly cut: number;
  /** Guesses per end whose cosine is computed. */
  readonly keep: number;
  readonly control: Int32Array;
}

/** Cosines of different pairs. */
export interface MatchAnswer {
  readonly top: Float64Array;
  readonly bottom: Float64Array;
}

/** Takes part in finding out how many leading coordinates are enough: `plan_survey.ts`. */
export interface SurveyJob {
  readonly kind: 'survey';
  readonly a: SharedRows;
  readonly b: SharedRows | undefined;
  readonly d: number;
  readonly order: Uint32Array | undefined;
  /** Widths looked at: step, 2 * step, … , steps * step. */
  readonly step: number;
  readonly steps: number;
  /** Known thresholds: sign * cosine per end. */
  readonly seeds: { readonly top: number; readonly bottom: number };
  /** Each worker takes other rows: the first number not taken. */
  readonly control: Int32Array;
}

/** Per width, over the sampled pairs: how many a Cauchy-Schwarz bound leaves in question, and mean and variance of what they are judged by. */
export interface SurveyAnswer {
  readonly pairs: number;
  readonly survivors: Float64Array;
  readonly upper: { readonly mean: Float64Array; readonly variance: Float64Array };
  readonly lower: { readonly mean: Float64Array; readonly variance: Float64Array };
}

export interface SelfTestJob {
  readonly kind: 'selfTest';
}

/** Looks for each row's partner with the largest product of cosines in two matrices. */
export interface AntipodalJob {
  readonly kind: 'antipodality';
  /** The same rows are usable in both. */
  readonly encoder: SharedRows;
  readonly decoder: SharedRows;
  readonly d: number;
  /** Both as bytes, cut into the same blocks; absent where float32 has to do. */
  readonly integers: { readonly encoder: TileJob; readonly decoder: TileJob } | undefined;
  /** Per row, in steps of `REACHED_STEPS` rounded down: what its best score is known to reach. Shared. */
  readonly known: Int32Array;
  readonly control: Int32Array;
}

/** Frees what earlier jobs held. */
export interface LetGoJob {
  readonly kind: 'letGo';
}

export type Job =
  | QuantiseJob
  | SketchJob
  | MatchJob
  | SurveyJob
  | PassJob
  | NearestJob
  | AntipodalJob
  | FloatJob
  | SelfTestJob
  | LetGoJob;

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
  readonly sketch: true;
  readonly match: MatchAnswer;
  readonly survey: SurveyAnswer;
  readonly pass: PassAnswer;
  readonly nearest: NearestAnswer;
  readonly antipodality: Partners;
  readonly floats: FloatAnswer;
  /** Largest magnitude of integers that products are exact for; 0 where none is. */
  readonly selfTest: number;
  readonly letGo: true;
}

export type WorkerReply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly news: WorkerNews }
  | { readonly id: number; readonly failure: string };
