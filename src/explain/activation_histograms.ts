/**
 * @file A histogram of the activations of each feature, built in one pass without knowing the largest: equal bins from 0 to a power of two, and where an
 * activation lies beyond, neighbours are joined and the range doubles. Powers of two make that exact, so the order of the tokens does not matter.
 */

/** Bins per feature; between half and all of them lie below the largest activation. */
const BINS = 64;

/** Of the first range: activations that are far smaller share its first bin. */
const SMALLEST_RANGE = 2 ** -100;

export interface Histogram {
  /** Of every bin, in activation; equal. */
  readonly binWidth: number;
  /** Firings per bin [i * binWidth, (i + 1) * binWidth), the last one with an activation last; empty where the feature never fired. */
  readonly counts: readonly number[];
}

export class ActivationHistograms {
  readonly #counts: Uint32Array;
  /** Powers of two. */
  readonly #ranges: Float64Array;

  /** 264 bytes per feature. */
  constructor(features: number) {
    this.#counts = new Uint32Array(features * BINS);
    this.#ranges = new Float64Array(features).fill(SMALLEST_RANGE);
  }

  /** @param activation above 0 and finite */
  add(feature: number, activation: number): void {
    while (activation >= this.#ranges[feature]!) this.#widen(feature, activation);
    const bin = Math.floor((activation * BINS) / this.#ranges[feature]!);
    this.#counts[feature * BINS + bin]! += 1;
  }

  of(feature: number): Histogram {
    const counts = Array.from(this.#counts.subarray(feature * BINS, (feature + 1) * BINS));
    const last = counts.findLastIndex((count) => count > 0);
    return { binWidth: this.#ranges[feature]! / BINS, counts: counts.slice(0, last + 1) };
  }

  #widen(feature: number, activation: number): void {
    const counts = this.#counts.subarray(feature * BINS, (feature + 1) * BINS);
    const needed = Math.floor(Math.log2(activation)) + 1;
    const doublings = Math.max(1, needed - Math.log2(this.#ranges[feature]!));
    const step = 2 ** Math.min(doublings, Math.log2(BINS));
    for (let bin = 0; bin < BINS; bin++) {
      let sum = 0;
      for (let from = bin * step; from < Math.min((bin + 1) * step, BINS); from++) sum += counts[from]!;
      counts[bin] = sum;
    }
    this.#ranges[feature]! *= 2 ** doublings;
  }
}
