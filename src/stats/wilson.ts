/** @file Wilson's score interval of a share (Wilson 1927, without continuity correction), at 95 %. */

/** The 97.5 % quantile of the standard normal distribution. */
export const Z_95 = 1.959963984540054;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * The 95 % interval of a share of `successes` in `trials`, both ends within [0, 1]; the observed share always lies in it. NaN at both ends without trials.
 */
export function wilsonInterval(successes: number, trials: number): Interval {
  if (trials === 0) return { low: Number.NaN, high: Number.NaN };
  const share = successes / trials;
  const z2 = Z_95 * Z_95;
  const centre = share + z2 / (2 * trials);
  const half = Z_95 * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials));
  const scale = 1 + z2 / trials;
  // At the two ends the bound is the share itself, which rounding would miss.
  return {
    low: successes === 0 ? 0 : (centre - half) / scale,
    high: successes === trials ? 1 : (centre + half) / scale,
  };
}
