/**
 * @file Second looks with 13-bit integers at pairs of whole rows. Most searches have few such pairs, which float64 decides at once; where there are several for every
 * row, as among rows in tight clusters, a row is written as finer integers when it is first asked for, by whichever worker asks, and read by all.
 */

import { FIGURES_PER_ROW, lengthBound, lostBound, roundingPerRow } from './bound.ts';
import type { IntegerRows, PassJob, WordStore } from './jobs.ts';
import { createKernelModule } from './kernel_module.ts';
import { rowData, rowStart } from './row_values.ts';

/** Products of two such integers and their sums stay within 32 bits as far as the kernel adds them up: kernels/words.ts. */
export const FINE_LEVELS = 4095;
export const WORD_ALIGNMENT = 8;

/** A dictionary that takes more is searched without: its pairs in question are decided in float64. */
const MOST_BYTES = 320e6;

/** What the finer integers of so many rows can come to; 0 where there will be none. */
export function bytesOfWords(rows: number, d: number): number {
  const bytes = rows * (2 * widthOfWords(d) + 8 * FIGURES_PER_ROW + 4);
  return bytes <= MOST_BYTES ? bytes : 0;
}

function widthOfWords(d: number): number {
  return Math.ceil(d / WORD_ALIGNMENT) * WORD_ALIGNMENT;
}

/** Nothing is written yet, and no memory taken. Undefined where it would be too much. */
export function createWordStore(rows: number, d: number): WordStore | undefined {
  if (bytesOfWords(rows, d) === 0) return undefined;
  const width = widthOfWords(d);
  return {
    values: new Int16Array(new SharedArrayBuffer(2 * rows * width)),
    figures: new Float64Array(new SharedArrayBuffer(8 * rows * FIGURES_PER_ROW)),
    isWritten: new Int32Array(new SharedArrayBuffer(4 * rows)),
    width,
  };
}

/** What words say of sign * cosine: not more than this. */
export type WordLook = (row: number, column: number, sign: number) => number;

/** On one worker, in memory of its own. */
export function createWordLook({
  a,
  b,
  d,
  late,
}: Pick<PassJob, 'a' | 'b' | 'd' | 'late'>): WordLook | undefined {
  if (!late) return undefined;
  const columns = b ?? a;
  const [words, others] = [late.a, late.b ?? late.a];
  const { width } = words;
  const module = createKernelModule();
  const places = {
    row: module.allocate(4 * d),
    inverse: module.allocate(8),
    scratch: module.allocate(4 * width),
    figures: module.allocate(8 * FIGURES_PER_ROW),
    out: module.allocate(2 * width),
    left: module.allocate(2 * width),
    right: module.allocate(2 * width),
  };
  const { buffer, kernels } = module;
  const view = new Float32Array(buffer, places.row, d);
  const inverse = new Float64Array(buffer, places.inverse, 1);
  const figures = new Float64Array(buffer, places.figures, FIGURES_PER_ROW);
  const out = new Int16Array(buffer, places.out, width);
  const left = new Int16Array(buffer, places.left, width);
  const right = new Int16Array(buffer, places.right, width);
  let held = -1;

  const write = ({ rows }: IntegerRows, words: WordStore, place: number): void => {
    const index = rows.usable[place]!;
    const start = rowStart(rows, index, d);
    view.set(rowData(rows, index, d, 0).subarray(start, start + d));
    inverse[0] = 1 / rows.norms[index]!;
    const { row, scratch, out: target, figures: of, inverse: by } = places;
    kernels.quantiseWords(row, d, 1, by, 0, 0, d, width, FINE_LEVELS, target, of, scratch);
    words.values.set(out, place * width);
    words.figures.set(figures, place * FIGURES_PER_ROW);
    // Two workers may come this far with the same row: they write the same.
    Atomics.store(words.isWritten, place, 1);
  };
  const bring = (side: IntegerRows, of: WordStore, place: number, target: Int16Array): void => {
    if (Atomics.load(of.isWritten, place) === 0) write(side, of, place);
    target.set(of.values.subarray(place * width, (place + 1) * width));
  };
  return (row, column, sign) => {
    if (row !== held) bring(a, words, row, left);
    held = row;
    bring(columns, others, column, right);
    const [of, by] = [words.figures, others.figures];
    const scale = of[row * FIGURES_PER_ROW]! * by[column * FIGURES_PER_ROW]!;
    const estimate = kernels.productOfWords(places.left, places.right, width) * scale;
    const [lost, otherLost] = [lostBound(of, row), lostBound(by, column)];
    const bound = lengthBound(of, row) * otherLost + lengthBound(by, column) * lost + lost * otherLost;
    return sign * estimate + bound + 2 * roundingPerRow(d);
  };
}
