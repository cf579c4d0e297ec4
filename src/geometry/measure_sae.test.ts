import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Concept, ConceptSet } from '../concepts/concept_set.ts';
import { openSae } from '../sae/open.ts';
import type { SaeFile } from '../sae/sae.ts';
import type { MeasureSaeOptions } from './measure_options.ts';
import { measureSae, type SaeGeometry } from './measure_sae.ts';
import type { SpaceMeasures } from './measure_space.ts';
import { GEOMETRY_PARTS } from './parts.ts';

const params = fileURLToPath(new URL('../../test/fixtures/geometry/params.npz', import.meta.url));
const golden = JSON.parse(
  readFileSync(new URL('../../test/golden/geometry.json', import.meta.url), 'utf8'),
) as Golden;

interface GoldenPair {
  concept: string;
  a: number;
  b: number;
  cos: number | null;
  below: number;
  z: number;
  rank_of_b: number;
  rank_of_a: number;
  centred: number;
}
interface GoldenSpace {
  pairs: GoldenPair[];
  concept_means: number[];
  pooled: number;
  macro: number;
  population: { pairs: number; mean: number; sd: number };
  top: [number, number, number][];
  bottom: [number, number, number][];
  mean_direction_length: number;
}
interface Golden {
  concepts: Concept[];
  encoder: GoldenSpace;
  decoder: GoldenSpace;
  same_feature: {
    concepts: { n: number; mean: number; max: number; min: number };
    dictionary: { n: number; mean: number; argmax: number; argmin: number };
  };
}

const concepts: ConceptSet = { id: 'golden', title: 'golden', concepts: golden.concepts, sha256: '' };

async function withSae<T>(use: (sae: SaeFile) => Promise<T>): Promise<T> {
  const sae = await openSae(params, { env: {}, cwd: process.cwd() });
  try {
    return await use(sae);
  } finally {
    await sae.close();
  }
}

function measure(options: Partial<MeasureSaeOptions> = {}): Promise<SaeGeometry> {
  return withSae((sae) =>
    measureSae({
      sae,
      concepts,
      spaces: ['encoder', 'decoder'],
      parts: GEOMETRY_PARTS,
      seed: 3,
      randomPairs: 20,
      top: 5,
      ...options,
    }),
  );
}

const whole = await measure();

describe.each(whole.spaces.map((measures) => [measures.space, measures] as const))(
  '%s against numpy in float64',
  (space, measures) => {
    const expected = golden[space];

    it('every combination: cosine, count below, z, ranks, centred cosine', () => {
      expect(
        measures.pairs.map(({ concept, featureA, featureB }) => [concept.concept, featureA, featureB]),
      ).toEqual(expected.pairs.map(({ concept, a, b }) => [concept, a, b]));
      measures.pairs.forEach((pair, index) => {
        const want = expected.pairs[index]!;
        if (want.cos === null) {
          expect(pair.cos).toBeNaN();
          expect(pair.percentile).toBeUndefined();
          expect(pair.rankOfB).toBeNaN();
          return;
        }
        expect(pair.cos).toBeCloseTo(want.cos, 12);
        expect(pair.pairsBelow).toBe(want.below);
        expect(pair.percentile).toBeCloseTo((100 * want.below) / expected.population.pairs, 10);
        // The population's mean and sd come from float32 products.
        expect(pair.z).toBeCloseTo(want.z, 5);
        expect([pair.rankOfB, pair.rankOfA]).toEqual([want.rank_of_b, want.rank_of_a]);
        expect(pair.centredCos).toBeCloseTo(want.centred, 10);
      });
    });

    it('means, population and extremes', () => {
      expect(measures.pooledMean.cos).toBeCloseTo(expected.pooled, 12);
      expect(measures.macroMean.cos).toBeCloseTo(expected.macro, 12);
      expect(measures.concepts.map(({ mean }) => mean.cos)).toEqual(
        expected.concept_means.map((value) => expect.closeTo(value, 12)),
      );
      expect(measures.population).toMatchObject({
        pairs: expected.population.pairs,
        mean: expect.closeTo(expected.population.mean, 7),
        sd: expect.closeTo(expected.population.sd, 7),
      });
      const shown = (pairs: SpaceMeasures['top']) =>
        pairs!.map(({ i, j, cos }) => [i, j, expect.closeTo(cos, 12)]);
      expect(expected.top).toEqual(shown(measures.top));
      expect(expected.bottom).toEqual(shown(measures.bottom));
      expect(measures.meanDirectionLength).toBeCloseTo(expected.mean_direction_length, 12);
    });
  },
);

describe('the whole SAE', () => {
  it('the same-feature control equals numpy', () => {
    const { concepts: ours, dictionary } = whole.sameFeature!;
    const expected = golden.same_feature;
    expect(ours).toMatchObject({ n: expected.concepts.n, mean: expect.closeTo(expected.concepts.mean, 12) });
    expect(ours.highest!.cos).toBeCloseTo(expected.concepts.max, 12);
    expect(ours.lowest!.cos).toBeCloseTo(expected.concepts.min, 12);
    expect(dictionary).toMatchObject({
      n: expected.dictionary.n,
      mean: expect.closeTo(expected.dictionary.mean, 12),
    });
    expect([dictionary.highest!.feature, dictionary.lowest!.feature]).toEqual([
      expected.dictionary.argmax,
      expected.dictionary.argmin,
    ]);
  });

  it('lists zero and non-finite rows and classes the planted pairs', () => {
    expect(whole.defects).toEqual([
      { space: 'encoder', feature: 45, defect: 'non-finite' },
      { space: 'decoder', feature: 44, defect: 'zero-norm' },
    ]);
    const found = whole.extremes.filter(({ featureA, featureB }) => featureA === 4 && featureB === 17);
    expect(found.map(({ space, end, pairClass }) => [space, end, pairClass])).toEqual([
      ['encoder', 'opposed', 'antipodal'],
      ['decoder', 'opposed', 'antipodal'],
    ]);
  });

  it('random pairs are the same in both spaces, distinct and usable', () => {
    const [encoder, decoder] = whole.spaces;
    const ids = (measures: SpaceMeasures) =>
      measures.random.map(({ featureA, featureB }) => `${featureA}-${featureB}`);
    expect(ids(encoder!)).toEqual(ids(decoder!));
    expect(new Set(ids(encoder!)).size).toBe(20);
    expect(encoder!.random.every(({ cos }) => !Number.isNaN(cos))).toBe(true);
  });

  it('C14: the same seed gives the same result, another seed other random pairs', async () => {
    expect(await measure()).toEqual(whole);
    const other = await measure({ seed: 4 });
    expect(other.randomPairs).not.toEqual(whole.randomPairs);
  });
});

describe('parts', () => {
  it('pairs and random alone read single rows and give the same cosines, without places', async () => {
    const rowsAsked: number[] = [];
    const few = await withSae((sae) => {
      const spied: SaeFile = {
        ...sae,
        readRows: (space, features) => {
          rowsAsked.push(features.length);
          return sae.readRows(space, features);
        },
        readSpace: () => Promise.reject(new Error('read a whole matrix')),
      };
      return measureSae({
        sae: spied,
        concepts,
        spaces: ['encoder', 'decoder'],
        parts: ['pairs'],
        seed: 3,
        randomPairs: 20,
        top: 5,
      });
    });
    expect(rowsAsked).toEqual([10, 10]);
    few.spaces.forEach((measures, s) => {
      expect(measures.pairs.map(({ cos }) => cos)).toEqual(whole.spaces[s]!.pairs.map(({ cos }) => cos));
      expect(measures.population).toBeUndefined();
      expect(
        measures.pairs.every(({ percentile, rankOfB }) => percentile === undefined && rankOfB === undefined),
      ).toBe(true);
    });
    expect(few.defects).toEqual(whole.defects);
  });

  it('one space alone still classes its extremes by both', async () => {
    const one = await measure({ spaces: ['decoder'], parts: ['extremes'] });
    expect(one.spaces.map(({ space }) => space)).toEqual(['decoder']);
    expect(one.extremes.find(({ featureA, featureB }) => featureA === 4 && featureB === 17)?.pairClass).toBe(
      'antipodal',
    );
  });

  it('features outside the dictionary are refused', async () => {
    const outside: ConceptSet = {
      ...concepts,
      concepts: [{ concept: 'X', a: { label: 'a', features: [1] }, b: { label: 'b', features: [60] } }],
    };
    await expect(measure({ concepts: outside })).rejects.toMatchObject({
      message: expect.stringContaining('60'),
    });
  });
});
