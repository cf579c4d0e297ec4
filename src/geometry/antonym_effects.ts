/** @file How large the difference between opposites and any pair is, apart from how surprising it is. */

import { createRng } from '../tensor/rng.ts';
import type { AntonymEffects, AntonymTestsOptions, Variant } from './antonym_tests.ts';
import { byConcept, type TestSetting } from './antonym_variants.ts';
import { type Estimate, estimateOf, macroClusters } from './test_outcome.ts';

export function effectsOf(
  options: AntonymTestsOptions,
  { mean, matchedRandom }: Variant,
  { pairSd, draws, seed }: TestSetting,
): AntonymEffects {
  const scaled = (by: number): Estimate => {
    const to = (value: number): number => (value - matchedRandom.nullMean) / by;
    return { value: to(mean.value), interval: { low: to(mean.interval.low), high: to(mean.interval.high) } };
  };
  const shares = byConcept(options, ({ percentile }) =>
    percentile === undefined ? undefined : percentile / 100,
  );
  const clusters = macroClusters(shares);
  return {
    pairSd,
    difference: scaled(1),
    standardised: scaled(pairSd),
    ...(clusters.length > 0 && {
      superiority: estimateOf(clusters, {
        draws,
        rng: createRng(seed, 'antonym-superiority'),
        range: { low: 0, high: 1 },
      }),
    }),
  };
}
