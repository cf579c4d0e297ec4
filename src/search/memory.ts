/**
 * @file How much memory a search takes, said before it begins: an upper bound from sizes alone, since the plan that may need less is made during the search. Leaves out
 * pages of files, which the system gives back when somebody needs them.
 */

import { availableParallelism } from 'node:os';
import { AntipodeError } from '../errors.ts';
import { bytesOfWords } from './int8_words.ts';
import { mostIntegerBytes } from './plan.ts';

export interface SearchSize {
  readonly rows: number;
  /** Rows of the other matrix, where there are two. */
  readonly others: number | undefined;
  readonly width: number;
  readonly k: number;
  /** Default: all cores. */
  readonly threads?: number | undefined;
}

/** Bytes. */
export interface MemoryNeed {
  /** With the rows in memory, and with the rows in their file. */
  readonly held: number;
  readonly filed: number;
}

/** The program itself, and each worker with its own engine; measured with Node 20 and ONNX Runtime 1.30, rounded up. */
const PROGRAM = 200e6;
const WORKER = 70e6;
/** Per row: length, place, scales and bounds, what rounding lost, bits for guesses. */
const PER_ROW = 8 + 4 + 16 + 48 + 64;
/** Per row and worker: bits for guesses again, sorted. */
const PER_ROW_AND_WORKER = 72;
/** Columns of a block and rows of a tile times the copies of them that a worker and its engine hold. */
const BLOCK_ROWS = 4 * 1024;
/** A pair found, in the lists of a worker and of all. */
const PER_PAIR = 200;

export function memoryNeed({ k, others, rows, threads, width }: SearchSize): MemoryNeed {
  const workers = threads ?? availableParallelism();
  const all = rows + (others ?? 0);
  const words = bytesOfWords(rows, width) + bytesOfWords(others ?? 0, width);
  const integers = Math.max(all * mostIntegerBytes(width), all * width + words);
  const ofWorker = WORKER + PER_ROW_AND_WORKER * all + BLOCK_ROWS * width + PER_PAIR * (4 * k + 1024);
  const filed = PROGRAM + integers + PER_ROW * all + workers * ofWorker;
  return { filed, held: filed + 4 * all * width };
}

/** Bytes that this process can still get: what the machine has free, or what its container allows. */
export function memoryLeft(): number {
  return process.availableMemory();
}

/**
 * Whether the rows are held in memory, or stay in their file because they do not fit.
 * @param limit bytes @throws {AntipodeError} `resource` where neither fits
 */
export function placeRows(need: MemoryNeed, limit: number): 'held' | 'filed' {
  if (need.held <= limit) return 'held';
  if (need.filed <= limit) return 'filed';
  throw new AntipodeError(
    'resource',
    `memory: the search takes up to ${shownBytes(need.filed)} with the rows in their file, there are ${shownBytes(limit)}`,
    {
      hint: 'lower --threads or --top, raise --memory where it was given, or use a machine with more memory',
    },
  );
}

/** `1.2 GB`, rounded up: a promise. */
export function shownBytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(Math.ceil(bytes / 1e7) / 100).toFixed(2)} GB`;
}
