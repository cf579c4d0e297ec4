/** @file Tests of antonyms and power where something is missing: concepts, densities, directions, the rest of the dictionary, patience. */

import { describe, expect, it } from 'vitest';
import { measuredPairs } from '../../test/support/measured_pairs.ts';
import type { Concept } from '../concepts/concept_set.ts';
import { type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { type AntonymTestsOptions, testAntonyms } from './antonym_tests.ts';
import { type MeasurePowerOptions, measurePower } from './power.ts';

const [n, d] = [50, 6];
const source = createRng(2, 'edges');
const values = Float32Array.from({ length: n * d }, () => source.normal());
values.fill(0, 7 * d, 8 * d);
const matrix = toFeatureMatrix({ data: values, rows: n, cols: d });

const pairOf = (concept: string, a: number[], b: number[]): Concept => ({
  concept,
  a: { label: `${concept} a`, features: a },
  b: { label: `${concept} b`, features: b },
});
const five = [
  pairOf('one', [1, 2], [3]),
  pairOf('two', [4], [5, 6]),
  pairOf('lame', [7], [8]),
  pairOf('four', [9], [10]),
  pairOf('five', [11], [12]),
];

function optionsFor(concepts: readonly Concept[], of: FeatureMatrix = matrix): AntonymTestsOptions {
  return {
    rows: { rows: of, rowOf: (feature) => feature, isWhole: true },
    concepts,
    pairs: measuredPairs(of, concepts, { percentile: 25 }),
    draws: 299,
    seed: 1,
  };
}

describe('what is missing has a reason', () => {
  it('no concepts at all', async () => {
    const { permutation, matchedRandom, reasons, concepts, sensitivity, effects } = await testAntonyms(
      optionsFor([]),
    );
    expect([permutation.p, matchedRandom.p, permutation.observed, effects.difference.value]).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
    expect(reasons.permutation).toBe('there are fewer than two concepts to change places');
    expect([concepts, sensitivity.withoutConcept]).toEqual([[], []]);
  });

  it('one concept: nothing to change places with, no interval, but random features', async () => {
    const { permutation, matchedRandom, reasons, interval } = await testAntonyms(
      optionsFor(five.slice(0, 1)),
    );
    expect(permutation.p).toBeNaN();
    expect(matchedRandom.p).toBeGreaterThan(0);
    expect(Object.keys(reasons).sort()).toEqual(['centred', 'matchedDensity', 'permutation', 'withoutDense']);
    expect(interval).toEqual({ low: -1, high: 1 });
  });

  it('a feature without a direction: its concept is there and counts nowhere', async () => {
    const tests = await testAntonyms(optionsFor(five));
    expect(tests.concepts.map(({ n: pairs, p }) => [pairs, Number.isNaN(p)])).toEqual([
      [2, false],
      [2, false],
      [0, true],
      [1, false],
      [1, false],
    ]);
    expect(tests.sensitivity.withoutConcept.map(({ concept }) => concept.concept)).toEqual([
      'one',
      'two',
      'four',
      'five',
    ]);
    // Four concepts have 24 orders: all were compared, the one that is among them.
    expect(tests.permutation.draws).toBe(24);
    expect((tests.permutation.p * 24) % 2).toBeCloseTo(0, 9);
    const without = await testAntonyms(optionsFor(five.filter(({ concept }) => concept !== 'lame')));
    expect(without.permutation).toEqual(tests.permutation);
    expect(without.matchedRandom).toEqual(tests.matchedRandom);
  });

  it('only the rows of the concepts: sets change places, random features are not to be had', async () => {
    const features = [...new Set(five.flatMap(({ a, b }) => [...a.features, ...b.features]))];
    const rows = Float32Array.from(features.flatMap((f) => [...matrix.data.subarray(f * d, (f + 1) * d)]));
    const whole = await testAntonyms(optionsFor(five));
    const { permutation, matchedRandom, reasons } = await testAntonyms({
      ...optionsFor(five),
      rows: {
        rows: toFeatureMatrix({ data: rows, rows: features.length, cols: d }),
        rowOf: (feature) => features.indexOf(feature),
        isWhole: false,
      },
    });
    expect(permutation.p).toBe(whole.permutation.p);
    expect(permutation.nullMean).toBeCloseTo(whole.permutation.nullMean, 7);
    expect([matchedRandom.p, matchedRandom.draws]).toEqual([Number.NaN, 0]);
    expect(reasons.matchedRandom).toBe('only single rows were read');
  });

  it('densities of other features alone do not match anything', async () => {
    const elsewhere = await testAntonyms({
      ...optionsFor(five),
      densityOf: (feature) => (feature > 40 ? 0.01 : undefined),
    });
    expect(elsewhere.matchedDensity).toBeUndefined();
    expect(elsewhere.reasons.matchedDensity).toBe('it is not known how often the features are active');
  });

  it('more features than a pool can hold', async () => {
    const many = 8200;
    const wide = toFeatureMatrix({
      data: Float32Array.from({ length: 2 * many }, () => source.normal()),
      rows: many,
      cols: 2,
    });
    const huge = [
      pairOf(
        'huge',
        Array.from({ length: many - 3 }, (_, k) => k),
        [many - 3],
      ),
      pairOf('small', [many - 2], [many - 1]),
    ];
    const { reasons, permutation, matchedRandom } = await testAntonyms(optionsFor(huge, wide));
    expect(reasons.matchedRandom).toBe('the concepts have more than 8192 features');
    expect(reasons.permutation).toBe(reasons.matchedRandom);
    expect([permutation.p, matchedRandom.p]).toEqual([Number.NaN, Number.NaN]);
    await expect(measurePower({ ...optionsFor(huge, wide), level: 0.05, power: 0.8 })).rejects.toThrow(
      'power: the concepts have more than 8192 features',
    );
  });
});

describe('draws', () => {
  it('the same seed gives the same result, another seed another', async () => {
    const options = { ...optionsFor(five), densityOf: (feature: number) => (feature % 5) / 100 };
    const [once, twice, other] = [
      await testAntonyms(options),
      await testAntonyms(options),
      await testAntonyms({ ...options, seed: 9 }),
    ];
    expect(twice).toEqual(once);
    expect(other.matchedRandom.nullMean).not.toBe(once.matchedRandom.nullMean);
  });

  it('the share of smaller cosines comes from the percentiles', async () => {
    const { effects } = await testAntonyms(optionsFor(five));
    expect(effects.superiority).toEqual({ value: 0.25, interval: { low: 0.25, high: 0.25 } });
  });

  it('an interruption is heard among many', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const rejected = testAntonyms({ ...optionsFor(five), draws: 1_000_000, signal: controller.signal });
    await expect(rejected).rejects.toMatchObject({ kind: 'interrupted' });
  });

  it('opposites in one direction only: the largest effect there is', async () => {
    const line = toFeatureMatrix({
      data: Float32Array.from({ length: 40 }, (_, f) => (f % 2 === 0 ? 1 : -1)),
      rows: 40,
      cols: 1,
    });
    const concepts = Array.from({ length: 8 }, (_, c) => pairOf(String(c), [2 * c], [2 * c + 1]));
    const { permutation, matchedRandom, interval } = await testAntonyms(optionsFor(concepts, line));
    // Every set A is opposed to every set B, so their order says nothing; random features are as often alike.
    expect([permutation.p, permutation.nullSd]).toEqual([1, 0]);
    expect(matchedRandom.p).toBeCloseTo(2 / 300, 12);
    expect(interval).toEqual({ low: -1, high: -1 });
  });
});

describe('power', () => {
  const setting: MeasurePowerOptions = { ...optionsFor(five), level: 0.05, power: 0.8 };

  it('four concepts have too few orders for 5 %, and enough for 20 %', async () => {
    const dropAt = async (level: number): Promise<number> =>
      (await measurePower({ ...setting, level })).tests.find(({ test }) => test === 'permutation')!.drop;
    expect(await dropAt(0.05)).toBe(Infinity);
    expect(await dropAt(0.2)).toBeLessThan(2);
  });

  it('a small level is not out of reach because few orders were drawn', async () => {
    const concepts = Array.from({ length: 9 }, (_, c) => pairOf(String(c), [20 + 2 * c], [21 + 2 * c]));
    const { tests } = await measurePower({ ...setting, concepts, level: 0.001 });
    expect(tests.find(({ test }) => test === 'permutation')!.drop).toBeLessThan(2);
  });

  it('more power asks for a larger drop; drop, mean and effect say the same', async () => {
    const concepts = Array.from({ length: 9 }, (_, c) => pairOf(String(c), [20 + 2 * c], [21 + 2 * c]));
    const at = (power: number) => measurePower({ ...setting, concepts, power });
    const [half, most] = [await at(0.5), await at(0.9)];
    half.tests.forEach(({ drop, effect, mean, nullMean }, k) => {
      expect(drop).toBeGreaterThan(0);
      expect(most.tests[k]!.drop).toBeGreaterThan(drop);
      expect(mean).toBeCloseTo(nullMean - drop, 14);
      expect(effect).toBeCloseTo(drop / half.pairSd, 14);
    });
    expect((await at(0.5)).tests).toEqual(half.tests);
  });

  it('nothing to measure is said, and an interruption heard', async () => {
    const lame = five.filter(({ concept }) => concept === 'lame');
    await expect(measurePower({ ...setting, concepts: lame })).rejects.toThrow(
      'power: no concept has two features with a direction',
    );
    await expect(
      measurePower({ ...setting, draws: 1_000_000, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ kind: 'interrupted' });
  });
});
