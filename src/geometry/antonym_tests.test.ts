import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { measuredPairs } from '../../test/support/measured_pairs.ts';
import type { Concept } from '../concepts/concept_set.ts';
import { openSae } from '../sae/open.ts';
import { SPACES } from '../sae/sae.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { type AntonymTests, type AntonymTestsOptions, testAntonyms } from './antonym_tests.ts';
import { createCentring } from './centring.ts';
import { measurePower } from './power.ts';
import type { TestOutcome } from './test_outcome.ts';

interface GoldenSummary {
  observed: number;
  null_mean: number;
  null_sd: number;
  draws: number;
  p: number;
}
interface GoldenMatched {
  macro: GoldenSummary;
  pooled: GoldenSummary;
  concepts: ((GoldenSummary & { q: number; low: number; high: number }) | null)[];
  without: GoldenSummary[];
}
interface GoldenVariant {
  pairs: number;
  pair_sd: number;
  permutation: Pick<GoldenMatched, 'macro' | 'pooled' | 'without'>;
  matched_random: GoldenMatched;
  matched_density: GoldenMatched;
  bins: { places: number; candidates: number }[];
  power: Record<string, { null_mean: number; null_sd: number; drop: number; at: number[] }>;
}
interface GoldenSpace {
  raw: GoldenVariant;
  centred: GoldenVariant;
  without_dense: GoldenVariant;
}
interface Golden {
  concepts: Concept[];
  densities: (number | null)[];
  seed: number;
  draws: number;
  dense_above: number;
  level: number;
  power: number;
  encoder: GoldenSpace;
  decoder: GoldenSpace;
}

const golden = JSON.parse(
  readFileSync(new URL('../../test/golden/antonym_tests.json', import.meta.url), 'utf8'),
) as Golden;
const params = fileURLToPath(new URL('../../test/fixtures/geometry/params.npz', import.meta.url));
const sae = await openSae(params, { env: {}, cwd: process.cwd() });
const matrices = { encoder: await sae.readSpace('encoder'), decoder: await sae.readSpace('decoder') };
await sae.close();

const densityOf = (feature: number): number | undefined => golden.densities[feature] ?? undefined;

function measured(matrix: FeatureMatrix, concepts: readonly Concept[]): AntonymTestsOptions {
  const centring = createCentring(matrix);
  return {
    rows: { rows: matrix, rowOf: (feature) => feature, isWhole: true },
    concepts,
    pairs: measuredPairs(matrix, concepts, { centring }),
    centring,
    draws: golden.draws,
    seed: golden.seed,
  };
}

/** Draws are float32 cosines, up to 1e-7 off; none of them lies so near the observed value that a count would change. */
function expectSummary(got: TestOutcome, expected: GoldenSummary): void {
  expect(got.draws).toBe(expected.draws);
  expect(got.observed).toBeCloseTo(expected.observed, 12);
  expect(got.nullMean).toBeCloseTo(expected.null_mean, 7);
  expect(got.nullSd).toBeCloseTo(expected.null_sd, 7);
  expect(got.p).toBeCloseTo(expected.p, 12);
  expect(got.z).toBeCloseTo((expected.observed - expected.null_mean) / expected.null_sd, 5);
}

describe.each(SPACES)('%s against numpy, draw by draw', (space) => {
  const expected = golden[space];
  const options = {
    ...measured(matrices[space], golden.concepts),
    densityOf,
    denseAbove: golden.dense_above,
  };
  let tests: AntonymTests;

  it('the overall tests', async () => {
    tests = await testAntonyms(options);
    expectSummary(tests.permutation, expected.raw.permutation.macro);
    expectSummary(tests.matchedRandom, expected.raw.matched_random.macro);
    expectSummary(tests.matchedDensity!, expected.raw.matched_density.macro);
    expect(tests.reasons).toEqual({});
    expect(tests.densityBins.map(({ places, candidates }) => ({ places, candidates }))).toEqual(
      expected.raw.bins,
    );
    expect(tests.effects.pairSd).toBeCloseTo(expected.raw.pair_sd, 7);
    const { observed, nullMean, effect } = tests.matchedRandom;
    expect(effect).toBeCloseTo((observed - nullMean) / expected.raw.pair_sd, 5);
  });

  it('every concept', () => {
    tests.concepts.forEach((got, c) => {
      const want = expected.raw.matched_random.concepts[c]!;
      const density = expected.raw.matched_density.concepts[c];
      if (want === null) {
        expect([got.n, got.observed, got.p, got.q, got.density]).toEqual([
          0,
          Number.NaN,
          Number.NaN,
          Number.NaN,
          undefined,
        ]);
        return;
      }
      expectSummary(got, want);
      expect(got.q).toBeCloseTo(want.q, 12);
      expect(got.density!.p).toBeCloseTo(density!.p, 12);
      expect(got.density!.q).toBeCloseTo(density!.q, 12);
      expect(got.interval.low * tests.effects.pairSd).toBeCloseTo(want.low, 6);
      expect(got.interval.high * tests.effects.pairSd).toBeCloseTo(want.high, 6);
    });
  });

  it('the other choices', () => {
    const of = (kind: string) => tests.sensitivity.variants.find((variant) => variant.kind === kind)!;
    const pooled = of('pooled');
    expectSummary(pooled.permutation, expected.raw.permutation.pooled);
    expectSummary(pooled.matchedRandom, expected.raw.matched_random.pooled);
    expectSummary(pooled.matchedDensity!, expected.raw.matched_density.pooled);
    for (const [kind, want] of [
      ['centred', expected.centred],
      ['without-dense', expected.without_dense],
    ] as const) {
      const got = of(kind);
      expect(got.pairs).toBe(want.pairs);
      expectSummary(got.permutation, want.permutation.macro);
      expectSummary(got.matchedRandom, want.matched_random.macro);
      expectSummary(got.matchedDensity!, want.matched_density.macro);
    }
    expect(tests.sensitivity.denseFeatures).toEqual(
      [...new Set(golden.concepts.flatMap(({ a, b }) => [...a.features, ...b.features]))]
        .filter(
          (feature) => matrices[space].norms[feature]! > 0 && (densityOf(feature) ?? 0) > golden.dense_above,
        )
        .sort((a, b) => a - b),
    );
  });

  it('without each concept', () => {
    const { withoutConcept } = tests.sensitivity;
    const of = expected.raw;
    expect(withoutConcept.map(({ observed }) => observed)).toEqual(
      of.permutation.without.map(({ observed }) => expect.closeTo(observed, 12)),
    );
    expect(withoutConcept.map(({ permutationP }) => permutationP)).toEqual(
      of.permutation.without.map(({ p }) => expect.closeTo(p, 12)),
    );
    expect(withoutConcept.map(({ matchedRandomP }) => matchedRandomP)).toEqual(
      of.matched_random.without.map(({ p }) => expect.closeTo(p, 12)),
    );
    expect(withoutConcept.map(({ matchedDensityP }) => matchedDensityP)).toEqual(
      of.matched_density.without.map(({ p }) => expect.closeTo(p, 12)),
    );
  });

  it('power', async () => {
    const found = await measurePower({
      ...options,
      level: golden.level,
      power: golden.power,
      shifts: [-0.05, -0.2],
    });
    for (const [name, want] of Object.entries(expected.raw.power)) {
      const got = found.tests.find(({ test }) => test === name)!;
      expect(got.nullMean).toBeCloseTo(want.null_mean, 7);
      expect(got.nullSd).toBeCloseTo(want.null_sd, 7);
      expect(got.drop).toBeCloseTo(want.drop, 7);
      expect(got.points.slice(-2).map(({ power }) => power)).toEqual(
        want.at.map((at) => expect.closeTo(at, 12)),
      );
    }
  });
});
