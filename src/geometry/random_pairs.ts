/** @file The article's baseline: a small seeded sample of random feature pairs. The whole population (see `search/`) stands beside it. */

import { AntipodeError } from '../errors.ts';
import { createRng } from '../tensor/rng.ts';

export interface FeaturePair {
  readonly a: number;
  readonly b: number;
}

/**
 * Distinct unordered pairs of distinct features, uniform over `[0, dSae)`, in drawing order; the same seed gives the same pairs.
 * @param isUsable features without a direction in some space are not drawn
 * @throws {AntipodeError} `usage` when fewer than `count` pairs exist, `format` when no feature is usable
 */
export function drawRandomPairs(
  dSae: number,
  count: number,
  seed: number,
  isUsable: (feature: number) => boolean,
): FeaturePair[] {
  let usable = 0;
  for (let feature = 0; feature < dSae; feature++) if (isUsable(feature)) usable += 1;
  if (count > 0 && usable === 0) {
    throw new AntipodeError(
      'format',
      `none of the ${dSae} features has a direction: a whole matrix is zero or not finite`,
      {
        hint: 'antipode sae inspect shows which',
      },
    );
  }
  if (count > (usable * (usable - 1)) / 2) {
    throw new AntipodeError(
      'usage',
      `random pairs: ${usable} usable features have fewer than ${count} pairs`,
      {
        hint: 'ask for fewer with --random-pairs',
      },
    );
  }
  const rng = createRng(seed, 'random-pairs');
  const seen = new Set<number>();
  const pairs: FeaturePair[] = [];
  while (pairs.length < count) {
    const a = rng.integer(dSae);
    const b = rng.integer(dSae);
    const key = Math.min(a, b) * dSae + Math.max(a, b);
    if (a === b || seen.has(key) || !isUsable(a) || !isUsable(b)) continue;
    seen.add(key);
    pairs.push({ a, b });
  }
  return pairs;
}

/** Standard error of the mean cosine of `count` random pairs in `d` dimensions without structure: 1/sqrt(count * d). */
export function isotropicStandardError(count: number, d: number): number {
  return 1 / Math.sqrt(count * d);
}
