/** @file The tests of single concepts, and the overall mean without each of them. */

import { benjaminiHochberg } from '../stats/benjamini_hochberg.ts';
import { quantile, sortedNumbers } from '../stats/quantiles.ts';
import { mean } from '../stats/summary.ts';
import type { Interval } from '../stats/wilson.ts';
import type { ConceptTest, WithoutConcept } from './antonym_tests.ts';
import type { TestSetting } from './antonym_variants.ts';
import { type ConceptBlocks, conceptsWithPairs, pairsIn } from './concept_blocks.ts';
import type { ConceptNulls } from './concept_nulls.ts';
import type { BlockMeans, NullSummaries } from './matched_null.ts';
import { type ByConcept, NO_INTERVAL, noOutcome, outcomeOf } from './test_outcome.ts';

/** 128 MB: with more concepts than this allows, intervals come from the first draws alone. */
const MOST_KEPT = 2 ** 25;

/** The null distribution of each concept's mean. */
export interface KeptDraws {
  readonly onDraw: (means: BlockMeans, draw: number) => void;
  /** Those of concept c. */
  of(c: number): Float32Array;
}

export function keepDraws({ concepts }: ConceptBlocks, draws: number): KeptDraws {
  const kept = Math.min(draws, Math.floor(MOST_KEPT / Math.max(1, concepts.length)));
  const values = new Float32Array(concepts.length * kept);
  return {
    onDraw: ({ means }, draw) => {
      if (draw >= kept) return;
      for (let c = 0; c < means.length; c++) values[c * kept + draw] = means[c]!;
    },
    of: (c) => values.subarray(c * kept, (c + 1) * kept),
  };
}

/**
 * The interval of a concept's effect inverts its test: the shifts of the null distribution under which the observed mean lies among the middle 95 % of draws.
 */
export function conceptTests(
  { blocks, pairSd }: TestSetting,
  { matchedRandom, matchedDensity }: ConceptNulls,
  { values, kept }: { readonly values: ByConcept; readonly kept: KeptDraws },
): ConceptTest[] {
  const hasPairs = blocks.concepts.map((_, c) => pairsIn(blocks, c) > 0);
  const qOf = (nulls: NullSummaries | undefined): number[] =>
    benjaminiHochberg(hasPairs.map((has, c) => (nulls && has ? nulls.concepts[c]!.p : Number.NaN)));
  const q = qOf(matchedRandom);
  const densityQ = qOf(matchedDensity);
  return blocks.concepts.map((concept, c) => {
    const observed = mean(values[c]!);
    const rest = { concept, n: pairsIn(blocks, c), q: q[c]! };
    if (!matchedRandom || !hasPairs[c]) return { ...noOutcome(observed), ...rest };
    const density = matchedDensity?.concepts[c];
    return {
      ...outcomeOf(observed, matchedRandom.concepts[c]!, {
        interval: shifts(observed, kept.of(c), matchedRandom.concepts[c]!.mean),
        pairSd,
      }),
      ...rest,
      ...(density && {
        density: { nullMean: density.mean, nullSd: density.sd, p: density.p, q: densityQ[c]! },
      }),
    };
  });
}

/** As means, of which `outcomeOf` takes the null's mean away. */
function shifts(observed: number, draws: Float32Array, nullMean: number): Interval {
  const sorted = sortedNumbers(draws);
  if (sorted.length === 0) return NO_INTERVAL;
  return {
    low: observed + nullMean - quantile(sorted, 0.975),
    high: observed + nullMean - quantile(sorted, 0.025),
  };
}

export function withoutEach(
  blocks: ConceptBlocks,
  { permutation, matchedRandom, matchedDensity }: ConceptNulls,
  values: ByConcept,
): WithoutConcept[] {
  const means = values.map((of) => mean(of));
  const used = conceptsWithPairs(blocks);
  return used.map((c, row) => ({
    concept: blocks.concepts[c]!,
    observed: mean(used.filter((other) => other !== c).map((other) => means[other]!)),
    permutationP: permutation?.without[row]?.p ?? Number.NaN,
    matchedRandomP: matchedRandom?.without[c]?.p ?? Number.NaN,
    ...(matchedDensity && { matchedDensityP: matchedDensity.without[c]!.p }),
  }));
}
