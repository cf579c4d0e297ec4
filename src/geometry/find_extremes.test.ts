import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AntipodeError } from '../errors.ts';
import { openSae } from '../sae/open.ts';
import type { SaeFile, Space } from '../sae/sae.ts';
import { compareBottom, compareTop, type ScoredPair } from '../search/pairs.ts';
import { keepBest } from './best_pairs.ts';
import type { ExtremePair } from './extremes.ts';
import { type FindExtremesOptions, findExtremes } from './find_extremes.ts';
import { neighborsOf } from './find_neighbors.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/', import.meta.url));
const golden = JSON.parse(
  readFileSync(new URL('../../test/golden/extremes.json', import.meta.url), 'utf8'),
) as Golden;

/** `[i, j, cosine, cosine in the other space]`. */
type GoldenPair = [number, number, number, number | null];
interface GoldenEnds {
  pairs: number;
  top: GoldenPair[];
  bottom: GoldenPair[];
  mean: number;
  sd: number;
  /** Over [-1, 1]. */
  counts: number[];
}
type Searches = 'within' | 'between' | 'within_filtered' | 'between_filtered';
type Golden = Record<Searches, Record<Space, GoldenEnds>> & {
  k: number;
  density: [number, number];
  kept: [number, number];
  neighbors: ({ feature: number; among: number; space: Space } & GoldenEnds)[];
};

let first: SaeFile;
let second: SaeFile;
beforeAll(async () => {
  const open = (name: string): Promise<SaeFile> => openSae(`${fixtures}${name}`, { env: {}, cwd: '/' });
  [first, second] = await Promise.all([open('extremes/first'), open('extremes/second')]);
});
afterAll(async () => {
  await Promise.all([first.close(), second.close()]);
});

/** As the export beside the fixture says it; of feature 3 nothing is known. */
function kept(name: string): (feature: number) => boolean {
  const rows = readFileSync(`${fixtures}extremes/${name}.jsonl`, 'utf8').trim().split('\n');
  const densities = new Map(
    rows
      .map((line) => JSON.parse(line) as { index: string; frac_nonzero: number })
      .map(({ index, frac_nonzero }) => [Number(index), frac_nonzero]),
  );
  const [least, most] = golden.density;
  return (feature) => {
    const density = densities.get(feature);
    return density !== undefined && density >= least && density <= most;
  };
}

/** The same shape as the golden numbers; sums in another order differ by an ulp or two. */
function shown(pairs: readonly ExtremePair[], end: ExtremePair['end']): unknown[] {
  return pairs
    .filter((pair) => pair.end === end)
    .map(({ space, featureA, featureB, cosEncoder, cosDecoder }) => {
      const [cos, other] = space === 'encoder' ? [cosEncoder, cosDecoder] : [cosDecoder, cosEncoder];
      return [
        featureA,
        featureB,
        expect.closeTo(cos, 12),
        Number.isNaN(other) ? null : expect.closeTo(other, 12),
      ];
    });
}

function find(more: Partial<FindExtremesOptions> = {}) {
  return findExtremes({ a: { sae: first }, spaces: ['encoder', 'decoder'], k: golden.k, ...more });
}

describe('findExtremes against numpy in float64', () => {
  const cases: [Searches, () => Partial<FindExtremesOptions>][] = [
    ['within', () => ({})],
    ['between', () => ({ b: { sae: second } })],
    ['within_filtered', () => ({ a: { sae: first, takesPart: kept('first') } })],
    [
      'between_filtered',
      () => ({
        a: { sae: first, takesPart: kept('first') },
        b: { sae: second, takesPart: kept('second') },
      }),
    ],
  ];

  it.each(cases)(
    '%s: pairs, both cosines, ties by index, rows without a direction',
    async (name, options) => {
      for (const found of await find(options())) {
        const expected = golden[name][found.space];
        expect(expected.top.length).toBe(golden.k);
        expect(expected.top).toEqual(shown(found.extremes, 'aligned'));
        expect(expected.bottom).toEqual(shown(found.extremes, 'opposed'));
        expect(found.extremes.map(({ rank }) => rank)).toEqual([...ranks(), ...ranks()]);
        expect(found.pairs).toBe(expected.pairs);
      }
    },
  );

  it.each(cases)('%s: a census counts all pairs and changes no pair', async (name, options) => {
    const plain = await find(options());
    const counted = await find({ ...options(), census: 'exact' });
    const unplaced = counted.map(({ population, ...found }) => ({
      ...found,
      extremes: found.extremes.map(({ pairsBelow, percentile, z, ...pair }) => pair),
    }));
    expect(unplaced).toEqual(plain);
    for (const { space, population } of counted) {
      const { pairs, mean, sd, counts } = golden[name][space];
      const width = population!.histogram.length / counts.length;
      const coarse = counts.map((_, bin) =>
        population!.histogram.slice(bin * width, (bin + 1) * width).reduce((sum, count) => sum + count, 0),
      );
      // Sums over float32 products.
      expect(population).toMatchObject({ pairs, mean: expect.closeTo(mean, 6), sd: expect.closeTo(sd, 6) });
      expect(coarse).toEqual(counts);
    }
  });

  it('counts who took part, and names rows without a direction whether they were to take part or not', async () => {
    const [encoder, decoder] = await find({
      a: { sae: first, takesPart: kept('first') },
      b: { sae: second, takesPart: (feature) => feature < 5 },
    });
    expect(encoder!.b).toEqual({ features: 4, defects: [{ feature: 1, defect: 'zero-norm' }], leftOut: 26 });
    expect(encoder!.a.defects).toEqual([{ feature: 30, defect: 'non-finite' }]);
    expect(decoder!.a.defects).toEqual([{ feature: 22, defect: 'zero-norm' }]);
    expect(decoder!.b).toEqual({ features: 5, defects: [], leftOut: 26 });
    expect(decoder!.a.features + decoder!.a.leftOut).toBe(39);
  });

  it('does not depend on the number of threads; more pairs than there are is all of them', async () => {
    const options = { k: 10_000, b: { sae: second }, spaces: ['decoder'] as const };
    const [one] = await find({ ...options, threads: 1 });
    expect(one!.extremes).toHaveLength(2 * golden.between.decoder.pairs);
    expect(await find({ ...options, threads: 2 })).toEqual([one]);
  });

  it('a class is undefined where the other space has no direction', async () => {
    const [encoder] = await find({ k: 10_000, spaces: ['encoder'] });
    const ofZero = encoder!.extremes.filter(({ featureA, featureB }) => [featureA, featureB].includes(22));
    expect(ofZero.length).toBeGreaterThan(0);
    for (const { cosDecoder, cosEncoder, pairClass } of ofZero) {
      expect([cosDecoder, Number.isNaN(cosEncoder), pairClass]).toEqual([Number.NaN, false, undefined]);
    }
  });

  it('where nobody takes part there are no pairs', async () => {
    const [none] = await find({ a: { sae: first, takesPart: () => false }, spaces: ['decoder'] });
    expect([none!.pairs, none!.extremes, none!.a.leftOut]).toEqual([0, [], 39]);
  });

  it('refuses dictionaries of different widths before it reads them, and stops when told', async () => {
    const other = await openSae(`${fixtures}sae/gemma_scope`, { env: {}, cwd: '/' });
    await expect(find({ b: { sae: other } })).rejects.toThrow('got d_in 6, expected 12');
    await other.close();
    const signal = AbortSignal.abort();
    await expect(find({ signal })).rejects.toThrow(expect.objectContaining({ kind: 'interrupted' }));
  });
});

function ranks(): number[] {
  return Array.from({ length: golden.k }, (_, r) => r + 1);
}

describe('neighborsOf against numpy in float64', () => {
  it('both ends, both spaces, both dictionaries', async () => {
    const features = [...new Set(golden.neighbors.map(({ feature }) => feature))];
    const found = await neighborsOf({
      features,
      own: { sae: first },
      others: [{ sae: second }],
      spaces: ['encoder', 'decoder'],
      k: golden.k,
    });
    expect(found.map(({ feature, space, among }) => ({ feature, space, among }))).toEqual(
      golden.neighbors.map(({ feature, space, among }) => ({ feature, space, among })),
    );
    found.forEach((one, index) => {
      const expected = golden.neighbors[index]!;
      expect(expected.top).toEqual(shown(one.neighbors, 'aligned'));
      expect(expected.bottom).toEqual(shown(one.neighbors, 'opposed'));
      expect(one.hasDirection).toBe(expected.pairs > 0);
    });
    expect(
      found.filter(({ hasDirection }) => !hasDirection).map(({ feature, space }) => [feature, space]),
    ).toEqual([
      [22, 'decoder'],
      [22, 'decoder'],
    ]);
  });

  it('who is left out is no neighbour, and can be asked about all the same', async () => {
    const takesPart = kept('first');
    expect(takesPart(4)).toBe(false);
    const [found] = await neighborsOf({
      features: [4],
      own: { sae: first, takesPart },
      others: [],
      spaces: ['decoder'],
      k: 100,
    });
    const neighbors = found!.neighbors.filter(({ end }) => end === 'aligned').map(({ featureB }) => featureB);
    const expected = Array.from({ length: 40 }, (_, f) => f).filter((f) => takesPart(f) && f !== 22);
    expect(neighbors.toSorted((x, y) => x - y)).toEqual(expected);
    expect(found!.searched.features).toBe(expected.length);
  });

  it('stops when told', async () => {
    const asked = { features: [1], own: { sae: first }, others: [], spaces: ['decoder'] as const, k: 1 };
    await expect(neighborsOf({ ...asked, signal: AbortSignal.abort() })).rejects.toThrow(AntipodeError);
  });
});

describe('keepBest', () => {
  it('is sorting all and cutting, under ties, whatever the order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -8, max: 8 }), { maxLength: 900 }),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom(compareTop, compareBottom),
        (values, k, compare) => {
          const pairs: ScoredPair[] = values.map((value, at) => ({
            i: 0,
            j: (at * 7919) % 1009,
            cos: value / 8,
          }));
          const best = keepBest(k, compare);
          for (const { i, j, cos } of pairs) best.offer(i, j, cos);
          expect(best.finish()).toEqual(pairs.toSorted(compare).slice(0, k));
        },
      ),
    );
  });
});
