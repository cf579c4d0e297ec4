import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { densityStrata } from './density_strata.ts';

const everyone = (count: number): number[] => Array.from({ length: count }, (_, k) => k);

it('features of one bin stand in for each other alone', () => {
  // Twenty rare ones, twenty dense ones, twenty that were never active, twenty of which nothing is known.
  const densities = everyone(80).map((f) => [0.001, 0.2, 0, undefined][Math.floor(f / 20)]);
  const { strata, bins } = densityStrata(densities, [5, 25, 26, 45, 65], everyone(80));
  expect(strata.map(({ places }) => places)).toEqual([[3], [0], [1, 2], [4]]);
  expect(strata.map(({ candidates }) => [candidates[0], candidates.length])).toEqual([
    [40, 20],
    [0, 20],
    [20, 20],
    [60, 20],
  ]);
  expect(bins.map(({ from, to }) => [from, to])).toEqual([
    [0, 0],
    [10 ** -3, 10 ** -2.75],
    [10 ** -0.75, 10 ** -0.5],
    [Number.NaN, Number.NaN],
  ]);
});

it('a bin with too few joins the smaller neighbour, until it has enough', () => {
  const densities = [
    ...everyone(40).map(() => 0.001),
    ...everyone(9).map(() => 0.01),
    ...everyone(30).map(() => 0.1),
  ];
  const { bins } = densityStrata(densities, [41], everyone(79));
  // One place asks for ten candidates; it has nine, and the thirty above are fewer than the forty below.
  expect(bins).toEqual([{ from: 0.01, to: 10 ** -0.75, places: 1, candidates: 39 }]);
});

it('whatever the densities: every place has its own feature among its candidates, and no candidate is in two strata', () => {
  const density = fc.oneof(
    fc.constant(undefined),
    fc.constant(0),
    fc.double({ min: 1e-9, max: 1, noNaN: true }),
    fc.constant(Number.NaN),
  );
  fc.assert(
    fc.property(fc.array(density, { minLength: 1, maxLength: 60 }), fc.nat(59), (densities, places) => {
      const home = everyone(Math.min(places, densities.length));
      const { strata } = densityStrata(densities, home, everyone(densities.length));
      const seen = strata.flatMap(({ candidates }) => candidates);
      expect(new Set(seen).size).toBe(seen.length);
      expect(strata.flatMap((stratum) => stratum.places).sort((a, b) => a - b)).toEqual(home);
      for (const stratum of strata) {
        for (const place of stratum.places) expect(stratum.candidates).toContain(home[place]);
      }
    }),
    { numRuns: runs(200) },
  );
});
