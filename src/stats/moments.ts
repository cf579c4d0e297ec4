/** @file Mean, standard deviation and skewness of numbers that come one at a time, float64. */

export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Of the numbers themselves: divided by their count, not by one less. */
  readonly sd: number;
  /** The third standardised moment, divided by the count alike; NaN where all are equal. */
  readonly skewness: number;
}

export interface MomentsSum {
  /** NaN makes everything NaN. */
  add(value: number): void;
  /** NaN throughout where nothing was added. */
  moments(): Moments;
}

/** Updates central sums (Pébay 2008, SAND2008-6212), so that numbers far from zero lose no digits. */
export function createMoments(): MomentsSum {
  let count = 0;
  let mean = 0;
  let second = 0;
  let third = 0;
  return {
    add(value) {
      const before = count;
      count += 1;
      const delta = value - mean;
      const step = delta / count;
      const term = delta * step * before;
      mean += step;
      third += term * step * (count - 2) - 3 * step * second;
      second += term;
    },
    moments() {
      if (count === 0) return { count, mean: Number.NaN, sd: Number.NaN, skewness: Number.NaN };
      const variance = second / count;
      const skewness = variance > 0 ? third / count / variance ** 1.5 : Number.NaN;
      return { count, mean, sd: Math.sqrt(variance), skewness };
    },
  };
}
