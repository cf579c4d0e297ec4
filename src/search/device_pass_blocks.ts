/**
 * @file Keeps the blocks of pairs that can still hold one of the k largest cosines, given each block's largest device value and a proven bound e on
 * |device value - exact cosine|.
 *
 * A block's value v is that of one of its own pairs, and different blocks share no pair. Let w be the k-th largest block value so far: k pairs
 * have an exact cosine >= w - e. In a block with v < w - 2e every pair has one <= v + e < w - e, so none of them is wanted. What is left at
 * the end (about k blocks), or when too much is left (as with thousands of exact ties), is computed in float64, best blocks first,
 * until a block's v + e falls below the k-th cosine found. Where that is 1, nothing beats it, and blocks behind its pair are left alone: a dictionary
 * of equal rows would else be computed whole. The smallest end is the same on negated values.
 */

import { AntipodeError } from '../errors.ts';
import type { ScoredPair } from './pairs.ts';

export interface BlockOptions {
  readonly k: number;
  /** +1 for the largest, -1 for the smallest. */
  readonly sign: 1 | -1;
  /** e */
  readonly errorBound: number;
  /** How many blocks there can be: no more room is taken. */
  readonly blocks: number;
  readonly compare: (a: ScoredPair, b: ScoredPair) => number;
  /** The pairs of a block with their float64 cosines; at least one. */
  readonly pairsOf: (row: number, start: number) => Iterable<ScoredPair>;
  /** The indices of the first of them: the smallest, by (i, j). */
  readonly firstOf: (row: number, start: number) => Pick<ScoredPair, 'i' | 'j'>;
}

export interface BlockCandidates {
  /** Values (times sign) below this cannot matter; a NaN is not below it and has to be added, which refuses it. */
  bar(): number;
  /**
   * @param value sign * (largest or smallest device value of the block) @param row first index of its pairs @param start where the block begins
   * @throws {AntipodeError} `check` where a device value is not within its bound
   */
  add(value: number, row: number, start: number): void;
  /** The k best pairs, in order. @throws {AntipodeError} as `add` */
  finish(): ScoredPair[];
}

/** 1 MB of records; the k-th largest of them is found in a few milliseconds. */
const MIN_CAPACITY = 65_536;

export function createBlockCandidates(options: BlockOptions): BlockCandidates {
  const { k, sign, errorBound } = options;
  const capacity = Math.min(Math.max(MIN_CAPACITY, 4 * k), options.blocks + 1);
  const values = new Float64Array(capacity);
  const rows = new Int32Array(capacity);
  const starts = new Int32Array(capacity);
  let count = 0;
  let bar = k === 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  let best: ScoredPair[] = [];

  const verify = (): void => {
    const order = Uint32Array.from({ length: count }, (_, r) => r).sort((x, y) => values[y]! - values[x]!);
    const found = bestOf(best, bar + errorBound, options);
    for (const r of order) {
      if (values[r]! + errorBound < found.limit()) break;
      if (found.isClosedTo(rows[r]!, starts[r]!)) continue;
      found.add(values[r]!, rows[r]!, starts[r]!);
    }
    best = found.finish();
    count = 0;
    if (best.length === k) bar = Math.max(bar, sign * best[k - 1]!.cos - errorBound);
  };
  const prune = (): void => {
    const kth = values.slice(0, count).sort()[count - k]!;
    bar = Math.max(bar, kth - 2 * errorBound);
    let kept = 0;
    for (let r = 0; r < count; r++) {
      if (values[r]! < bar) continue;
      values[kept] = values[r]!;
      rows[kept] = rows[r]!;
      starts[kept] = starts[r]!;
      kept++;
    }
    count = kept;
    if (count > capacity / 2) verify();
  };

  return {
    bar: () => bar,
    add(value, row, start) {
      if (Number.isNaN(value)) throw unsound('it is not a number');
      if (count === capacity) prune();
      // The prune may have raised the bar over this very value.
      if (value < bar || isClosed(best, row, start, options)) return;
      values[count] = value;
      rows[count] = row;
      starts[count] = start;
      count++;
    },
    finish() {
      if (k === 0) return [];
      if (count > k) prune();
      verify();
      return best;
    },
  };
}

/** @param best in order; whether its k-th pair stands before all of a block, whatever their cosines */
function isClosed(
  best: readonly ScoredPair[],
  row: number,
  start: number,
  { k, sign, firstOf }: BlockOptions,
): boolean {
  const last = best[k - 1];
  if (!last || sign * last.cos < 1) return false;
  const { i, j } = firstOf(row, start);
  return i > last.i || (i === last.i && j > last.j);
}

interface BestPairs {
  /** No pair with a smaller sign * cosine is wanted any more. */
  limit(): number;
  isClosedTo(row: number, start: number): boolean;
  add(value: number, row: number, start: number): void;
  finish(): ScoredPair[];
}

/** @param from pairs found before @param limit known beforehand: at least k pairs have a sign * cosine no smaller */
function bestOf(from: readonly ScoredPair[], limit: number, options: BlockOptions): BestPairs {
  const { k, sign, errorBound, compare, pairsOf } = options;
  let pairs = [...from];
  let least = limit;
  /** When the pairs were cut last, and complete since then. */
  let complete = from;
  const cut = (): void => {
    pairs = pairs.sort(compare).slice(0, k);
    complete = [...pairs];
    if (pairs.length === k) least = Math.max(least, sign * pairs[k - 1]!.cos);
  };
  return {
    limit: () => least,
    isClosedTo: (row, start) => isClosed(complete, row, start, options),
    add(value, row, start) {
      let most = Number.NEGATIVE_INFINITY;
      for (const pair of pairsOf(row, start)) {
        const cosine = sign * pair.cos;
        if (cosine > most) most = cosine;
        if (cosine >= least) pairs.push(pair);
      }
      if (Math.abs(most - value) > errorBound) {
        throw unsound(`it is off by ${Math.abs(most - value)}, its bound is ${errorBound}`);
      }
      if (pairs.length >= 2 * k) cut();
    },
    finish() {
      cut();
      return pairs;
    },
  };
}

function unsound(what: string): AntipodeError {
  return new AntipodeError('check', `the device multiplies wrongly: a cosine was checked and ${what}`, {
    hint: 'use --device cpu, and update the driver of the graphics card',
  });
}
