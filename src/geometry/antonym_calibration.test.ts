/** @file Simulated dictionaries: p-values where nothing is to be found, power where something is, and intervals that cover what they say. */

import { describe, expect, it } from 'vitest';
import { isFull } from '../../test/support/effort.ts';
import { testUniformity } from '../../test/support/kolmogorov_smirnov.ts';
import { measuredPairs } from '../../test/support/measured_pairs.ts';
import type { Concept } from '../concepts/concept_set.ts';
import { bootstrapRatio, type Cluster } from '../stats/bootstrap.ts';
import { expectedExtremes, normalLaw, randomCosineLaw } from '../stats/expected_extremes.ts';
import { createMoments } from '../stats/moments.ts';
import { shuffle } from '../stats/permutation.ts';
import { mean } from '../stats/summary.ts';
import { type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng, type Rng } from '../tensor/rng.ts';
import { type AntonymTests, testAntonyms } from './antonym_tests.ts';
import { poolCosines } from './pool_cosines.ts';
import { measurePower } from './power.ts';

const D = 8;
const FEATURES = 160;
/** |A| and |B| of the concepts. */
const SIZES = [
  [1, 1],
  [2, 1],
  [1, 2],
  [3, 2],
  [1, 1],
  [2, 2],
  [1, 1],
  [4, 1],
] as const;
const PLACES = SIZES.reduce((sum, [a, b]) => sum + a + b, 0);
const DRAWS = 199;

interface World {
  readonly matrix: FeatureMatrix;
  readonly concepts: readonly Concept[];
  readonly densities: Float64Array;
}

interface WorldOptions {
  readonly rng: Rng;
  /** Which feature stands in each place. */
  readonly choose: (densities: Float64Array, rng: Rng) => ArrayLike<number>;
  /** Added to a random direction of unequal coordinates, by density and by feature. */
  readonly direction?: (row: Float32Array, density: number) => void;
}

/** A dictionary whose directions share a part and prefer some coordinates; half of its features are dense. */
function makeWorld({ rng, choose, direction }: WorldOptions): World {
  const densities = Float64Array.from({ length: FEATURES }, () => (rng.uniform() < 0.5 ? 0.3 : 0.003));
  const data = Float32Array.from({ length: FEATURES * D }, (_, k) => (1 + (k % D)) * rng.normal() + 1);
  densities.forEach((density, f) => {
    direction?.(data.subarray(f * D, (f + 1) * D), density);
  });
  const features = Array.from(choose(densities, rng));
  const concepts = SIZES.map(([a, b], c) => ({
    concept: String(c),
    a: { label: 'a', features: features.splice(0, a) },
    b: { label: 'b', features: features.splice(0, b) },
  }));
  return { matrix: toFeatureMatrix({ data, rows: FEATURES, cols: D }), concepts, densities };
}

/** Any features at all. */
function anyFeatures(_: Float64Array, rng: Rng): Int32Array {
  const all = Int32Array.from({ length: FEATURES }, (_unused, f) => f);
  shuffle(all, rng);
  return all.subarray(0, PLACES);
}

/** Dense ones four times as often as others. */
function mostlyDense(densities: Float64Array, rng: Rng): number[] {
  const chosen = new Set<number>();
  while (chosen.size < PLACES) {
    const feature = rng.integer(FEATURES);
    if (densities[feature]! > 0.1 || rng.uniform() < 0.25) chosen.add(feature);
  }
  return [...chosen];
}

function run(
  { matrix, concepts, densities }: World,
  seed: number,
  matchDensity = false,
): Promise<AntonymTests> {
  return testAntonyms({
    rows: { rows: matrix, rowOf: (feature) => feature, isWhole: true },
    concepts,
    pairs: measuredPairs(matrix, concepts),
    draws: DRAWS,
    seed,
    ...(matchDensity && { densityOf: (feature: number) => densities[feature] }),
  });
}

async function manyWorlds(
  count: number,
  options: Omit<WorldOptions, 'rng'>,
  read: (tests: AntonymTests) => readonly number[],
  matchDensity = false,
): Promise<number[][]> {
  const columns: number[][] = [];
  for (let world = 0; world < count; world++) {
    const tests = await run(makeWorld({ rng: createRng(world, 'world'), ...options }), world, matchDensity);
    read(tests).forEach((value, k) => {
      columns[k] ??= [];
      columns[k].push(value);
    });
  }
  return columns;
}

const WORLDS = 1000;
/** Where fewer show it as well. */
const FEWER = isFull ? WORLDS : 300;
/** The seeds are fixed: a test whose p-values are uniform falls below this for one choice of seeds in a hundred. */
const UNIFORM = 0.01;
/** That 199 draws give p in steps of a hundredth is no reason to reject. */
const jittered = (ps: readonly number[]): number[] => {
  const rng = createRng(0, 'jitter');
  return ps.map((p) => p - (rng.uniform() * 2) / (DRAWS + 1));
};

describe('where there is nothing to find', () => {
  it(`p is uniform over ${WORLDS} dictionaries: sets in other orders, random features`, async () => {
    const found = await manyWorlds(WORLDS, { choose: anyFeatures }, (tests) => [
      tests.permutation.p,
      tests.matchedRandom.p,
      tests.concepts[3]!.p,
      tests.concepts[3]!.interval.low,
      tests.concepts[3]!.interval.high,
    ]);
    for (const ps of found.slice(0, 3)) expect(testUniformity(jittered(ps)).p).toBeGreaterThan(UNIFORM);
    // No effect: the interval of a single concept holds 0 in 95 of a hundred worlds, with a standard error of 0.7.
    const [low, high] = found.slice(3) as [number[], number[]];
    const covered = low.filter((value, world) => value <= 0 && high[world]! >= 0).length / WORLDS;
    expect(Math.abs(covered - 0.95)).toBeLessThan(0.021);
  }, 60_000);

  it(`opposed sets that belong to no concept: the order of sets says nothing, random features reject`, async () => {
    // Whatever stands on side a points one way, side b the other: opposed, and not because of the concepts.
    const results: number[][] = [[], []];
    for (let world = 0; world < FEWER; world++) {
      const made = makeWorld({ rng: createRng(world, 'sides'), choose: anyFeatures });
      const onB = new Set(made.concepts.flatMap(({ b }) => b.features));
      const onA = new Set(made.concepts.flatMap(({ a }) => a.features));
      const data = made.matrix.data.map((value, k) => {
        const side = onA.has(Math.floor(k / D)) ? 6 : onB.has(Math.floor(k / D)) ? -6 : 0;
        return value + side;
      });
      const tests = await run({ ...made, matrix: toFeatureMatrix({ data, rows: FEATURES, cols: D }) }, world);
      results[0]!.push(tests.permutation.p);
      results[1]!.push(tests.matchedRandom.p);
    }
    expect(testUniformity(jittered(results[0]!)).p).toBeGreaterThan(UNIFORM);
    expect(Math.max(...results[1]!)).toBeLessThan(0.05);
  }, 60_000);

  it(`dense features that are alike, chosen more often: matched by density p is uniform, else it is not`, async () => {
    const likeness = (row: Float32Array, density: number): void => {
      if (density > 0.1) for (let c = 0; c < D; c++) row[c]! += 3;
    };
    const [random, density] = (await manyWorlds(
      FEWER,
      { choose: mostlyDense, direction: likeness },
      (tests) => [tests.matchedRandom.p, tests.matchedDensity!.p],
      true,
    )) as [number[], number[]];
    expect(testUniformity(jittered(density)).p).toBeGreaterThan(UNIFORM);
    expect(testUniformity(jittered(random)).p).toBeLessThan(1e-6);
  }, 120_000);
});

describe('where opposites are opposed', () => {
  /** Turns every feature of a side b towards the opposite of its concept's side a. */
  function oppose({ matrix, concepts, densities }: World, strength: number): World {
    const data = matrix.data.slice();
    for (const { a, b } of concepts) {
      for (const feature of b.features) {
        for (let c = 0; c < D; c++) {
          const against = mean(a.features.map((one) => matrix.data[one * D + c]! / matrix.norms[one]!));
          data[feature * D + c]! -= strength * matrix.norms[feature]! * against;
        }
      }
    }
    return { matrix: toFeatureMatrix({ data, rows: FEATURES, cols: D }), concepts, densities };
  }

  it('power rises with the effect, and the sign says which way', async () => {
    const strengths = [0, 0.25, 0.5, 1, 2];
    const rejected: number[][] = [];
    for (const strength of strengths) {
      const [permutation, matched, effect] = [[0], [0], [0]] as [number[], number[], number[]];
      for (let world = 0; world < 60; world++) {
        const made = makeWorld({ rng: createRng(world, 'power'), choose: anyFeatures });
        const tests = await run(oppose(made, strength), world);
        if (tests.permutation.p <= 0.05) permutation[0]! += 1 / 60;
        if (tests.matchedRandom.p <= 0.05) matched[0]! += 1 / 60;
        effect[0]! += tests.matchedRandom.effect / 60;
      }
      rejected.push([permutation[0]!, matched[0]!, effect[0]!]);
    }
    const [permutation, matched, effect] = [0, 1, 2].map((k) => rejected.map((row) => row[k]!)) as [
      number[],
      number[],
      number[],
    ];
    for (const power of [permutation, matched]) {
      expect(power[0]).toBeLessThan(0.17);
      expect(power.at(-1)).toBeGreaterThan(0.9);
      expect(power).toEqual(power.toSorted((x, y) => x - y));
    }
    expect(effect).toEqual(effect.toSorted((x, y) => y - x));
  }, 60_000);

  it('the drop that power promises is found as often as promised', async () => {
    const { matrix, concepts } = makeWorld({ rng: createRng(5, 'promise'), choose: anyFeatures });
    const rows = { rows: matrix, rowOf: (feature: number) => feature, isWhole: true };
    const setting = { level: 0.05, power: 0.8, seed: 1, draws: 4000 };
    const { tests } = await measurePower({ rows, concepts, ...setting });
    const again = await measurePower({
      rows,
      concepts,
      ...setting,
      seed: 2,
      shifts: tests.map(({ drop }) => -drop),
    });
    // Two simulations that share no draw: each is off by about 0.01 (4000 draws) or 0.013 (1000 worlds), in drop and in power.
    tests.forEach(({ test }, k) => {
      const point = again.tests[k]!.points.at(k - tests.length)!;
      expect([again.tests[k]!.test, Math.abs(point.power - 0.8) < 0.06]).toEqual([test, true]);
    });
  });
});

describe('directions without any structure', () => {
  const [n, d] = [1500, 64];
  const rng = createRng(11, 'isotropic');
  const data = Float32Array.from({ length: n * d }, () => rng.normal());
  const matrix = toFeatureMatrix({ data, rows: n, cols: d });
  const rows = { rows: matrix, rowOf: (feature: number) => feature, isWhole: true };

  it('have cosines with sd 1/sqrt(d), and extremes where the beta distribution has them', async () => {
    const [few, width, worlds] = [300, 16, 60];
    const pairs = (few * (few - 1)) / 2;
    const sums = createMoments();
    const largest: number[] = [];
    for (let world = 0; world < worlds; world++) {
      const source = createRng(world, 'isotropic-extremes');
      const values = Float32Array.from({ length: few * width }, () => source.normal());
      const drawn = toFeatureMatrix({ data: values, rows: few, cols: width });
      const all = Array.from({ length: few }, (_, f) => f);
      const { cosines } = await poolCosines({ ...rows, rows: drawn }, all);
      let [most, least] = [-1, 1];
      for (let i = 0; i < few; i++) {
        for (let j = i + 1; j < few; j++) {
          const cos = cosines[i * few + j]!;
          sums.add(cos);
          most = Math.max(most, cos);
          least = Math.min(least, cos);
        }
      }
      largest.push(most, -least);
    }
    const { sd, mean: center, count } = sums.moments();
    expect(count).toBe(worlds * pairs);
    // Pairs are independent two by two: the mean of all is off by sd / sqrt(count), the sd by about that over sqrt(2).
    expect(Math.abs(center)).toBeLessThan((4 * sd) / Math.sqrt(count));
    expect(Math.abs(sd - 1 / Math.sqrt(width))).toBeLessThan((4 * sd) / Math.sqrt(2 * count));
    const expected = expectedExtremes(pairs, randomCosineLaw(width)).largest;
    const spread = createMoments();
    for (const value of largest) spread.add(value);
    const { mean: found, sd: noise } = spread.moments();
    const standardError = noise / Math.sqrt(largest.length);
    expect(Math.abs(found - expected.mean)).toBeLessThan(3 * standardError);
    const outside = largest.filter((value) => value < expected.low || value > expected.high).length;
    // Of 120, 5 % with a standard deviation of 2.4.
    expect(outside).toBeLessThanOrEqual(13);
    // The normal distribution of the same sd has longer tails: by its law the largest should be beyond what a cosine can be.
    expect(expectedExtremes(pairs, normalLaw(0, sd)).largest.mean - found).toBeGreaterThan(
      30 * standardError,
    );
  });

  it('power agrees with the normal distribution of a mean of as many cosines', async () => {
    const concepts = Array.from({ length: 40 }, (_, c) => ({
      concept: String(c),
      a: { label: 'a', features: [2 * c] },
      b: { label: 'b', features: [2 * c + 1] },
    }));
    const setting = { level: 0.05, power: 0.8 };
    const { tests, pairSd } = await measurePower({ rows, concepts, seed: 3, ...setting });
    const sd = 1 / Math.sqrt(d * concepts.length);
    expect(Math.abs(pairSd * Math.sqrt(d) - 1)).toBeLessThan(0.01);
    for (const { nullSd, drop, normalDrop } of tests) {
      // 10,000 draws leave 0.7 percent of the sd, and 2 percent of the difference of two quantiles; 1000 worlds 6 percent.
      expect(Math.abs(nullSd / sd - 1)).toBeLessThan(0.05);
      expect(normalDrop).toBeCloseTo(nullSd * (1.959963984540054 + 0.8416212335729143), 12);
      expect(Math.abs(drop / normalDrop - 1)).toBeLessThan(0.12);
    }
  });
});

describe('intervals over concepts', () => {
  const laws: Record<string, { draw: (rng: Rng) => Cluster; truth: number }> = {
    'normal means': { draw: (rng) => ({ sum: 0.1 * rng.normal() - 0.05, weight: 1 }), truth: -0.05 },
    'skewed means': { draw: (rng) => ({ sum: Math.log(1 - rng.uniform()), weight: 1 }), truth: -1 },
    'pairs of concepts of unequal size': {
      draw: (rng) => {
        const weight = 1 + rng.integer(6);
        const shared = 0.1 * rng.normal();
        return { sum: weight * (shared + 0.2) + 0.05 * Math.sqrt(weight) * rng.normal(), weight };
      },
      truth: 0.2,
    },
  };

  it.each(Object.keys(laws))('20 concepts, %s: 95 percent cover', (name) => {
    const { draw, truth } = laws[name]!;
    const runs = isFull ? 10_000 : 1000;
    const [rng, resample] = [createRng(7, name), createRng(8, name)];
    let covered = 0;
    for (let k = 0; k < runs; k++) {
      const clusters = Array.from({ length: 20 }, () => draw(rng));
      const { low, high } = bootstrapRatio(clusters, { draws: 399, rng: resample });
      if (low <= truth && truth <= high) covered += 1;
    }
    // Three standard errors of the count, and 0.01 for what the bootstrap-t itself is off with 20 concepts.
    const slack = 3 * Math.sqrt((0.95 * 0.05) / runs) + 0.01;
    expect(Math.abs(covered / runs - 0.95)).toBeLessThan(slack);
  });
});
