/**
 * @file Counts all pairs by cosine while they pass: a fine histogram, and exact counts below given cosines.
 *
 * A cosine's float32 value decides its bin. Bins that a threshold (plus or minus `slack`) touches are marked; a value there is compared with
 * the threshold, and within `slack` of it the pair's float64 cosine decides. `slack` is far below the worst-case bound (which would
 * send a percent of all pairs through float64) and well above what occurs; the largest error met is reported, so that the caller can
 * repeat the pass with a wider slack should it ever come near.
 */

/** Fine bins over [-1, 1]; width 2^-15. */
export const FINE_BINS = 65536;

const HALF_BINS = FINE_BINS / 2;

export interface Census {
  /** Doubles, because a degenerate dictionary can put more than 2^32 pairs into one bin. */
  readonly counts: Float64Array;
  /** Nonzero for bins that need `closeCall`. */
  readonly marked: Uint8Array;
  /** Compares a value of a marked bin with the thresholds there. */
  closeCall(bin: number, value: number, i: number, j: number): void;
  /** Per threshold (in the order given): pairs below it within its marked bins. */
  readonly belowInMarked: Float64Array;
  /** Largest |float32 - float64| seen in close calls. */
  largestError(): number;
}

export function fineBinOf(cosine: number): number {
  const bin = Math.floor((cosine + 1) * HALF_BINS);
  return bin < 0 ? 0 : bin >= FINE_BINS ? FINE_BINS - 1 : bin;
}

export function createCensus(
  thresholds: Float64Array,
  slack: number,
  exactCosine: (i: number, j: number) => number,
): Census {
  const marked = new Uint8Array(FINE_BINS);
  const byBin = new Map<number, number[]>();
  thresholds.forEach((threshold, index) => {
    for (let bin = fineBinOf(threshold - slack); bin <= fineBinOf(threshold + slack); bin++) {
      marked[bin] = 1;
      const list = byBin.get(bin);
      if (list) list.push(index);
      else byBin.set(bin, [index]);
    }
  });
  const belowInMarked = new Float64Array(thresholds.length);
  let largest = 0;
  return {
    counts: new Float64Array(FINE_BINS),
    marked,
    belowInMarked,
    largestError: () => largest,
    closeCall(bin, value, i, j) {
      let exact = Number.NaN;
      for (const index of byBin.get(bin)!) {
        const threshold = thresholds[index]!;
        let cosine = value;
        if (Math.abs(value - threshold) <= slack) {
          if (Number.isNaN(exact)) {
            exact = exactCosine(i, j);
            largest = Math.max(largest, Math.abs(exact - value));
          }
          cosine = exact;
        }
        if (cosine < threshold) belowInMarked[index]! += 1;
      }
    },
  };
}

/** Pairs below each threshold: whole bins under its marked ones, plus what `closeCall` counted there. */
export function totalBelow(
  thresholds: Float64Array,
  slack: number,
  counts: Float64Array,
  belowInMarked: Float64Array,
): Float64Array {
  const cumulative = new Float64Array(FINE_BINS + 1);
  for (let bin = 0; bin < FINE_BINS; bin++) cumulative[bin + 1] = cumulative[bin]! + counts[bin]!;
  return Float64Array.from(thresholds, (threshold, index) => {
    return cumulative[fineBinOf(threshold - slack)]! + belowInMarked[index]!;
  });
}

/** Adds fine bins up to `bins` coarse ones; `bins` divides `FINE_BINS`. */
export function coarsen(counts: Float64Array, bins: number): Float64Array {
  const width = FINE_BINS / bins;
  const out = new Float64Array(bins);
  for (let bin = 0; bin < FINE_BINS; bin++) out[Math.floor(bin / width)]! += counts[bin]!;
  return out;
}
