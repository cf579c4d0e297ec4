/** @file What difference a two-sided test can detect: from draws of its null distribution, and for a normal one. */

import { normalTail, normalUpperQuantile } from './normal.ts';
import { quantile } from './quantiles.ts';

export interface PowerSetting {
  /** Two-sided level, such as 0.05. */
  readonly level: number;
  /** Wanted probability of a p-value of at most `level`, such as 0.8. */
  readonly power: number;
}

/**
 * The smallest downward shift of the whole null distribution with which the test reaches the power, by the draws' own quantiles; >= 0, NaN without draws. The
 * chance to find it at the other end is left out: below the level's half, and nothing where the power is above a half.
 */
export function detectableDrop(sortedDraws: ArrayLike<number>, { level, power }: PowerSetting): number {
  return quantile(sortedDraws, power) - quantile(sortedDraws, level / 2);
}

/** Share of the draws that the test rejects once all are shifted by `shift`, either way. */
export function powerAt(sortedDraws: ArrayLike<number>, shift: number, level: number): number {
  const [low, high] = [quantile(sortedDraws, level / 2), quantile(sortedDraws, 1 - level / 2)];
  let rejected = 0;
  for (let k = 0; k < sortedDraws.length; k++) {
    const value = sortedDraws[k]! + shift;
    if (value <= low || value >= high) rejected += 1;
  }
  return sortedDraws.length === 0 ? Number.NaN : rejected / sortedDraws.length;
}

/** As `detectableDrop` where the null distribution is normal with this standard deviation: 2.80 of them at 5 % and 80 %. */
export function normalDetectableDrop(sd: number, { level, power }: PowerSetting): number {
  return sd * (normalUpperQuantile(level / 2) + normalUpperQuantile(1 - power));
}

/** As `powerAt` where the null distribution is normal. */
export function normalPowerAt(sd: number, shift: number, level: number): number {
  const z = normalUpperQuantile(level / 2);
  const distance = Math.abs(shift) / sd;
  return normalTail(z - distance) + normalTail(z + distance);
}
