/**
 * @file Counts all pairs by cosine while they pass: fine bins, and exact counts below given cosines. The kernel of kernels/floats.ts counts by float32 cosines; where that
 * is too close to an edge of a coarse bin, or to a given cosine, it asks here, and the float64 cosine decides.
 *
 * Too close is |difference| <= slack * (|cosine| + 1/8). The proven worst case of float32 products (1.4e-4 at d = 2304, where roundings all conspire) would send a seventh of all
 * pairs through float64. What occurs is near 1e-8 there, so that `slack` is set far above what occurs, every float64 cosine computed on the way is held against its
 * float32 one, as are some pairs of each tile, and the pass is repeated with a wider slack where an error comes within a quarter of it.
 */

import type { KernelModule } from './kernel_module.ts';

/** Fine bins over [-1, 1]; width 2^-15. */
export const FINE_BINS = 65536;
/** Bins of the histogram that a census returns: width 2^-9. */
export const HISTOGRAM_BINS = 1024;

/** Errors are proportional to what is summed up, which near a cosine of 0 is not nothing. */
const BASE = 1 / 8;
const HALF_BINS = FINE_BINS / 2;
const MARKED = 0x80000000;
/** The kernel counts in 32 bits. */
const MOST_PAIRS = 2 ** 31;
/** Marks reach a little farther than what is too close, whose own reach changes with the cosine. */
const MARGIN = 1.01;
/** Errors met may come to this part of the slack. */
const LARGEST_SHARE = 1 / 4;

/** Places within what the kernel is asked; see kernels/floats.ts. */
const ASK_BYTES = 56;
const ASK = { pivot: 2, slack: 3, bins: 4, marks: 5, limits: 6, inner: 7, sums: 4 } as const;

/** Sums of (cosine - pivot), its square and its cube. */
export const POWERS = 3;

export interface CensusOptions {
  /** Ascending, each once. */
  readonly limits: Float64Array;
  readonly slack: number;
  /** Near the mean of all cosines, so that sums of powers lose nothing. */
  readonly pivot: number;
}

/** What one worker counted. */
export interface CensusCounts {
  /** Doubles, because a degenerate dictionary can put more than 2^32 pairs into one bin. */
  readonly bins: Float64Array;
  /** Of the pairs in bins that a limit is near: by the number of limits at or below their cosine. */
  readonly inner: Float64Array;
  /** Pairs that float64 decided. */
  readonly decided: number;
  /** Largest |float32 - float64| / (|float32| + 1/8) of those, and of some pairs of every tile. */
  readonly largestError: number;
}

export interface Census {
  /** Before a tile of so many pairs. */
  open(pairs: number): void;
  /** After it: its sums of powers. */
  close(sums: Float64Array): void;
  /** Counts a pair that the kernel left to float64. */
  add(value: number, cos: number): void;
  /** Holds a float32 cosine against its float64 one. */
  check(value: number, cos: number): void;
  /** True where an error came so near the slack that the pass proves nothing. */
  isTooNear(): boolean;
  finish(): CensusCounts;
}

export function fineBinOf(cosine: number): number {
  // Scaling by a power of two is exact; adding 1 first would not be.
  return Math.min(FINE_BINS - 1, Math.max(0, Math.floor(cosine * HALF_BINS) + HALF_BINS));
}

/** Per fine bin how many limits lie below it, and whether one is so near that values of the bin have to be compared with it. */
function markBins(limits: Float64Array, slack: number): Uint32Array {
  const marks = new Uint32Array(FINE_BINS + 1);
  let passed = 0;
  for (let bin = 0; bin <= FINE_BINS; bin++) {
    while (passed < limits.length && limits[passed]! < bin / HALF_BINS - 1) passed++;
    marks[bin] = passed;
  }
  for (const limit of limits) {
    const reach = MARGIN * slack * (Math.abs(limit) + BASE);
    for (let bin = fineBinOf(limit - reach); bin <= fineBinOf(limit + reach); bin++)
      marks[bin] = (marks[bin]! | MARKED) >>> 0;
  }
  // Beyond the last bin stands how many limits there are at all.
  marks[FINE_BINS] = limits.length;
  return marks;
}

/** Bytes that the kernel is told what to do in: extremes alone need no more. */
export function allocateAsk(module: KernelModule): number {
  const ask = module.allocate(ASK_BYTES);
  new Uint8Array(module.buffer, ask, ASK_BYTES).fill(0);
  return ask;
}

/** From where on a pair may be an extreme. */
export function setEnds(buffer: ArrayBuffer, ask: number, high: number, low: number): void {
  new Float32Array(buffer, ask, 2).set([high, low]);
}

/** Where the kernel reads and writes; allocated before any view is made. */
export interface CensusPlaces {
  readonly bins: number;
  readonly marks: number;
  readonly limits: number;
  readonly inner: number;
}

export function allocateCensus(module: KernelModule, limits: number): CensusPlaces {
  return {
    bins: module.allocate(2 * 4 * FINE_BINS),
    marks: module.allocate(4 * (FINE_BINS + 1)),
    limits: module.allocate(8 * limits),
    inner: module.allocate(4 * (limits + 1)),
  };
}

export function createCensus(
  { limits, slack, pivot }: CensusOptions,
  buffer: ArrayBuffer,
  ask: number,
  places: CensusPlaces,
): Census {
  const asked = new Uint32Array(buffer, ask, ASK_BYTES / 4);
  const figures = new Float32Array(buffer, ask, ASK_BYTES / 4);
  const sums = new Float64Array(buffer, ask, ASK_BYTES / 8).subarray(ASK.sums, ASK.sums + POWERS);
  const tables = new Uint32Array(buffer, places.bins, 2 * FINE_BINS).fill(0);
  const marks = new Uint32Array(buffer, places.marks, FINE_BINS + 1);
  const counted = new Uint32Array(buffer, places.inner, limits.length + 1).fill(0);
  marks.set(markBins(limits, slack));
  new Float64Array(buffer, places.limits, limits.length).set(limits);
  figures[ASK.pivot] = pivot;
  figures[ASK.slack] = (slack * HISTOGRAM_BINS) / 2;
  asked[ASK.bins] = places.bins;
  asked[ASK.marks] = limits.length > 0 ? places.marks : 0;
  asked[ASK.limits] = places.limits;
  asked[ASK.inner] = places.inner;

  const bins = new Float64Array(FINE_BINS);
  const inner = new Float64Array(limits.length + 1);
  let waiting = 0;
  let decided = 0;
  let largestError = 0;
  const check = (value: number, cos: number): void => {
    largestError = Math.max(largestError, Math.abs(value - cos) / (Math.abs(value) + BASE));
  };
  const collect = (): void => {
    for (let at = 0; at < tables.length; at++) bins[at % FINE_BINS]! += tables[at]!;
    for (let at = 0; at < counted.length; at++) inner[at]! += counted[at]!;
    tables.fill(0);
    counted.fill(0);
    waiting = 0;
  };
  return {
    open(pairs) {
      waiting += pairs;
      if (waiting > MOST_PAIRS) {
        collect();
        waiting = pairs;
      }
      sums.fill(0);
    },
    close(target) {
      target.set(sums);
    },
    add(value, cos) {
      check(value, cos);
      decided++;
      const bin = fineBinOf(cos);
      bins[bin]! += 1;
      if ((marks[bin]! & MARKED) !== 0) inner[countUpTo(limits, cos)]! += 1;
    },
    check,
    isTooNear: () => largestError > slack * LARGEST_SHARE,
    finish() {
      collect();
      return { bins, inner, decided, largestError };
    },
  };
}

/** How many of the ascending `limits` are at or below `value`. */
function countUpTo(limits: Float64Array, value: number): number {
  let low = 0;
  for (let up = limits.length; low < up; ) {
    const middle = (low + up) >> 1;
    if (limits[middle]! <= value) low = middle + 1;
    else up = middle;
  }
  return low;
}

/** Pairs below each limit: whole bins below it that no limit is near, and what was compared one by one. */
export function totalBelow(
  { limits, slack }: CensusOptions,
  { bins, inner }: Pick<CensusCounts, 'bins' | 'inner'>,
): Float64Array {
  const marks = markBins(limits, slack);
  const cumulative = new Float64Array(FINE_BINS + 1);
  for (let bin = 0; bin < FINE_BINS; bin++) {
    const isWhole = (marks[bin]! & MARKED) === 0;
    cumulative[bin + 1] = cumulative[bin]! + (isWhole ? bins[bin]! : 0);
  }
  let compared = 0;
  return limits.map((limit, index) => {
    compared += inner[index]!;
    return cumulative[fineBinOf(limit)]! + compared;
  });
}

/** Adds fine bins up to `bins` coarse ones; `bins` divides `FINE_BINS`. */
export function coarsen(counts: Float64Array, bins: number): Float64Array {
  const width = FINE_BINS / bins;
  const out = new Float64Array(bins);
  for (let bin = 0; bin < FINE_BINS; bin++) out[Math.floor(bin / width)]! += counts[bin]!;
  return out;
}
