/**
 * @file How small a mean opposition the tests of antonyms would find, for a dictionary and the shape of a set of concepts: what a result of "no difference" is worth.
 * The cosines of the concepts themselves play no part. Supposed is that the mean of every concept is lower by the same amount than that of random features.
 */

import type { Concept } from '../concepts/concept_set.ts';
import { AntipodeError } from '../errors.ts';
import { createMatchedDraws, type Stratum } from '../stats/matched_draws.ts';
import { createMoments } from '../stats/moments.ts';
import {
  detectableDrop,
  normalDetectableDrop,
  normalPowerAt,
  type PowerSetting,
  powerAt,
} from '../stats/power.ts';
import { quantile } from '../stats/quantiles.ts';
import { mean } from '../stats/summary.ts';
import { createRng } from '../tensor/rng.ts';
import type { AntonymTestsOptions } from './antonym_tests.ts';
import { choosePool, knownDensities, sdOfPairs } from './antonym_variants.ts';
import { type ConceptBlocks, conceptBlocks, conceptsWithPairs } from './concept_blocks.ts';
import { homesOf } from './concept_nulls.ts';
import { densityStrata } from './density_strata.ts';
import { matchedNull } from './matched_null.ts';
import { type PermutationPower, permutationPower } from './permutation_power.ts';
import type { PoolCosines } from './pool_cosines.ts';
import { DEFAULT_DRAWS } from './test_defaults.ts';

export interface MeasurePowerOptions
  extends Pick<AntonymTestsOptions, 'rows' | 'densityOf' | 'seed' | 'signal'>,
    PowerSetting {
  readonly concepts: readonly Concept[];
  readonly draws?: number;
  /** Mean oppositions (< 0) whose power is asked for. */
  readonly shifts?: readonly number[];
}

export type PoweredTest = 'permutation' | 'matched-random' | 'matched-density';

export interface PowerPoint {
  /** How far the mean of every concept lies from that of random features, as a cosine. */
  readonly shift: number;
  /** Probability of p <= level: simulated, and of a normal null distribution with the same standard deviation. */
  readonly power: number;
  readonly normalPower: number;
  /** Concepts of the same kind that would reach the wanted power at this shift, for a normal null distribution. */
  readonly conceptsNeeded: number;
}

export interface TestPower {
  readonly test: PoweredTest;
  readonly nullMean: number;
  readonly nullSd: number;
  /** The smallest drop of the mean that is found with the wanted power; Infinity where no drop is, because the concepts have too few orders. */
  readonly drop: number;
  /** (nullMean - drop): the mean at which it is found. */
  readonly mean: number;
  /** The drop as a multiple of the standard deviation of single pairs. */
  readonly effect: number;
  /** The drop if the null distribution were normal. */
  readonly normalDrop: number;
  /** Draws, or for the permutation test simulated worlds. */
  readonly draws: number;
  readonly points: readonly PowerPoint[];
}

export interface AntonymPower extends PowerSetting {
  readonly seed: number;
  readonly concepts: number;
  readonly pairs: number;
  readonly features: number;
  readonly pairSd: number;
  readonly tests: readonly TestPower[];
}

/** Shares of the smallest drop that random features find: the shifts of every curve. */
const CURVE = [0.25, 0.5, 0.75, 1, 1.25, 1.5];

/**
 * @throws {AntipodeError} `format` where no concept has a pair of features with a direction, or they are too many to draw others; `interrupted` on abort
 */
export async function measurePower(options: MeasurePowerOptions): Promise<AntonymPower> {
  const { concepts, rows, seed, level, power, shifts = [], signal } = options;
  const blocks = conceptBlocks(concepts, (feature) => rows.rows.norms[rows.rowOf(feature)]! > 0);
  const used = conceptsWithPairs(blocks).length;
  if (used === 0) throw new AntipodeError('format', 'power: no concept has two features with a direction');
  const { pool, candidates, reason } = await choosePool(options, blocks);
  if (!candidates) throw new AntipodeError('format', `power: ${reason}`);
  const worlds: NullWorlds = { blocks, pool, home: homesOf(blocks, pool) };
  const anyOf: Stratum = { places: Array.from(worlds.home, (_, place) => place), candidates };
  const random = await macrosOf(worlds, [anyOf], { ...options, stream: 'power-matched' });
  const densities = knownDensities(options, pool, blocks);
  const strata = densities && densityStrata(densities, worlds.home, candidates).strata;
  const alike = strata && (await macrosOf(worlds, strata, { ...options, stream: 'power-density' }));
  const draw = createMatchedDraws([anyOf], createRng(seed, 'power-worlds'));
  const permuted = await permutationPower({ blocks, pool, draw, level, seed, signal });
  const least = detectableDrop(random, options);
  const pairSd = sdOfPairs(pool);
  const setting: ShiftSetting = {
    level,
    power,
    concepts: used,
    pairSd,
    shifts: [...(least > 0 ? CURVE.map((share) => -share * least) : []), ...shifts],
  };
  return {
    level,
    power,
    seed,
    concepts: used,
    pairs: blocks.pairA.length,
    features: blocks.features.length,
    pairSd,
    tests: [
      shiftPower('matched-random', random, setting),
      ...(alike ? [shiftPower('matched-density', alike, setting)] : []),
      ...(permuted ? [orderPower(permuted, mean(random), setting)] : []),
    ],
  };
}

interface NullWorlds {
  readonly blocks: ConceptBlocks;
  readonly pool: PoolCosines;
  readonly home: Int32Array;
}

/** The mean of concept means in each draw, ascending. */
async function macrosOf(
  { blocks, pool, home }: NullWorlds,
  strata: readonly Stratum[],
  { draws = DEFAULT_DRAWS, seed, stream, signal }: MeasurePowerOptions & { readonly stream: string },
): Promise<Float64Array> {
  const macros = new Float64Array(draws);
  await matchedNull({
    blocks,
    pool,
    home,
    draws,
    signal,
    draw: createMatchedDraws(strata, createRng(seed, stream)),
    onDraw: ({ macro }, k) => {
      macros[k] = macro;
    },
  });
  return macros.sort();
}

interface ShiftSetting extends PowerSetting {
  readonly concepts: number;
  readonly pairSd: number;
  readonly shifts: readonly number[];
}

interface Simulated {
  readonly test: PoweredTest;
  readonly nullMean: number;
  readonly nullSd: number;
  readonly drop: number;
  readonly draws: number;
  readonly powerOf: (shift: number) => number;
}

function describePower(
  { test, nullMean, nullSd, drop, draws, powerOf }: Simulated,
  { level, power, concepts, pairSd, shifts }: ShiftSetting,
): TestPower {
  const normalDrop = normalDetectableDrop(nullSd, { level, power });
  return {
    test,
    nullMean,
    nullSd,
    drop,
    mean: nullMean - drop,
    effect: drop / pairSd,
    normalDrop,
    draws,
    points: shifts.map((shift) => ({
      shift,
      power: powerOf(shift),
      normalPower: normalPowerAt(nullSd, shift, level),
      conceptsNeeded: Math.ceil(concepts * (normalDrop / shift) ** 2),
    })),
  };
}

function shiftPower(test: PoweredTest, sorted: Float64Array, setting: ShiftSetting): TestPower {
  const sums = createMoments();
  for (const macro of sorted) sums.add(macro);
  const { mean: nullMean, sd: nullSd } = sums.moments();
  return describePower(
    {
      test,
      nullMean,
      nullSd,
      drop: detectableDrop(sorted, setting),
      draws: sorted.length,
      powerOf: (shift) => powerAt(sorted, shift, setting.level),
    },
    setting,
  );
}

function orderPower({ drops, nullSd }: PermutationPower, nullMean: number, setting: ShiftSetting): TestPower {
  return describePower(
    {
      test: 'permutation',
      nullMean,
      nullSd,
      drop: quantile(drops, setting.power),
      draws: drops.length,
      powerOf: (shift) => drops.filter((drop) => drop < -shift).length / drops.length,
    },
    setting,
  );
}
