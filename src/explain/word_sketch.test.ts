import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { createRng } from '../tensor/rng.ts';
import { WordSketch } from './word_sketch.ts';

describe('WordSketch', () => {
  test('is exact while a feature has no more words than the capacity', () => {
    const word = fc.nat(40);
    const firing = fc.tuple(fc.nat(2), word, fc.double({ min: 0.01, max: 10, noNaN: true }));
    fc.assert(
      fc.property(fc.array(firing, { maxLength: 300 }), (firings) => {
        const sketch = new WordSketch(3, 3 * 64);
        expect(sketch.capacity).toBe(48);
        const exact = [0, 1, 2].map(() => new Map<number, { mass: number; firings: number }>());
        for (const [feature, one, mass] of firings) {
          sketch.add(feature, one, mass);
          const entry = exact[feature]!.get(one) ?? { mass: 0, firings: 0 };
          exact[feature]!.set(one, { mass: entry.mass + mass, firings: entry.firings + 1 });
        }
        exact.forEach((map, feature) => {
          const entries = sketch.entries(feature);
          expect(new Map(entries.map(({ word, ...rest }) => [word, rest]))).toEqual(map);
          expect(entries.map(({ mass }) => mass)).toEqual(
            [...map.values()].map(({ mass }) => mass).sort((a, b) => b - a),
          );
          expect(sketch.maxError(feature)).toBe(0);
        });
      }),
      { numRuns: runs(100) },
    );
  });

  test.each([0, 1, 2])('counts no word too high, and too low by no more than it says (seed %i)', (seed) => {
    const rng = createRng(seed, 'word_sketch');
    const sketch = new WordSketch(1, 64);
    const exact = new Map<number, number>();
    let total = 0;
    for (let i = 0; i < 20_000; i++) {
      // A few heavy words among a thousand rare ones.
      const word = rng.uniform() < 0.4 ? rng.integer(4) : 4 + rng.integer(1000);
      const mass = rng.uniform();
      sketch.add(0, word, mass);
      exact.set(word, (exact.get(word) ?? 0) + mass);
      total += mass;
    }
    const entries = sketch.entries(0);
    const error = sketch.maxError(0);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan((2 * total) / sketch.capacity);
    expect(entries.length).toBeLessThanOrEqual(sketch.capacity);
    const listed = new Map(entries.map(({ word, mass }) => [word, mass]));
    for (const [word, mass] of exact) {
      const found = listed.get(word) ?? 0;
      expect(found).toBeLessThan(mass + 1e-9);
      expect(mass - found).toBeLessThan(error + 1e-9);
    }
    expect(
      entries
        .slice(0, 4)
        .map(({ word }) => word)
        .sort(),
    ).toEqual([0, 1, 2, 3]);
  });
});
